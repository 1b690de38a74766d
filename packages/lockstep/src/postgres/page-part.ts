import type { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { MarkReason } from './mark-sql.ts';
import type { MergeStatements } from './merge-statement.ts';
import type { Observation } from './observations.ts';
import type * as statements from './sql.ts';
import type { Stream } from './tables.ts';

/** The outcomes of a page's records. The five add up to their number, including absent Ids. */
export interface ApplyCounts {
  applied: number;
  unchanged: number;
  stale: number;
  dirty: number;
  quarantined: number;
}

/** A step of one cursor, taken only if nobody has moved it since the request. Version 0 creates the cursor. */
export interface CursorMove {
  kind: string;
  version: number;
  to: object;
  /** This step completes the backfill, at this second of the server's time. */
  backfilledAt?: number;
  /** This step completes a check; `at` is the second of Salesforce's time at which the check began. */
  verified?: { level: statements.VerifiedLevel; at: number };
}

export interface PagePart {
  observation: Observation;
  /** A ticket that was taken after the whole answer had arrived; without it the transaction takes its own. */
  hi?: number | undefined;
  /** The last part of a reading closes it. */
  isLast: boolean;
  /** Ids that were asked for and are not in the complete answer. */
  absent?: readonly RecordId[];
  /** In their order; a move that cannot be made does not affect the others. */
  moves?: readonly CursorMove[];
  /**
   * The records have the columns of `partialColumns` only. The mirror has every change that was stamped before
   * `settledUntil`, in seconds of Salesforce's time.
   */
  partial?: { settledUntil: number };
  /** A check: changes to records that were stamped before `before` are recorded as repairs, found at `at` (seconds). */
  check?: { before: number; at: number };
}

export interface ApplyResult {
  counts: ApplyCounts;
  /** Cursors that somebody else had moved. */
  unmoved: readonly string[];
  /** Records whose rows were removed because they were merged into another: references to them now point to that one. */
  merged: readonly RecordId[];
}

/** What an answer means for a stream besides its rows. */
export interface Remainder {
  table: StreamTable;
  moves: readonly CursorMove[];
  /** Records that must be read again, if the mirror has them. */
  marks?: { ids: readonly RecordId[]; reason: MarkReason };
  /** Why the stream is not read any more, for its status; null: it is read again. */
  stop?: Fault | null;
}

/** A stream's table with the statements that write it. */
export interface StreamTable {
  stream: Stream;
  merge: MergeStatements;
}
