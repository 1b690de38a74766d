/** A page's JSON as rows with typed columns: which values fit, and how they are cast. */
import { unreachable } from '@lockstep/foundation/assert';
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import type { ColumnPlan, SqlType } from './plan-table.ts';
import type { Stream } from './tables.ts';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const columnList = (
  columns: readonly ColumnPlan[],
  text: (column: ColumnPlan) => string,
  separator = ', ',
): string => columns.map(text).join(separator);

/** The JSON as text columns, and the name of the first column whose text does not fit its type. */
export function pageSelect(
  columns: readonly ColumnPlan[],
  serverVersion: number,
  rows = jsonRows(columns),
): string {
  const fits = serverVersion >= 160_000 ? fitsByServer : fitsByPattern;
  const misfits = columns
    .filter((c) => c.sqlType !== 'text' && c.sqlType !== 'jsonb')
    .map((c) => `WHEN (${fits(c)}) IS FALSE THEN '${c.column.replaceAll("'", "''")}'`);
  return `
  SELECT p.*, CASE WHEN "Id" IS NULL OR length("Id") <> 18 THEN 'id' ${misfits.join('\n              ')} END AS _misfit
    FROM ${rows}`;
}

const jsonRows = (columns: readonly ColumnPlan[]): string =>
  `json_to_recordset($1::json)
      AS p(${columnList(columns, (c) => `${quoted(c.field)} ${recordType(c)}`)})`;

/** The rows of a staging table, whose columns are text and have the names of the fields. $1 is its name. */
export const stagedRows = (columns: readonly ColumnPlan[], name: string): string =>
  `(SELECT ${columnList(columns, (c) => quoted(c.field))} FROM pg_temp.${quoted(name)} WHERE $1::text IS NOT NULL) AS p`;

/** An Id is compared by byte, like its column; every other value is read as text, except JSON inside JSON. */
const recordType = ({ field, sqlType }: ColumnPlan) => {
  if (field === 'Id') return 'text COLLATE "C"';
  return sqlType === 'jsonb' ? 'jsonb' : 'text';
};

/** Whole numbers may come as `1.0`, which is exact. */
export function cast({ field, sqlType }: ColumnPlan): string {
  const value = quoted(field);
  if (sqlType === 'integer' || sqlType === 'bigint') return `${value}::numeric::${sqlType}`;
  return sqlType === 'text' || sqlType === 'jsonb' ? value : `${value}::${sqlType}`;
}

/**
 * PostgreSQL accepts more than Salesforce writes: a date accepts a datetime and drops its time, a boolean accepts
 * `yes`, a number `NaN`. Such a value means that the field has another type by now; casting would change it silently.
 */
function fitsByServer({ field, sqlType }: ColumnPlan): string {
  const value = quoted(field);
  const isValid = `pg_input_is_valid(${value}, '${sqlType}')`;
  const isNumeral = `ascii(${value}) BETWEEN 45 AND 57 AND ascii(right(${value}, 1)) BETWEEN 48 AND 57`;
  switch (sqlType) {
    case 'integer':
    case 'bigint':
      return `${isNumeral} AND (${isValid}
              OR pg_input_is_valid(regexp_replace(${value}, '\\.0+$', ''), '${sqlType}'))`;
    case 'numeric':
      return `${isNumeral} AND ${isValid}`;
    case 'boolean':
      return `${value} IN ('true', 'false')`;
    case 'date':
      return `${value} LIKE '____-__-__' AND ${isValid}`;
    case 'timestamptz':
      return `${value} LIKE '____-__-__T%' AND ${isValid}`;
    case 'time':
    case 'text':
    case 'jsonb':
      return isValid;
    default:
      return unreachable(sqlType);
  }
}

/**
 * PostgreSQL before 16 has no pg_input_is_valid; these patterns describe what Salesforce writes. A value that matches
 * and still does not fit (a 30th of February, an integer out of range) fails the statement, and the page is halved.
 */
const patterns: Record<Exclude<SqlType, 'text' | 'jsonb'>, string> = {
  boolean: '^(true|false)$',
  integer: '^-?\\d{1,10}(\\.0+)?$',
  bigint: '^-?\\d{1,19}(\\.0+)?$',
  numeric: '^-?\\d+(\\.\\d+)?([eE][+-]?\\d{1,3})?$',
  date: '^\\d{4}-\\d\\d-\\d\\d$',
  timestamptz: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:?\\d\\d)$',
  time: '^\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z?$',
};

function fitsByPattern({ field, sqlType }: ColumnPlan): string {
  return `${quoted(field)} ~ '${patterns[sqlType as keyof typeof patterns]}'`;
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
