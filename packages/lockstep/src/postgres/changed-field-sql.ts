/** Statements on fields that have been renamed or retyped, and on the columns that take each other's place. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { ServerSeconds } from '../core/stamps.ts';
import type { ColumnPlan } from './plan-table.ts';

/** A field of another name in Salesforce, with what else is known of it now. */
export interface Renamed {
  from: string;
  to: ColumnPlan;
}

/** The column stays, and so does what it holds. */
export const renameField = async (tx: Tx, streamNo: number, { from, to }: Renamed): Promise<void> => {
  await tx.query(sql`
  UPDATE _lockstep.column SET field = ${to.field} WHERE stream_no = ${streamNo} AND field = ${from}`);
  await setFieldFacts(tx, streamNo, to);
};

/** What is known of a field besides its column. */
export const setFieldFacts = (tx: Tx, streamNo: number, c: ColumnPlan) =>
  tx.query(sql`
  UPDATE _lockstep.column
     SET field_type = ${c.fieldType}, formula = ${c.formula}, formula_text = ${c.formulaText ?? null},
         refers_to = ${c.refersTo}::text[], is_detail = ${c.isDetail}
   WHERE stream_no = ${streamNo} AND field = ${c.field}`);

/** The field's values go into this column from now on; the one before keeps its own until then. */
export const retypeField = async (
  tx: Tx,
  streamNo: number,
  c: ColumnPlan,
  at: ServerSeconds,
): Promise<void> => {
  await setFieldFacts(tx, streamNo, c);
  await tx.query(sql`
  UPDATE _lockstep.column
     SET column_name = ${c.column}, replaces = coalesce(replaces, column_name), ready = false,
         hidden_since = coalesce(hidden_since, clock_timestamp()), returned_at = to_timestamp(${at})
   WHERE stream_no = ${streamNo} AND field = ${c.field}`);
};

/** One row if all records have been read since the field's values go into this column. */
export const selectFilled = (tx: Tx, streamNo: number, field: string) =>
  tx.query(sql`SELECT FROM _lockstep.column WHERE stream_no = ${streamNo} AND field = ${field} AND ready`);

/** The column has the earlier one's name; these indexes are still to be made on it. */
export const recordReplaced = (tx: Tx, streamNo: number, field: string, indexes: readonly string[]) =>
  tx.query(sql`
  UPDATE _lockstep.column SET column_name = replaces, replaces = NULL, made_again = ${indexes}::text[]
   WHERE stream_no = ${streamNo} AND field = ${field} AND replaces IS NOT NULL`);

/** Definitions of indexes, as `pg_get_indexdef` writes them. */
export const selectMadeAgain = (tx: Tx, streamNo: number) =>
  tx.query<{ field: string; definition: string }>(sql`
  SELECT field, unnest(made_again) AS definition FROM _lockstep.column WHERE stream_no = ${streamNo}`);

export const deleteMadeAgain = (tx: Tx, streamNo: number, field: string, definition: string) =>
  tx.query(sql`
  UPDATE _lockstep.column SET made_again = array_remove(made_again, ${definition})
   WHERE stream_no = ${streamNo} AND field = ${field}`);

/** @param fields  API names and durable Ids; those without a column are left out */
export async function recordDurableIds(
  tx: Tx,
  streamNo: number,
  durableId: string,
  fields: readonly (readonly [field: string, durableId: string])[],
): Promise<void> {
  await tx.query(sql`
  UPDATE _lockstep.checkpoint SET durable_id = ${durableId} WHERE stream_no = ${streamNo}`);
  await tx.query(sql`
  UPDATE _lockstep.column c SET durable_id = given.durable_id
    FROM unnest(${fields.map(([field]) => field)}::text[], ${fields.map(([, id]) => id)}::text[])
           AS given (field, durable_id)
   WHERE c.stream_no = ${streamNo} AND c.field = given.field`);
}
