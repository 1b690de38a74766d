/** Statements on the streams' own rows, from which their tables are created. For the others see sql.ts. */

import { assert } from '@lockstep/foundation/assert';
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import type { CursorField } from '../core/describe.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { ColumnPlan, TablePlan } from './plan-table.ts';

export interface StreamRow {
  stream_no: number;
  sobject: string;
  table_name: string;
  plan_version: number;
  cursor_field: CursorField | null;
  replicateable: boolean;
  key_prefix: string | null;
  described_for: string | null;
  query_parts: number;
  durable_id: string | null;
}

/** One for each stream, with what its table was planned from. */
export const selectStreams = (tx: Tx) =>
  tx.query<StreamRow>(sql`
  SELECT stream_no, sobject, table_name, plan_version, cursor_field, replicateable, key_prefix,
         described_for, query_parts, durable_id
    FROM _lockstep.checkpoint ORDER BY stream_no`);

/** The names of the tables of all streams. */
export const loadTableNames = async (tx: Tx): Promise<ReadonlySet<string>> =>
  new Set((await selectStreams(tx)).map(({ table_name: name }) => name));

/** Inserts the stream unless it exists; returns its number and plan version. */
export async function insertStream(
  tx: Tx,
  { sobject, table, cursorField, replicateable, keyPrefix }: TablePlan,
  describedFor: string | null,
): Promise<Pick<StreamRow, 'stream_no' | 'plan_version'>> {
  const [stream] = await tx.query<StreamRow>(sql`
  INSERT INTO _lockstep.checkpoint (sobject, table_name, cursor_field, replicateable, key_prefix, described_for)
  VALUES (${sobject}, ${table}, ${cursorField}, ${replicateable}, ${keyPrefix}, ${describedFor})
  ON CONFLICT (sobject) DO UPDATE SET table_name = checkpoint.table_name
  RETURNING stream_no, plan_version`);
  assert(stream, 'an upsert answers one row');
  return stream;
}

/**
 * Has the stream read again from the first record on. The results of its checks are discarded. The plan version is
 * raised, so that pages requested before are refused.
 *
 * @param rows  number of rows in its table now; null: as many as before
 */
