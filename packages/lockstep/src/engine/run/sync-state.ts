import type { ServerSeconds } from '../../core/stamps.ts';
import type { BulkPageRow, CursorMove, StreamFigures, StreamTable } from '../../postgres/index.ts';
import type { Budget } from '../plan/budget.ts';
import type { DescribeState } from '../plan/describes.ts';
import { type PageSizes } from '../plan/page-size.ts';
import type { Quota } from '../plan/quota.ts';
import type { Problems } from './problems.ts';

/** A cursor as in the destination. A move compares its version and increments it; 0 before the first move. */
export interface CursorState<Position> {
  position: Position;
  version: number;
}

/** The position type of each kind of cursor; its module adds it here. */
export interface Positions {}

/**
 * A stream's cursors; null if it has none of that kind: `backfill` once the first full read has ended, `head`,
 * `recheck` and `counts` for an object without a time field to follow, `deleted` for one without a log of deletions,
 * `bulk` for one that is not backfilled by Bulk.
 */
export type Cursors = { readonly [Kind in keyof Positions]: CursorState<Positions[Kind]> | null };

export interface StreamState {
  table: StreamTable;
  cursors: Cursors;
  /** Number of rows in the mirror. */
  rows: number;
  /** How many records Salesforce has counted when the stream began; null: it did not say. */
  rowsExpected: number | null;
  /** Of the results of its Bulk job, if its backfill has one. */
  bulkPages: readonly BulkPageRow[];
  /** Marked records that may be read again now; null: none. */
  marked: Marked | null;
  /** Local time of the last request that polled it; the stream that waits longest goes first. */
  polledAt: number;
  /** It is polled with priority, because the mirror lacks a known write or somebody waits. */
  isPriority: boolean;
  /**
   * Its next pass reads from here if that is behind the head: from the recheck's position, because somebody wants
   * everything that is committed now, or from when a write was sent whose record is not known.
   */
  pollSince: ServerSeconds | null;
  /** When passes from the recheck's position began, in local time: the one under way, and the last complete one. */
  pollSinceBegunAt: number | null;
  pollSinceReadAt: number;
  /** A request was slow, with pages or without: the stream gets requests of its own until one of them is fast. */
  slow: 'polls' | 'pages' | null;
  /** Activities that have failed, each until it succeeds. */
  problems: Problems;
  /** Its object was refused for good: only its poll is tried again, within an hour or when somebody asks. */
  stopped: Stopped | null;
  /** Somebody has changed its table: nothing is read for it until the table is restored. */
  isTableChanged: boolean;
  describe: DescribeState;
  pageSizes: PageSizes;
  /** Salesforce has refused a query of all its fields: they are to be selected in more queries. */
  isTooWide: boolean;
  /** Of an object that is read by its parents: how often to look up whether there are new ones. */
  newParents: number;
}

export interface Stopped {
  code: string;
  /** Failures in a row. */
  tries: number;
  /** Local times of the last failure and of the next try. */
  failedAt: number;
  retryAt: number;
}

/** The marked records of a stream. Their Ids are looked up when they are read. */
export interface Marked {
  /** A proxied write waits for one of them. */
  isPriority: boolean;
  /** The ticket of the oldest mark. */
  oldest: number;
}

/** Everything that the choice of the next request depends on. Loaded from the destination at each take-over. */
export interface SyncState {
  streams: readonly StreamState[];
  /** Salesforce's time, as far as answers prove it: see `server-time.ts`. */
  serverNow: ServerSeconds;
  budget: Budget;
  quota: Quota;
  /** The largest limit of a query. How many rows fit on a page is learnt for each stream. */
  pageRows: number;
  /**
   * Requests of streams together since the last that was made beside them. The two take turns, so that neither displaces
   * the other.
   */
  sharedInARow: number;
  /** Set after a failed request: the sync waits until then. */
  syncProblem: { retryAt: number; tries: number } | null;
}

/** The most rows that Salesforce returns for one query of a composite request. */
export const pageRowsMax = 2_000;

/** A cursor's move, and the stream after it. The move happens when its transaction commits. */
export function advanceCursor<Kind extends keyof Positions>(
  stream: StreamState,
  kind: Kind,
  to: Positions[Kind] & object,
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

/** The state with the destination's figures of rows and marks. */
export function withFigures(state: SyncState, figures: readonly StreamFigures[]): SyncState {
  const byStream = new Map(figures.map((one) => [one.stream_no, one]));
  const streams = state.streams.map((stream) => {
    const own = byStream.get(stream.table.stream.streamNo);
    return own ? { ...stream, rows: own.rows, marked: markedOf(own) } : stream;
  });
  return { ...state, streams };
}

const markedOf = ({ urgent, oldest }: StreamFigures): Marked | null =>
  urgent === null || oldest === null ? null : { isPriority: urgent, oldest };

export const withStream = (state: SyncState, index: number, stream: StreamState): SyncState => ({
  ...state,
  streams: state.streams.with(index, stream),
});

/** The state with a change of the streams with these numbers. */
export const withStreams = (
  state: SyncState,
  streamNos: readonly number[],
  change: (stream: StreamState) => StreamState,
): SyncState => ({
  ...state,
  streams: state.streams.map((stream) =>
    streamNos.includes(stream.table.stream.streamNo) ? change(stream) : stream,
  ),
});
