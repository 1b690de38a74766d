import { type CursorField, cursorFieldOf, type Describe, unreadableBecause } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { noColumnBecause } from '../core/field-notes.ts';
import { postgresName } from '../core/names.ts';

/** The column types: a value is taken from the JSON as text and cast, except `jsonb`, which stays JSON. */
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
  /** Ids and references are ordered and compared by byte, because their case matters in Salesforce. */
  byBytes: boolean;
  formula: boolean;
  /** Null or absent: not known, or no formula. */
  formulaText?: string | null;
  /** API names of the sobjects that the value can be an Id of. */
  refersTo: readonly string[];
  /** The value is the Id of the record's master, whose roll-ups change with the record. */
  isDetail: boolean;
}

/** Everything that a stream's table is created from, derived from Salesforce's description alone. */
export interface TablePlan {
  sobject: string;
  table: string;
  columns: readonly ColumnPlan[];
  /** False for users and a few other objects, whose records are never deleted. */
  hasIsDeleted: boolean;
  /** The time field that its changes are polled by; null: only reading all records finds them. */
  cursorField: CursorField | null;
  /** Salesforce keeps a log of its deletions. */
  replicateable: boolean;
  /** The first three characters of its Ids; null if not known. */
  keyPrefix: string | null;
}

/**
 * The tables of a sync's streams, in their order.
 *
 * @param existing  table names of streams that the sync has already
 * @throws {@link Fault} SCH-06 if any of them cannot be read page by page; names all of those, each with its reason
 */
export function planTables(
  described: readonly Describe[],
  existing: ReadonlySet<string> = new Set(),
): TablePlan[] {
  refuseUnreadable(described);
  const taken = new Set(existing);
  return described.map((describe) => {
    const plan = planTable(describe, taken);
    taken.add(plan.table);
    return plan;
  });
}

/**
 * One column per field, named after its API name in lower case.
 *
 * @param taken   table names of the sync's other streams
 * @param kept    column names that this stream already has, by field: they never change
 * @throws {@link Fault} SCH-06 if the sobject cannot be read page by page
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
      formulaText: field.calculatedFormula ?? null,
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

/** Names all unreadable objects in one fault, so that a person can fix the list in one go. */
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
 * The columns that a sweep asks for: those that show whether a record is the one that the mirror has, and the formulas,
 * whose values change without a new stamp. Without a stamp there is no telling whether a formula's value belongs to the
 * row's other values.
 */
export function partialColumns({ columns }: Pick<TablePlan, 'columns'>): readonly ColumnPlan[] {
  const hasStamp = columns.some(({ field }) => field === 'SystemModstamp');
  return columns.filter(
    ({ field, formula }) => field === 'Id' || field === 'SystemModstamp' || (hasStamp && formula),
  );
}

/** The fields that get no column. */
export const withoutColumn = ({ fields }: Pick<Describe, 'fields'>) =>
  fields.filter(({ type }) => sqlTypeOf(type) === undefined);

export const isKey = (fieldType: string) => fieldType === 'id' || fieldType === 'reference';

/**
 * The column's type, or undefined for a field that gets no column: compound fields, whose parts are fields of their
 * own, and encrypted text. Numbers are numeric because a field's scale only says how it is displayed. An unknown type
 * becomes text, which loses nothing, and so does a value in a history (`anyType`), which has the type of another field.
 */
export function sqlTypeOf(fieldType: string): SqlType | undefined {
  if (noColumnBecause(fieldType) !== null) return undefined;
  switch (fieldType) {
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
    case 'complexvalue':
    case 'json':
      return 'jsonb';
    default:
      return 'text';
  }
}
