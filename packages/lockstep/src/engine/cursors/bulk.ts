import type { RecordId } from '../../core/ids.ts';
import type { Observation } from '../../postgres/index.ts';
import type { BulkJobName } from '../../salesforce/index.ts';
import type { CursorKind } from './reading.ts';

/**
 * A backfill by Bulk API 2.0 instead of page by page: Salesforce writes the records into files, which are read in
 * parts of a hundred thousand. A job is created, asked about, and read; `plan/bulk-step.ts` says what comes next.
 */
export interface BulkPosition {
  /** The reading of all its jobs, open since before the first was created. Null: it was given up. */
  observation: Observation | null;
  /** See `BulkReading` in the postgres room. */
  isFirstFill: boolean;
  /** What of the table is still to be read. The job reads the first; more than one if the table is too large for one. */
  ranges: readonly IdRange[];
  job: BulkJob | null;
  /** Jobs in a row that came to nothing. */
  failures: number;
  /** The object is read page by page instead. */
  givenUp: { reason: string } | null;
}

/** Records by Id, in Salesforce's order of Ids; null: no bound. */
export interface IdRange {
  /** Not included. */
  after: RecordId | null;
  /** Included. */
  upTo: RecordId | null;
  /** A job over it fails: it is divided. */
  isTooLarge?: boolean;
}

export interface BulkJob extends BulkJobName {
  /** What it selects, the Id first. */
  fields: readonly string[];
  /** By the local clock: when it was created, and when to ask about it next. */
  createdAt: number;
  askAt: number;
  /** How many records Salesforce has read, and since when it is no more than that. */
  records: number;
  advancedAt: number;
  /** Its results are ready; nothing in them is newer than this ticket. */
  hi: number | null;
  /** Where the list of its result pages goes on. */
  next: string | null;
  /** All its result pages are known. */
  isListed: boolean;
}

declare module '../run/sync-state.ts' {
  interface Positions {
    bulk: BulkPosition;
  }
}

/** Its requests are not queries, so it has no readings. */
export const bulk: CursorKind = { kind: 'bulk', start: () => null, readings: [] };

/** Whether an object is being read by Bulk at present, and not page by page. */
export const isReadByBulk = (cursor: { position: BulkPosition } | null): boolean =>
  cursor !== null && cursor.position.givenUp === null;
