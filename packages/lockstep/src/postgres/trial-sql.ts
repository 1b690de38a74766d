/** Statements of a trial write: what SQL shows of the record that was written. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

/** The mirrored fields among these, in their order: text that Salesforce may let a user write. */
export const selectPlainFields = (mirror: Tx, sobject: string, fields: readonly string[]) =>
  mirror.query<{ field: string; column_name: string; table_name: string }>(sql`
  SELECT f.field, f.column_name, c.table_name
    FROM _lockstep.column f JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE lower(c.sobject) = lower(${sobject}) AND NOT f.formula AND f.hidden_since IS NULL
     AND lower(f.field) = ANY (${fields.map((field) => field.toLowerCase())}::text[])
   ORDER BY array_position(${fields.map((field) => field.toLowerCase())}::text[], lower(f.field))`);

/** No row: the mirror does not have the record. Times as the server prints them. */
export const selectWritten = (
  mirror: Tx,
  { schema, table, column, id }: { schema: string; table: string; column: string; id: string },
) =>
  mirror.query<{ value: string | null; stamp: string }>(sql`
  SELECT ${ident(column)}::text AS value, systemmodstamp AS stamp
    FROM ${ident(schema, table)} WHERE id = ${id}`);
