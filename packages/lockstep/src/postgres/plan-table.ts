import { type CursorField, cursorFieldOf, type Describe, unreadableBecause } from '../core/describe.ts';
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
  /** Sobjects that the value can be an Id of, by API name. */
  refersTo: readonly string[];
  /** The value is the Id of the record's master, whose roll-ups move with it. */
  isDetail: boolean;
}

/** Everything that one stream's table is made from: pure, derived from Salesforce's description. */
export interface TablePlan {
  sobject: string;
  table: string;
  columns: readonly ColumnPlan[];
  /** Users and a few others are never deleted and have no such field. */
  hasIsDeleted: boolean;
  /** The time that its changes are followed by; null: only reading it whole finds them. */
  cursorField: CursorField | null;
  /** Salesforce keeps a log of its deletions. */
  replicateable: boolean;
  /** The first three characters of its Ids; null where that is not known. */
  keyPrefix: string | null;
}

/**
 * The tables of a sync's streams, in their order.
 *
 * @throws {@link Fault} SCH-06 where any of them cannot be read page by page: all of those, each with its reason
 */
export function planTables(described: readonly Describe[]): TablePlan[] {
  refuseUnreadable(described);
  const taken = new Set<string>();
  return described.map((describe) => {
    const plan = planTable(describe, taken);
    taken.add(plan.table);
    return plan;
  });
}

/**
 * One column a field, under its API name in lower case.
 *
 * @param taken   table names of the sync's other streams
 * @param kept    column names that this stream already has, by field: they never change
 * @throws {@link Fault} SCH-06 where the sobject cannot be read page by page
 */
export function planTable(
  describe: Describe,
  taken: ReadonlySet<string> = new Set(),
  kept: ReadonlyMap<string, string> = new Map(),
): TablePlan {
  refuseUnreadable([describe]);
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
      refersTo: field.referenceTo,
      isDetail: field.relationshipOrder !== null,
    });
  }
  const table = postgresName(describe.name, taken);
  return {
    sobject: describe.name,
    table,
    columns,
    hasIsDeleted: describe.fields.some(({ name }) => name === 'IsDeleted'),
    cursorField: cursorFieldOf(describe),
    replicateable: describe.replicateable,
    keyPrefix: describe.keyPrefix,
  };
}

/** All that cannot be read in one fault, so that a person repairs a list of objects at once. */
function refuseUnreadable(described: readonly Describe[]): void {
  const [first, ...others] = described.flatMap((describe) => {
    const reason = unreadableBecause(describe);
    return reason === null ? [] : [{ stream: describe.name, reason }];
  });
  if (!first) return;
  const more = others.map(({ stream, reason }) => ` ${stream} ${reason}.`).join('');
  throw new Fault('SCH-06', { ...first, more });
}

/**
 * The columns that a sweep asks for: what tells that a record is there as the mirror has it, and the formulas, whose
 * values change without a trace. Without a stamp nothing tells whether a formula belongs to the row's other values.
 */
export function partialColumns({ columns }: Pick<TablePlan, 'columns'>): readonly ColumnPlan[] {
  const hasStamp = columns.some(({ field }) => field === 'SystemModstamp');
  return columns.filter(
    ({ field, formula }) => field === 'Id' || field === 'SystemModstamp' || (hasStamp && formula),
  );
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
