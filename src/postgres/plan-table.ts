import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { postgresName } from '../core/names.ts';

/** How a column takes its value out of the JSON: as text that is cast, or as JSON. */
export type SqlType =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'date'
  | 'timestamptz'
  | 'time'
  | 'jsonb';

export interface ColumnPlan {
  /** API name, as queries and answers spell it. */
  field: string;
  column: string;
  fieldType: string;
  sqlType: SqlType;
  /** Ids and references order and compare by byte, as Salesforce distinguishes their case. */
  byBytes: boolean;
  formula: boolean;
}

/** Everything that one stream's table is made from: pure, derived from Salesforce's description. */
export interface TablePlan {
  sobject: string;
  table: string;
  columns: readonly ColumnPlan[];
  /** Users and a few others are never deleted and have no such field. */
  hasIsDeleted: boolean;
}

/**
 * One column a field, under its API name in lower case.
 *
 * @param taken   table names of the sync's other streams
 * @param kept    column names that this stream already has, by field: they never change
 * @throws {@link Fault} SCH-06 where the sobject cannot be polled: no query, or no SystemModstamp
 */
export function planTable(
  describe: Describe,
  taken: ReadonlySet<string> = new Set(),
  kept: ReadonlyMap<string, string> = new Map(),
): TablePlan {
  const has = (field: string) => describe.fields.some(({ name }) => name === field);
  const refuse = (reason: string) => new Fault('SCH-06', { stream: describe.name, reason });
  if (!describe.queryable) throw refuse('allows no query');
  if (!has('Id') || !has('SystemModstamp')) throw refuse('has no SystemModstamp to follow its changes by');

  const used = new Set(kept.values());
  const columns: ColumnPlan[] = [];
  for (const field of describe.fields) {
    const sqlType = sqlTypeOf(field.type);
    if (sqlType === undefined) continue;
    const column = kept.get(field.name) ?? postgresName(field.name, used);
    used.add(column);
    columns.push({
      field: field.name,
      column,
      fieldType: field.type,
      sqlType,
      byBytes: isKey(field.type),
      formula: field.calculated,
    });
  }
  const table = postgresName(describe.name, taken);
  return { sobject: describe.name, table, columns, hasIsDeleted: has('IsDeleted') };
}

export const isKey = (fieldType: string) => fieldType === 'id' || fieldType === 'reference';

/**
 * The column's type, or undefined for a field that gets none: compound fields, whose parts are fields of their own,
 * and encrypted text, which is left out unless chosen. Numbers are numeric because a field's scale only says how it
 * is shown. An unknown type becomes text, which loses nothing.
 */
export function sqlTypeOf(fieldType: string): SqlType | undefined {
  switch (fieldType) {
    case 'address':
    case 'location':
    case 'encryptedstring':
      return undefined;
    case 'boolean':
      return 'boolean';
    case 'int':
      return 'integer';
    case 'long':
      return 'bigint';
    case 'double':
    case 'currency':
    case 'percent':
      return 'numeric';
    case 'date':
      return 'date';
    case 'datetime':
      return 'timestamptz';
    case 'time':
      return 'time';
    case 'anyType':
    case 'complexvalue':
    case 'json':
      return 'jsonb';
    default:
      return 'text';
  }
}
