import type { Database } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { Row } from './history.ts';

/**
 * The fields in which a row of the mirror is compared with the versions in the org's log: all that the org stores in
 * columns. What it computes on demand (formulas, derived fields) is compared at the end of the run.
 */
export interface Compared {
  sobject: string;
  table: Sql;
  /** The select list for the table: Id, the row's version, and the columns in the order of the fields. */
  columns: Sql;
  fields: readonly string[];
  fromMirror: (row: Record<string, string | null>) => Row;
  /** @param values  from the log, applied to the record's previous version */
  fromLog: (values: Readonly<Record<string, unknown>>, before: Row | null) => Row;
}

/** A row's own Id and version, which are selected under these names, apart from its columns. */
export const idOf = (row: Record<string, string | null>): string => row['row id'] ?? '';
export const versionOf = (row: Record<string, string | null>): string => row['row version'] ?? '';

/** Field types that the log leaves out, or has in another form than the API. */
const leftOut = new Set(['base64', 'json', 'anyType', 'complexvalue', 'encryptedstring']);

export async function readCompared(
  org: Database,
  mirror: Database,
  schema: string,
): Promise<ReadonlyMap<string, Compared>> {
  const mirrored = await mirror.query<MirroredField>(sql`
    SELECT c.sobject, c.table_name AS table, f.field, f.column_name AS column, f.field_type AS type
      FROM _lockstep.checkpoint c JOIN _lockstep.column f USING (stream_no)
     ORDER BY c.stream_no, f.ordinal`);
  const kept = await org.query<{ sobject: string; field: string }>(sql`
    SELECT c.relname AS sobject, a.attname AS field
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'org'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped`);
  const isKept = new Set(kept.map(({ sobject, field }) => `${sobject}.${field}`));
  const fields = mirrored.filter(
    ({ sobject, field, type }) => isKept.has(`${sobject}.${field}`) && !leftOut.has(type),
  );
  const bySObject = Map.groupBy(fields, ({ sobject }) => sobject);
  return new Map([...bySObject].map(([sobject, own]) => [sobject, comparedOf(sobject, own, schema)]));
}

interface MirroredField {
  sobject: string;
  table: string;
  field: string;
  column: string;
  type: string;
}

function comparedOf(sobject: string, own: readonly MirroredField[], schema: string): Compared {
  const columns = own.map(({ column }) => ident(column));
  return {
    sobject,
    table: ident(schema, own[0]?.table ?? ''),
    columns: sql`id AS "row id", xmin AS "row version", ${join(columns)}`,
    fields: own.map(({ field }) => field),
    fromMirror: (row) => own.map(({ column, type }) => oneForm(type, row[column] ?? null)),
    fromLog: (values, before) =>
      own.map(({ field, type }, place) =>
        Object.hasOwn(values, field) ? oneForm(type, values[field]) : (before?.[place] ?? null),
      ),
  };
}

/** The same text for equal values, whether from SQL or from the log's JSON. */
export function oneForm(type: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  switch (type) {
    case 'boolean':
      return text === 't' || text === 'true' ? 'true' : 'false';
    case 'datetime':
      return String(Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')));
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
    default:
      return text;
  }
}

/** Parses JSON whose numbers stay the text that they were sent as. */
export const exactly = (text: string): Record<string, unknown> =>
  JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? source : value) as (key: string, value: unknown) => unknown) as Record<
    string,
    unknown
  >;
