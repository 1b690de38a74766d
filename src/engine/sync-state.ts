import type { FaultCode } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { CursorKind, Destination, DirtyRow, Mirror, StreamTable } from '../postgres/index.ts';
import type { BackfillPosition } from './backfill.ts';
import type { Budget } from './budget.ts';
import type { HeadPosition, TailPosition } from './poll.ts';

/** A cursor as the destination holds it. Its version is what a move compares and sets. */
export interface Held<Position> {
  position: Position;
  version: number;
}

export interface StreamState {
  table: StreamTable;
  head: Held<HeadPosition>;
  tail: Held<TailPosition>;
  /** Null once the first full read has ended. */
  backfill: Held<BackfillPosition> | null;
  /** Local time of the last request that polled it; the stream that waits longest goes first. */
  polledAt: number;
  /** Polled with priority, because a write is known that the mirror does not hold yet. */
  isUrgent: boolean;
  /** Set after a failed query: the stream rests until then and goes alone until one succeeds. */
  trouble: { restsUntil: number; tries: number } | null;
  /** Nothing is asked for it until the next start. */
  stoppedBy: FaultCode | null;
}

export interface DirtyRecord {
  streamNo: number;
  id: RecordId;
  isUrgent: boolean;
}

/** All that the choice of the next request depends on. Derived from the destination at each take-over. */
export interface SyncState {
  streams: readonly StreamState[];
  dirty: readonly DirtyRecord[];
  /** Salesforce's own time, from the newest answer. */
  serverNow: ServerSeconds;
  budget: Budget;
  /** Rows of a page: what a query asks for at most. */
  pageRows: number;
  /** Set after a failed request: the sync waits until then. */
  trouble: { restsUntil: number; tries: number } | null;
}

/** What Salesforce returns at most in one query of a composite request. */
export const pageRowsMax = 2_000;

/** Up to this many dirty records are looked at for one request. */
export const dirtyRows = 200;

/**
 * The state as the destination's checkpoints and cursors tell it.
 *
 * @param serverNow  Salesforce's time, from an answer of this process
 */
export async function loadState(
  mirror: Mirror,
  tables: Destination['tables'],
  serverNow: ServerSeconds,
  budget: Budget,
  pageRows = pageRowsMax,
): Promise<SyncState> {
  const { checkpoints, cursors, dirty } = await mirror.readProgress(dirtyRows);
  const held = <Position>(streamNo: number, kind: CursorKind): Held<Position> | undefined => {
    const row = cursors.find((cursor) => cursor.stream_no === streamNo && cursor.kind === kind);
    return row && { position: row.position as Position, version: row.version };
  };
  const streams = checkpoints.flatMap((checkpoint): StreamState[] => {
    const table = tables.get(checkpoint.sobject.toLowerCase());
    const head = held<HeadPosition>(checkpoint.stream_no, 'head');
    const tail = held<TailPosition>(checkpoint.stream_no, 'tail');
    const backfill = held<BackfillPosition>(checkpoint.stream_no, 'backfill');
    if (!table || !head || !tail) return [];
    return [
      {
        table,
        head,
        tail,
        backfill: checkpoint.backfilled ? null : (backfill ?? null),
        polledAt: 0,
        isUrgent: false,
        trouble: null,
        stoppedBy: checkpoint.stopped_by as FaultCode | null,
      },
    ];
  });
  return { streams, dirty: dirty.map(dirtyRecord), serverNow, budget, pageRows, trouble: null };
}

export const dirtyRecord = (row: DirtyRow): DirtyRecord => ({
  streamNo: row.stream_no,
  id: row.id as RecordId,
  isUrgent: row.urgent,
});
