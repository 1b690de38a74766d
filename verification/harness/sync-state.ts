import type { CursorState, Cursors, StreamState, SyncState } from 'lockstep/engine/testing';
import {
  describedAt,
  fullPageSize,
  nothingToRepair,
  openQuota,
  startOfContent,
  startOfCounts,
  startOfSweep,
} from 'lockstep/engine/testing';
import type { Stream, StreamTable } from 'lockstep/postgres';

/** Sync states for tests of the decisions made from them. By default streams are copied, at rest and not due. */
export const serverNow = Date.UTC(2026, 10, 24) / 1000;

export const cursorAt = <Position>(position: Position): CursorState<Position> => ({ position, version: 1 });

const atRest: Cursors = {
  backfill: null,
  bulk: null,
  head: cursorAt({ at: serverNow, overlapSeconds: 2, pass: null }),
  recheck: cursorAt({ at: serverNow - 900, pass: null }),
  deleted: cursorAt({ from: serverNow - 600, askedAt: serverNow - 600, windowSeconds: null }),
  sweep: cursorAt(startOfSweep(serverNow - 60)),
  counts: cursorAt(startOfCounts(serverNow - 60)),
  content: cursorAt(startOfContent(serverNow - 60)),
  repair: cursorAt(nothingToRepair),
  parents: null,
};

export interface StreamChange extends Omit<Partial<StreamState>, 'cursors'> {
  cursors?: Partial<Cursors>;
}

const idColumn: Stream['columns'][number] = {
  field: 'Id',
  column: 'id',
  fieldType: 'id',
  sqlType: 'text',
  byBytes: true,
  formula: false,
  refersTo: [],
  isDetail: false,
};

/** Stream 1 is of `Object1`. */
export function streamState(streamNo: number, { cursors, ...change }: StreamChange = {}): StreamState {
  const stream: Partial<Stream> = {
    streamNo,
    sobject: `Object${streamNo}`,
    cursorField: 'SystemModstamp',
    replicateable: true,
    columns: [idColumn],
    hidden: [],
    replacing: [],
    durableIds: new Map(),
    returnedAt: null,
    queryParts: 1,
  };
  return {
    table: { stream } as StreamTable,
    cursors: { ...atRest, ...cursors },
    rows: 1_000,
    rowsExpected: null,
    bulkPages: [],
    marked: null,
    polledAt: 0,
    isPriority: false,
    pollSince: null,
    pollSinceBegunAt: null,
    pollSinceReadAt: 0,
    slow: null,
    problems: {},
    stopped: null,
    isTableChanged: false,
    describe: { ...describedAt(Infinity), wholeAt: Infinity },
    isTooWide: false,
    newParents: 0,
    pageSizes: { full: fullPageSize(2_000), part: fullPageSize(2_000) },
    ...change,
  };
}

export const syncState = (streams: StreamState[], change: Partial<SyncState> = {}): SyncState => ({
  streams,
  serverNow,
  budget: { intervalMs: 3_000, sentAt: [] },
  quota: openQuota(90),
  pageRows: 2_000,
  sharedInARow: 1,
  syncProblem: null,
  ...change,
});
