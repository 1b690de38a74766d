/** A page's JSON as rows with typed columns: which values fit, and how they are cast. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import { fitsOn } from './fits-sql.ts';
import type { ColumnPlan } from './plan-table.ts';
import type { Stream } from './tables.ts';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const columnList = (
  columns: readonly ColumnPlan[],
  text: (column: ColumnPlan) => string,
  separator = ', ',
): string => columns.map(text).join(separator);

/** The JSON as text columns, and the name of the first column whose text does not fit its type. */
export function pageSelect(columns: readonly ColumnPlan[], serverVersion: number): string {
  return withMisfits(jsonRows(columns), misfitsOf(columns, serverVersion));
}

/** The same of the rows of a staging table, whose name is $1. */
export function stagedSelect(
  columns: readonly ColumnPlan[],
  serverVersion: number,
  { name, form }: { name: string; form: StagingForm },
): string {
  const rows = `(SELECT ${columnList(columns, valueOf)} FROM pg_temp.${quoted(name)} WHERE $1::text IS NOT NULL) AS p`;
  return withMisfits(rows, form === 'typed' ? [] : misfitsOf(columns, serverVersion));
}

/** Whether the columns of a staging table are text or have the types of the stream's table. */
export type StagingForm = 'typed' | 'text';

const misfitsOf = (columns: readonly ColumnPlan[], serverVersion: number): string[] => {
  const fits = fitsOn(serverVersion);
  return columns
    .filter((c) => c.sqlType !== 'text' && c.sqlType !== 'jsonb')
    .map((c) => `WHEN (${fits(valueOf(c), c.sqlType)}) IS FALSE THEN ${literal(c.column)}`);
};

const withMisfits = (rows: string, misfits: readonly string[]): string => `
  SELECT p.*, CASE WHEN "Id" IS NULL OR length("Id") <> 18 THEN 'id' ${misfits.join('\n              ')} END AS _misfit
    FROM ${rows}`;

/**
 * PostgreSQL finds a member of a record by the name of a column, and cuts names after 63 bytes. A longer name, such as
 * a package's coordinate can have, is looked up in the record itself.
 */
function jsonRows(columns: readonly ColumnPlan[]): string {
  const [long, short] = [columns.filter(isLong), columns.filter((c) => !isLong(c))];
  const typed = `json_to_recordset($1::json)
      AS p(${columnList(short, (c) => `${valueOf(c)} ${recordType(c)}`)})`;
  if (long.length === 0) return typed;
  const members = columnList(long, (c) => `_record ${arrow(c)} ${literal(c.field)} AS ${valueOf(c)}`);
  return `(SELECT ${columnList(short, valueOf)}, ${members}
            FROM ROWS FROM (${typed.replace('AS p(', 'AS (')}, json_array_elements($1::json))
              AS r(${columnList(short, valueOf)}, _record)) AS p`;
}

const nameBytesMax = 63;
const isLong = ({ field }: ColumnPlan) => Buffer.byteLength(field) > nameBytesMax;

/** The name that a field has in a page. */
export const nameInPage = (column: ColumnPlan): string => (isLong(column) ? column.column : column.field);

const valueOf = (column: ColumnPlan): string => quoted(nameInPage(column));

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** An Id is compared by byte, like its column; every other value is read as text, except JSON inside JSON. */
const recordType = ({ field, sqlType }: ColumnPlan) => {
  if (field === 'Id') return 'text COLLATE "C"';
  return sqlType === 'jsonb' ? 'jsonb' : 'text';
};

const arrow = ({ sqlType }: ColumnPlan) => (sqlType === 'jsonb' ? '->' : '->>');

/** Whole numbers may come as `1.0`, which is exact. */
export function cast(column: ColumnPlan): string {
  const { sqlType } = column;
  const value = valueOf(column);
  if (sqlType === 'integer' || sqlType === 'bigint') return `${value}::numeric::${sqlType}`;
  return sqlType === 'text' ? value : `${value}::${sqlType}`;
}

/** The records of a page with a value that does not fit its column: the first such column, and the record as text. */
export const misfitsStatement = (stream: Stream, page: string): string => `
SELECT "Id" AS id, ${deletedText(stream)} = 'true' AS deleted, _misfit AS column, ${stampText(stream)} AS stamp,
       (to_jsonb(page) - '_misfit')::text AS text
  FROM (${page}) AS page
 WHERE _misfit IS NOT NULL`;

const deletedText = (stream: Stream) => (stream.hasIsDeleted ? 'page."IsDeleted"' : 'NULL');
const stampText = ({ columns }: Stream) =>
  columns.some(({ field }) => field === 'SystemModstamp') ? 'page."SystemModstamp"' : 'NULL';

/** Each record of a JSON array as text. */
export const selectRecords = (tx: Tx, records: string) =>
  tx.query<{ id: RecordId; record: string; stamp: string | null }>(sql`
  SELECT value ->> 'Id' AS id, value::text AS record, value ->> 'SystemModstamp' AS stamp
    FROM json_array_elements(${records}::json)`);
