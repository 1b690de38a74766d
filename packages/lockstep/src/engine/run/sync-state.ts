import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type {
  CursorKind,
  CursorMove,
  Destination,
  Mirror,
  ProblemRow,
  Stream,
  StreamFigures,
  StreamTable,
} from '../../postgres/index.ts';
import type { BackfillPosition } from '../cursors/backfill.ts';
import { type ContentPosition, startOfContent } from '../cursors/content.ts';
import { type CountsPosition, startOfCounts } from '../cursors/counts.ts';
import { type DeletedPosition, startOfDeleted } from '../cursors/deleted-log.ts';
import { type HeadPosition, type RecheckPosition, startOfHead, startOfRecheck } from '../cursors/poll.ts';
import { nothingToRepair, type RepairPosition } from '../cursors/repair.ts';
import { type SweepPosition, startOfSweep } from '../cursors/sweep.ts';
import type { Budget } from '../plan/budget.ts';
import { type PageSizes, uncut } from '../plan/page-size.ts';
import type { Quota } from '../plan/quota.ts';
import type { Problem, Problems } from './problems.ts';
import type { ServerTime } from './server-time.ts';

/** A cursor as the destination holds it. Its version is what a move compares and sets; 0 before its first move. */
export interface CursorState<Position> {
  position: Position;
  version: number;
}

/** What each kind of cursor holds. */
export interface Positions {
  backfill: BackfillPosition;
  head: HeadPosition;
  recheck: RecheckPosition;
  deleted: DeletedPosition;
  sweep: SweepPosition;
  counts: CountsPosition;
  content: ContentPosition;
  repair: RepairPosition;
}

/**
 * A stream's cursors; null where it has none of that kind: `backfill` once the first full read has ended, `head`,
 * `recheck` and `counts` for an object that has no time to follow it by, `deleted` for one without a log of deletions.
 */
export type Cursors = { readonly [Kind in CursorKind]: CursorState<Positions[Kind]> | null };

export interface StreamState {
  table: StreamTable;
  cursors: Cursors;
  /** Rows of the mirror. */
  rows: number;
  /** Records that may be read again now; null: none. */
  marked: Marked | null;
  /** Local time of the last request that polled it; the stream that waits longest goes first. */
  polledAt: number;
  /** Polled with priority, because a write is known that the mirror does not hold yet. */
  isUrgent: boolean;
  /**
   * Its next pass reads from there on, where that is behind the head: from where the recheck stands, because somebody wants
   * everything that is committed by now, or from when a write was sent whose record is not known.
   */
  pollSince: ServerSeconds | null;
  /** Local time of the first request of the pass under way that began where the recheck stands, and of the last whole one. */
  pollSinceBegunAt: number | null;
  pollSinceReadAt: number;
  /** A request was slow, with pages or without: it goes alone until one is fast by itself, and holds up no other. */
  slow: 'polls' | 'pages' | null;
  /** What has failed, each until it succeeds. */
  problems: Problems;
  /** Its object was refused for good: only its poll is tried again, after an hour at most and when somebody asks. */
  stopped: Stopped | null;
  /** Somebody has changed its table: nothing is read for it until that is made again. */
  isTableChanged: boolean;
  /** A field of a query is none any more, or one that was hidden may be back: the object is described again. */
  describe: { isDue: boolean; at: number };
  pageSizes: PageSizes;
}

export interface Stopped {
  code: string;
  tries: number;
  /** Local times of the last try and of the next one. */
  triedAt: number;
  retryAt: number;
}

/** The records of a stream that are to be read again. Which they are is looked up when they are asked for. */
export interface Marked {
  /** A proxied write waits for one of them. */
  isUrgent: boolean;
  /** The ticket of the oldest mark. */
  oldest: number;
}

/** All that the choice of the next request depends on. Derived from the destination at each take-over. */
export interface SyncState {
  streams: readonly StreamState[];
  /** Salesforce's own time, as far as answers prove it: {@link ServerTime}. */
  serverNow: ServerSeconds;
  serverTime: ServerTime;
  budget: Budget;
  quota: Quota;
  /** What a query asks for at most. How many rows come is learnt for each stream. */
  pageRows: number;
  /** The last request carried no page: the next one does, so that none of the others keeps the polls away. */
  wasApart: boolean;
  /** Set after a failed request: the sync waits until then. */
  syncProblem: { retryAt: number; tries: number } | null;
}

/** What Salesforce returns at most in one query of a composite request. */
export const pageRowsMax = 2_000;

