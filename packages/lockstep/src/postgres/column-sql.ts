/** Statements on the columns of an object's table, as its users may know them. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

export interface ColumnRow {
  column_name: string;
  /** As `format_type` writes it; null: somebody has removed the column. */
  column_type: string | null;
  field: string;
  field_type: string;
  formula: boolean;
  refers_to: string[];
  left_out: boolean;
  /** As the server prints it: its values are as old as this, or it is not complete since. Null: neither. */
  hidden_since: string | null;
  /** It is read again, and not complete yet. */
  is_filling: boolean;
  /** The column with its earlier values, whose name it takes when it is complete. */
  replaces: string | null;
}

/** In their order. @param schema  of the table */
export const readColumns = (db: Tx, schema: string, sobject: string): Promise<ColumnRow[]> =>
  db.query<ColumnRow>(sql`
  SELECT f.column_name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS column_type, f.field, f.field_type,
         f.formula, f.refers_to, f.left_out, f.hidden_since, f.returned_at IS NOT NULL AS is_filling, f.replaces
    FROM _lockstep.column f
    JOIN _lockstep.checkpoint c USING (stream_no)
    LEFT JOIN pg_catalog.pg_attribute a
      ON a.attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', ${schema}::text, c.table_name))
     AND a.attname = f.column_name AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.sobject = ${sobject} ORDER BY f.ordinal`);
