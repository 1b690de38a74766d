import type { ServerSeconds } from '../../core/stamps.ts';
import type { CursorMove, StreamFigures, StreamTable } from '../../postgres/index.ts';
import type { Budget } from '../plan/budget.ts';
import { type PageSizes } from '../plan/page-size.ts';
import type { Quota } from '../plan/quota.ts';
import type { Problems } from './problems.ts';

/** A cursor as the destination holds it. Its version is what a move compares and sets; 0 before its first move. */
export interface CursorState<Position> {
  position: Position;
  version: number;
}

/** What each kind of cursor holds: its module adds it here. */
export interface Positions {}

/**
 * A stream's cursors; null where it has none of that kind: `backfill` once the first full read has ended, `head`,
 * `recheck` and `counts` for an object that has no time to follow it by, `deleted` for one without a log of deletions.
 */
export type Cursors = { readonly [Kind in keyof Positions]: CursorState<Positions[Kind]> | null };

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
  /** Salesforce's own time, as far as answers prove it: `server-time.ts`. */
  serverNow: ServerSeconds;
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

/** A cursor's step, and the stream after it. It happens when its transaction commits. */
export function moved<Kind extends keyof Positions>(
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