export const restartStream = (tx: Tx, streamNo: number, rows: number | null) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint
     SET state = 'backfilling', stop_code = NULL, stop_reason = NULL, backfilled_at = NULL,
         rows = coalesce(${rows}::bigint, rows),
         plan_version = plan_version + 1,
         counts_verified_at = NULL, stamps_verified_at = NULL, content_verified_at = NULL
   WHERE stream_no = ${streamNo}`);

/** How far a backfill is, page by page or by Bulk. Its reading is forgotten: see `closeForgottenBulk`. */
export async function deleteBackfillCursors(tx: Tx, streamNo: number): Promise<void> {
  await tx.query(
    sql`DELETE FROM _lockstep.cursor WHERE stream_no = ${streamNo} AND kind IN ('backfill', 'bulk')`,
  );
  await tx.query(sql`DELETE FROM _lockstep.bulk_page WHERE stream_no = ${streamNo}`);
  await tx.query(sql`DELETE FROM _lockstep.seen WHERE stream_no = ${streamNo}`);
}

/** Never fewer than before. */
export async function setQueryParts(tx: Tx, streamNo: number, parts: number): Promise<void> {
  await tx.query(sql`
  UPDATE _lockstep.checkpoint SET query_parts = greatest(query_parts, ${parts}) WHERE stream_no = ${streamNo}`);
}

/** Pages that were requested before are refused. */
export const raisePlanVersion = (tx: Tx, streamNo: number) =>
  tx.query(
    sql`UPDATE _lockstep.checkpoint SET plan_version = plan_version + 1 WHERE stream_no = ${streamNo}`,
  );

/** A field that is hidden already stays hidden since then. */
export const hideFields = (tx: Tx, streamNo: number, fields: readonly string[], isLeftOut: boolean) =>
  tx.query(sql`
  UPDATE _lockstep.column
     SET hidden_since = coalesce(hidden_since, clock_timestamp()), returned_at = NULL, left_out = ${isLeftOut},
         ready = false
   WHERE stream_no = ${streamNo} AND field = ANY (${fields}::text[])`);

/** They are read again since `at`, and complete after a pass over all records that begins later. */
export const returnFields = (tx: Tx, streamNo: number, fields: readonly string[], at: ServerSeconds) =>
  tx.query(sql`
  UPDATE _lockstep.column SET returned_at = to_timestamp(${at}), left_out = false
   WHERE stream_no = ${streamNo} AND field = ANY (${fields}::text[]) AND hidden_since IS NOT NULL`);

/** They keep their values while all records are read again. Those that are not read stay as they are. */
export const refillFields = (tx: Tx, streamNo: number, fields: readonly string[], at: ServerSeconds) =>
  tx.query(sql`
  UPDATE _lockstep.column
     SET hidden_since = coalesce(hidden_since, clock_timestamp()), returned_at = to_timestamp(${at}), ready = false
   WHERE stream_no = ${streamNo} AND field = ANY (${fields}::text[])
     AND (hidden_since IS NULL OR returned_at IS NOT NULL)`);

/** A column that has just been made: as if its field had been hidden until now. */
export const insertNewColumn = (tx: Tx, streamNo: number, c: ColumnPlan, at: ServerSeconds) =>
  tx.query(sql`
  INSERT INTO _lockstep.column
         (stream_no, ordinal, field, column_name, field_type, formula, formula_text, refers_to, is_detail, ready,
          hidden_since, returned_at)
  SELECT ${streamNo}, coalesce(max(ordinal), 0) + 1, ${c.field}, ${c.column}, ${c.fieldType}, ${c.formula},
         ${c.formulaText ?? null}, ${c.refersTo}::text[], ${c.isDetail}, false, clock_timestamp(), to_timestamp(${at})
    FROM _lockstep.column WHERE stream_no = ${streamNo}`);

export const setDescribedFor = (tx: Tx, streamNo: number, describedFor: string) =>
  tx.query(
    sql`UPDATE _lockstep.checkpoint SET described_for = ${describedFor} WHERE stream_no = ${streamNo}`,
  );

/** Replaces the stream's fields that have no column. */
export async function setFieldsWithoutColumn(
  tx: Tx,
  streamNo: number,
  fields: readonly { name: string; type: string }[],
): Promise<void> {
  await tx.query(sql`DELETE FROM _lockstep.field_without_column WHERE stream_no = ${streamNo}`);
  await tx.query(sql`
  INSERT INTO _lockstep.field_without_column (stream_no, field, field_type)
  SELECT ${streamNo}, field, type
    FROM unnest(${fields.map(({ name }) => name)}::text[], ${fields.map(({ type }) => type)}::text[]) AS f (field, type)`);
}

/** A pass that began at this second of Salesforce's time has read all records in full: returned fields are complete. */
export const completeReturnedFields = (tx: Tx, streamNo: number, at: ServerSeconds) =>
  tx.query(sql`
  UPDATE _lockstep.column SET hidden_since = NULL, returned_at = NULL, ready = true
   WHERE stream_no = ${streamNo} AND returned_at <= to_timestamp(${at})`);

/** Everything that belongs to a stream besides its table; the checkpoint last, because others refer to it. */
export async function deleteStreamRows(tx: Tx, streamNo: number): Promise<void> {
  const owned =
    'cursor column fence dirty quarantine removal problem repair bulk_page seen field_without_column'.split(
      ' ',
    );
  for (const table of [...owned, 'checkpoint'])
    await tx.query(sql`DELETE FROM ${ident('_lockstep', table)} WHERE stream_no = ${streamNo}`);
}

/** Foreign keys of other tables of the mirror that refer to this one; they refuse nothing. */
export async function dropReferences(tx: Tx, schema: string, table: string): Promise<void> {
  const references = await tx.query<{ name: string; schema: string; table: string }>(sql`
    SELECT c.conname::text AS name, n.nspname::text AS schema, r.relname::text AS table
      FROM pg_catalog.pg_constraint c
      JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
     WHERE c.contype = 'f' AND n.nspname = ${schema} AND r.relname <> ${table}
       AND r.relname IN (SELECT table_name FROM _lockstep.checkpoint)
       AND c.confrelid = to_regclass(format('%I.%I', ${schema}::text, ${table}::text))`);
  for (const { name, schema: of, table: from } of references)
    await tx.query(sql`ALTER TABLE ${ident(of, from)} DROP CONSTRAINT ${ident(name)}`);
}

export const dropTable = (tx: Tx, schema: string, table: string) =>
  tx.query(sql`DROP TABLE IF EXISTS ${ident(schema, table)}`);

/** One row. */
export const countRows = (tx: Tx, schema: string, table: string) =>
  tx.query<{ rows: number }>(sql`SELECT count(*)::bigint AS rows FROM ${ident(schema, table)}`);

export const setRows = (tx: Tx, streamNo: number, rows: number) =>
  tx.query(sql`UPDATE _lockstep.checkpoint SET rows = ${rows} WHERE stream_no = ${streamNo}`);

/** All at once, because tables of the mirror may refer to each other. */
export const truncateTables = (tx: Tx, schema: string, tables: readonly string[]) =>
  tx.query(sql`TRUNCATE ${join(tables.map((table) => ident(schema, table)))}`);

export async function deleteAllRows(tx: Tx, schema: string, tables: readonly string[]): Promise<void> {
  for (const table of tables) await tx.query(sql`DELETE FROM ${ident(schema, table)}`);
}

const readingState =
  'cursor fence dirty quarantine removal problem repair observation intent bulk_page seen'.split(' ');

/** Every stream as if it had never been read. Pages that were requested before are refused. */
export async function queueAllStreams(tx: Tx): Promise<void> {
  for (const table of readingState) await tx.query(sql`DELETE FROM ${ident('_lockstep', table)}`);
  await tx.query(sql`
    UPDATE _lockstep.checkpoint
       SET state = 'queued', stop_code = NULL, stop_reason = NULL, backfilled_at = NULL, rows = 0,
           rows_expected = NULL, plan_version = plan_version + 1, nuls_removed = 0,
           counts_verified_at = NULL, stamps_verified_at = NULL, content_verified_at = NULL`);
}

export const moveToOrg = (tx: Tx, orgId: string) =>
  tx.query(sql`UPDATE _lockstep.sync SET org_id = ${orgId}`);
