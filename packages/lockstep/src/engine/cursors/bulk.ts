import { canReadByBulk } from '../../core/bulk-restrictions.ts';
import type { RecordId } from '../../core/ids.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { Observation, Stream } from '../../postgres/index.ts';
import type { BulkJobName } from '../../salesforce/index.ts';
import type { CursorKind } from './reading.ts';

/** What a whole table is read for. A check records what it repairs; a sweep reads only stamps and formulas. */
export type BulkPurpose = 'backfill' | 'content' | 'sweep';

/**
 * A whole table read by Bulk API 2.0 instead of page by page: Salesforce writes the records into files, which are read
 * in parts of a hundred thousand. A job is created, asked about, and read; `plan/bulk-step.ts` says what comes next.
 */
export interface BulkPosition {
  purpose: BulkPurpose;
  /** In Salesforce's time. */
  begunAt: ServerSeconds;
  /** The reading of all its jobs, open since before the first was created. Null: it was given up. */
  observation: Observation | null;
  /** See `BulkReading` in the postgres room. */
  isFirstFill: boolean;
  /** What of the table is still to be read. The job reads the first; more than one if the table is too large for one. */
  ranges: readonly IdRange[];
  job: BulkJob | null;
  /** Jobs in a row that came to nothing. */
  failures: number;
  /** For a day the object is read page by page instead. */
  givenUp: { reason: string; at: ServerSeconds } | null;
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

type BulkCursor = { position: BulkPosition } | null;

/** The purpose for which the table is being read by Bulk at present; null: none. */
export const bulkPurpose = (cursor: BulkCursor): BulkPurpose | null =>
  cursor && !cursor.position.givenUp ? cursor.position.purpose : null;

const givenUpSeconds = 86_400;

/** Whether Bulk was tried a short time ago and came to nothing. */
export const isBulkGivenUp = (cursor: BulkCursor, serverNow: ServerSeconds): boolean =>
  serverNow - (cursor?.position.givenUp?.at ?? Number.NEGATIVE_INFINITY) < givenUpSeconds;

/** As many pages of a query cost more than a job. With fewer, they are as fast: a job waits for its turn at Salesforce. */
export const bulkPagesMin = 50;

/** Whether a pass over the whole table is made by Bulk, if it has not begun page by page. */
export const checksByBulk = (
  { table, rows, cursors }: { table: { stream: Stream }; rows: number; cursors: { bulk: BulkCursor } },
  pass: { begunAt: ServerSeconds | null },
  { serverNow, pageRows }: { serverNow: ServerSeconds; pageRows: number },
): boolean =>
  pass.begunAt === null &&
  rows >= bulkPagesMin * pageRows &&
  canReadByBulk(table.stream.sobject, table.stream.columns) &&
  !isBulkGivenUp(cursors.bulk, serverNow);
