/**
 * Statements on what `status` shows: how far the streams are, and what is wrong with streams and records. From the
 * views that readers see too: names, codes and counts, no values.
 */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** What the view `_lockstep.status` says about an object. */
export interface StatusRow {
  sobject: string;
  table_name: string;
  state: 'queued' | 'backfilling' | 'current' | 'stopped' | 'rows missing';
  rows: number;
  rows_expected: number | null;
  backfill_percent: number;
  /** While it is backfilled: `bulk` or `pages`; null: it is complete. */
  backfill_by: 'bulk' | 'pages' | null;
  /** Why it is read by pages, if Bulk was tried. */
  backfill_reason: string | null;
  /** Times as the server prints them; null: not yet. */
  read_until: string | null;
  settled_until: string | null;
  counts_verified_at: string | null;
  stamps_verified_at: string | null;
  content_verified_at: string | null;
  /** Rows that the sync no longer finds in Salesforce and that stay until somebody decides. */
  missing_rows: number;
  /** Records that the mirror cannot store as they are. */
  set_aside_rows: number;
  /** A fault's code, and its text if it was recorded. */
  stop_code: string | null;
  stop_reason: string | null;
}

/** One for each object. */
export const readStatusRows = (mirror: Tx): Promise<StatusRow[]> =>
  mirror.query<StatusRow>(sql`
  SELECT sobject, table_name, state, rows, rows_expected, backfill_percent, read_until, settled_until,
         counts_verified_at, stamps_verified_at, content_verified_at, missing_rows, set_aside_rows,
         stop_code, stop_reason, b.method AS backfill_by, b.reason AS backfill_reason
    FROM _lockstep.status LEFT JOIN _lockstep.backfill_method b USING (sobject) ORDER BY sobject`);

/** Why one of a stream's activities is backing off. Times as the server prints them. */
export interface Problem {
  sobject: string;
  /** `poll`, `table`, `backfill`, `re-read`; for checks: `sweep`, `counts`, `content`, `deleted log`. */
  kind: string;
  code: string;
  explanation: string;
  next: string;
  since: string;
  tries: number;
  retry_at: string;
}

/** One for each activity that is backing off. */
export const readProblems = (db: Tx): Promise<Problem[]> =>
  db.query<Problem>(sql`
  SELECT sobject, kind, code, explanation, next, since, tries, retry_at
    FROM _lockstep.problems ORDER BY sobject, kind`);

/** A field that the sync's user may not see any more; its column keeps the earlier values. */
export interface HiddenField {
  sobject: string;
  field: string;
  column_name: string;
  hidden_since: string;
  /** It is visible, and not complete yet. */
  is_filling: boolean;
  /** The column with its earlier values, under whose name it appears when it is complete; null: it has none. */
  replaces: string | null;
}

/** One for each field. */
export const readHiddenFields = (db: Tx): Promise<HiddenField[]> =>
  db.query<HiddenField>(sql`
  SELECT sobject, field, column_name, hidden_since, returned_at IS NOT NULL AS is_filling, replaces
    FROM _lockstep.hidden_fields WHERE hidden_since IS NOT NULL ORDER BY sobject, field`);

/** A field whose values the mirror does not have. */
export interface FieldWithoutValue {
  sobject: string;
  field: string;
  field_type: string;
  /** Null: it has no column. */
  column_name: string | null;
}

/** One for each field. */
export const readFieldsWithoutValue = (db: Tx): Promise<FieldWithoutValue[]> =>
  db.query<FieldWithoutValue>(sql`
  SELECT sobject, field, field_type, column_name FROM _lockstep.fields_without_value ORDER BY sobject, field`);

/** Records that were set aside for the same reason. */
export interface SetAsideGroup {
  sobject: string;
  /** Null: the record as a whole. */
  column_name: string | null;
  code: string;
  rows: number;
}

/** Counts those of all objects, or of the given ones. */
export const countSetAside = (db: Tx, sobjects: readonly string[] | null = null): Promise<SetAsideGroup[]> =>
  db.query<SetAsideGroup>(sql`
  SELECT sobject, column_name, code, count(*) AS rows
    FROM _lockstep.set_aside
   WHERE ${sobjects}::text[] IS NULL OR sobject = ANY(${sobjects})
   GROUP BY sobject, column_name, code ORDER BY sobject, rows DESC, column_name, code`);

export interface SetAsideRecord extends Omit<SetAsideGroup, 'rows'> {
  id: string;
  first_seen_at: string;
  last_seen_at: string;
  tries: number;
  retry_at: string;
}

/** Those that were tried longest ago come first, so that repeated calls with a limit get to all of them. */
export const readSetAside = (
  db: Tx,
  sobjects: readonly string[] | null,
  limit: number,
): Promise<SetAsideRecord[]> =>
  db.query<SetAsideRecord>(sql`
  SELECT sobject, id, column_name, code, first_seen_at, last_seen_at, tries, retry_at
    FROM _lockstep.set_aside
   WHERE ${sobjects}::text[] IS NULL OR sobject = ANY(${sobjects})
   ORDER BY sobject, last_seen_at, id LIMIT ${limit}`);

/** What checks have repaired, by object and kind, of repairs with a greater number; `last`: the greatest of them. */
export const readRepairsAfter = (tx: Tx, repairNo: number) =>
  tx.query<{ sobject: string; kind: string; rows: number; last: number }>(sql`
  SELECT c.sobject, r.kind, count(*) AS rows, max(r.repair_no) AS last
    FROM _lockstep.repair r JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE r.repair_no > ${repairNo}
   GROUP BY c.sobject, r.kind ORDER BY c.sobject, r.kind`);
