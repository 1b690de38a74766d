import type { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { MarkReason } from './mark-sql.ts';
import type { MergeStatements } from './merge-statement.ts';
import type { Observation } from './observations.ts';
import type * as statements from './sql.ts';
import type { Stream } from './tables.ts';

/** What became of a page's records. The five add up to its count, absent Ids included. */
export interface ApplyCounts {
  applied: number;
  unchanged: number;
  stale: number;
  dirty: number;
  quarantined: number;
}

/** One cursor's step, taken if the cursor still stands where the request left it. From version 0 it comes into being. */
export interface CursorMove {
  kind: string;
  version: number;
  to: object;
  /** The server's second at which this step completes the backfill. */
  backfilledAt?: number;
  /** This step completes a check, which began at that second of Salesforce's time. */
  verified?: { level: statements.VerifiedLevel; at: number };
}

export interface PagePart {
  observation: Observation;
  /** A ticket that was taken after the whole answer had come; without it the transaction takes its own. */
  hi?: number | undefined;
  /** A reading in several parts is closed by its last one. */
  isLast: boolean;
  /** Ids that were asked for in a complete answer and are not in it. */
  absent?: readonly RecordId[];
  /** In their order; one that cannot be taken leaves the others. */
  moves?: readonly CursorMove[];
  /**
   * The records have the columns of `partialColumns` alone. The mirror holds every change that was stamped before
   * `settledUntil`, in seconds of Salesforce's time.
   */
  partial?: { settledUntil: number };
  /** A check: what it writes of records that were stamped before a second is recorded as repaired, found at another. */
  check?: { before: number; at: number };
}

export interface PageApplied {
  counts: ApplyCounts;
  /** Cursors that stood elsewhere. */
  unmoved: readonly string[];
  /** Records whose rows went because they were merged into another one: what referred to them refers to that now. */
  merged: readonly RecordId[];
}

/** What an answer means for a stream besides its rows. */
export interface Remainder {
  table: StreamTable;
  moves: readonly CursorMove[];
  /** Rows that have to be read again, where they stand in the mirror. */
  marks?: { ids: readonly RecordId[]; reason: MarkReason };
  /** Why nothing is read of the stream any more, which its status says; null: it is read again. */
  stop?: Fault | null;
}

/** A stream's table with the statements that write it. */
export interface StreamTable {
  stream: Stream;
  merge: MergeStatements;
}