/**
 * The state as the destination's checkpoints and cursors tell it.
 *
 * @param known  what the destination does not know: Salesforce's time, from an answer of this process, and the pace
 */
export async function loadState(
  mirror: Mirror,
  tables: Destination['tables'],
  known: Pick<SyncState, 'serverNow' | 'serverTime' | 'budget' | 'quota' | 'pageRows'>,
): Promise<SyncState> {
  const { checkpoints, cursors, figures, problems } = await mirror.readProgress();
  const streams = checkpoints.flatMap((checkpoint): StreamState[] => {
    const table = tables.get(checkpoint.sobject.toLowerCase());
    if (!table || checkpoint.state === 'queued') return [];
    const own = cursors.filter(({ stream_no }) => stream_no === checkpoint.stream_no);
    const held = <Position>(kind: CursorKind, start: Position | null): CursorState<Position> | null => {
      const row = own.find((cursor) => cursor.kind === kind);
      if (row) return { position: row.position as Position, version: row.version };
      return start && { position: start, version: 0 };
    };
    const starts = startsOf(table.stream, known.serverNow);
    return [
      {
        table,
        cursors: {
          backfill: checkpoint.backfilled ? null : held('backfill', starts.backfill),
          head: held('head', starts.head),
          recheck: held('recheck', starts.recheck),
          deleted: held('deleted', starts.deleted),
          sweep: held('sweep', starts.sweep),
          counts: held('counts', starts.counts),
          content: held('content', starts.content),
          repair: held('repair', starts.repair),
        },
        rows: checkpoint.rows,
        marked: null,
        polledAt: 0,
        isUrgent: false,
        pollSince: null,
        pollSinceBegunAt: null,
        pollSinceReadAt: 0,
        slow: null,
        problems: problemsOf(problems.filter(({ stream_no }) => stream_no === checkpoint.stream_no)),
        stopped: null,
        isTableChanged: false,
        describe: { isDue: false, at: 0 },
        pageSizes: { full: uncut(known.pageRows), part: uncut(known.pageRows) },
      },
    ];
  });
  return withFigures({ ...known, streams, wasApart: false, syncProblem: null }, figures);
}

/** What a former run has left: tried again at once. */
const problemsOf = (rows: readonly ProblemRow[]): Problems =>
  Object.fromEntries(
    rows.map(({ kind, code, explanation, next, tries }): [string, Problem] => [
      kind,
      { code, explanation, next, tries, failedAt: 0, retryAt: 0 },
    ]),
  );

/** Where the cursors of a new stream begin. */
export function startsOf(
  { sobject, cursorField, replicateable }: Stream,
  serverNow: ServerSeconds,
): { [Kind in CursorKind]: Positions[Kind] | null } {
  return {
    backfill: { after: null },
    head: cursorField === null ? null : startOfHead(serverNow),
    recheck: cursorField === null ? null : startOfRecheck(serverNow),
    deleted: replicateable ? startOfDeleted(serverNow) : null,
    sweep: startOfSweep(serverNow),
    counts: cursorField === null || takesPlainQueriesOnly(sobject) ? null : startOfCounts(serverNow),
    content: startOfContent(serverNow),
    repair: nothingToRepair,
  };
}

/** A cursor's step, and the stream after it. It happens when its transaction commits. */
export function moved<Kind extends CursorKind>(
  stream: StreamState,
  kind: Kind,
  to: Positions[Kind],
): { move: CursorMove; stream: StreamState } {
  const version = stream.cursors[kind]?.version ?? 0;
  return {
    move: { kind, version, to },
    stream: {
      ...stream,
      cursors: { ...stream.cursors, [kind]: { position: to, version: version + 1 } },
    },
  };
}

/** The state with what the destination has told of its rows and marks. */
export function withFigures(state: SyncState, figures: readonly StreamFigures[]): SyncState {
  const byStream = new Map(figures.map((one) => [one.stream_no, one]));
  const streams = state.streams.map((stream) => {
    const told = byStream.get(stream.table.stream.streamNo);
    return told ? { ...stream, rows: told.rows, marked: markedOf(told) } : stream;
  });
  return { ...state, streams };
}

const markedOf = ({ urgent, oldest }: StreamFigures): Marked | null =>
  urgent === null || oldest === null ? null : { isUrgent: urgent, oldest };

export const withStream = (state: SyncState, index: number, stream: StreamState): SyncState => ({
  ...state,
  streams: state.streams.with(index, stream),
});
