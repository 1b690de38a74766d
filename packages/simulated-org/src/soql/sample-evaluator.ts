/**
 * For the tests of this room: what a query finds among plain objects, by the words of the SOQL documentation. Slow
 * and simple; knows nothing of SQL.
 *
 * A comparison with an empty field is false, but for `= null`; `!=` and NOT IN are true of it. Text is compared
 * without regard to case. Empty fields come first in an order unless it says otherwise. What Salesforce leaves open
 * is as the org has it: text is ordered by code point, records that are equal in the order by their Id.
 */
import { unreachable } from '@lockstep/foundation/assert';
import type { FieldType, SObjectDef } from '../schema/schema.ts';
import { groupsOf } from './sample-groups.ts';
import type { Json, Key, Model, ModelCondition, Operand } from './sample-model.ts';

export type Row = Record<string, Json>;

export class Records {
  readonly sobjects: readonly SObjectDef[];
  private readonly rows = new Map<string, readonly Row[]>();
  private readonly byId = new Map<Json, { row: Row; def: SObjectDef }>();

  constructor(sobjects: readonly SObjectDef[]) {
    this.sobjects = sobjects;
  }

  add(def: SObjectDef, rows: readonly Row[]): void {
    this.rows.set(def.name, rows);
    for (const row of rows) this.byId.set(row.Id ?? null, { row, def });
  }

  of(sobject: string, includeDeleted: boolean): readonly Row[] {
    return (this.rows.get(sobject) ?? []).filter((row) => includeDeleted || row.IsDeleted !== true);
  }

  defOf(sobject: string): SObjectDef {
    const def = this.sobjects.find(({ name }) => name === sobject);
    if (!def) throw new Error(`no sobject ${sobject}`);
    return def;
  }

  /** Undefined where the reference is empty. */
  parent(sobject: string, row: Row, relationship: string): { row: Row; def: SObjectDef } | undefined {
    const reference = this.defOf(sobject).fields.find(
      ({ relationshipName }) => relationshipName === relationship,
    );
    return this.byId.get(row[reference?.name ?? ''] ?? null);
  }

  /** Null where the path ends at an empty reference. */
  value(sobject: string, row: Row, path: string): Json {
    const [first = '', ...rest] = path.split('.');
    if (rest.length === 0) return row[first] ?? null;
    const parent = this.parent(sobject, row, first);
    return parent ? this.value(parent.def.name, parent.row, rest.join('.')) : null;
  }
}

const textTypes: readonly FieldType[] = [
  'string',
  'textarea',
  'picklist',
  'combobox',
  'email',
  'phone',
  'url',
  'multipicklist',
];

/** What a value counts as when it is compared, by code point where it is text. */
export function comparable(value: Json, type: FieldType): Json {
  if (typeof value !== 'string') return value;
  if (type === 'datetime') return Date.parse(value.replace('+0000', 'Z'));
  return textTypes.includes(type) ? value.toLowerCase() : value;
}

export function compareValues(a: Json, b: Json): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) < Number(b) ? -1 : 1;
}

/** Parts of dates, in UTC. */
const dateCalls: Record<string, (date: Date) => Json> = {
  CALENDAR_YEAR: (date) => date.getUTCFullYear(),
  CALENDAR_QUARTER: (date) => Math.floor(date.getUTCMonth() / 3) + 1,
  CALENDAR_MONTH: (date) => date.getUTCMonth() + 1,
  DAY_IN_MONTH: (date) => date.getUTCDate(),
  DAY_IN_WEEK: (date) => date.getUTCDay() + 1,
  HOUR_IN_DAY: (date) => date.getUTCHours(),
  DAY_ONLY: (date) => date.toISOString().slice(0, 10),
};

export function called(call: string | null, value: Json): Json {
  if (call === null || value === null) return value;
  return dateCalls[call]?.(new Date(String(value).replace('+0000', 'Z'))) ?? null;
}

/** What a condition reads of the thing that it is about. */
export type Read = (operand: Operand) => Json;

/** @param among  the values that a semi-join's inner query finds */
export function isTrue(condition: ModelCondition, read: Read, among: (join: SemiJoin) => Set<Json>): boolean {
  const again = (inner: ModelCondition) => isTrue(inner, read, among);
  switch (condition.kind) {
    case 'AND':
      return condition.terms.every(again);
    case 'OR':
      return condition.terms.some(again);
    case 'not':
      return !again(condition.term);
    case 'compare':
      return compares(condition, read(condition.left));
    case 'in': {
      const { left, isNegated, values } = condition;
      const value = comparable(read(left), left.type);
      return isNegated !== values.some((one) => compareValues(comparable(one, left.type), value) === 0);
    }
    case 'like':
      return isLike(condition, read(condition.left));
    case 'includes': {
      const value = read(condition.left);
      const chosen = String(value ?? '')
        .toLowerCase()
        .split(';');
      const includes = condition.values.some((all) => all.every((one) => chosen.includes(one.toLowerCase())));
      return condition.isNegated !== (value !== null && includes);
    }
    case 'semi-join': {
      const value = read({ path: condition.path, call: null, type: 'reference' });
      return condition.isNegated !== (value !== null && among(condition).has(value));
    }
    default:
      return unreachable(condition);
  }
}

type SemiJoin = Extract<ModelCondition, { kind: 'semi-join' }>;
type Like = Extract<ModelCondition, { kind: 'like' }>;
type Compare = Extract<ModelCondition, { kind: 'compare' }>;

function compares({ left, operator, value }: Compare, found: Json): boolean {
  const [a, b] = [comparable(found, left.type), comparable(value, left.type)];
  if (operator === '=') return compareValues(a, b) === 0;
  if (operator === '!=') return compareValues(a, b) !== 0;
  if (a === null || b === null) return false;
  const order = compareValues(a, b);
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
}

function isLike({ pattern }: Like, value: Json): boolean {
  if (value === null) return false;
  const parts = pattern.map((part) => {
    if (part === '%') return '.*';
    return part === '_' ? '.' : part.text.toLowerCase().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 'su').test(String(value).toLowerCase());
}

/** By the keys, and in the order given where they say nothing. */
export function inOrder<Item>(
  items: readonly Item[],
  keys: readonly Key[],
  read: (item: Item, by: Operand) => Json,
): Item[] {
  return items.toSorted((left, right) => {
    for (const { by, descending, nulls } of keys) {
      const [a, b] = [comparable(read(left, by), by.type), comparable(read(right, by), by.type)];
      if (a === null && b === null) continue;
      if (a === null || b === null) return (a === null) === (nulls !== 'LAST') ? -1 : 1;
      const order = compareValues(a, b);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

interface Context {
  records: Records;
  includeDeleted: boolean;
}

type Shown = { [key: string]: Json | Shown | readonly Shown[] };

/** The records of an answer, or its groups. */
export function evaluate(query: Model, { records, includeDeleted }: Context): Shown[] {
  return shownOf(query, records.of(query.sobject, includeDeleted), { records, includeDeleted });
}

function shownOf(query: Model, candidates: readonly Row[], context: Context): Shown[] {
  const { sobject, where, orderBy, limit, offset } = query;
  const { records } = context;
  const read = (row: Row, { path, call }: Operand) => called(call, records.value(sobject, row, path));
  const found = where
    ? candidates.filter((row) => isTrue(where, (operand) => read(row, operand), amongOf(context)))
    : candidates;
  if (query.groups) return groupsOf(query, query.groups, found, read);
  const byId = found.toSorted((a, b) => compareValues(a.Id ?? null, b.Id ?? null));
  const ordered = inOrder(byId, orderBy, read);
  return ordered
    .slice(offset, limit === null ? undefined : offset + limit)
    .map((row) => shown(query, row, context));
}

function amongOf({ records, includeDeleted }: Context) {
  const known = new Map<SemiJoin, Set<Json>>();
  return (join: SemiJoin): Set<Json> => {
    const { sobject, column, where } = join;
    const rows = records.of(sobject, includeDeleted);
    const found =
      known.get(join) ??
      new Set(
        rows
          .filter(
            (row) =>
              !where ||
              isTrue(
                where,
                ({ path, call }) => called(call, records.value(sobject, row, path)),
                () => new Set(),
              ),
          )
          .map((row) => records.value(sobject, row, column)),
      );
    known.set(join, found);
    return found;
  };
}

function shown({ sobject, select, children }: Model, row: Row, context: Context): Shown {
  const { records, includeDeleted } = context;
  const record: Shown = {};
  for (const path of select) put(record, records, sobject, row, path.split('.'));
  for (const { reference, query } of children) {
    const all = records.of(query.sobject, includeDeleted).filter((child) => child[reference] === row.Id);
    const found = shownOf(query, all, context);
    record[query.from] = found.length === 0 ? null : { totalSize: found.length, done: true, records: found };
  }
  return record;
}

function put(
  into: Shown,
  records: Records,
  sobject: string,
  row: Row,
  [first = '', ...rest]: string[],
): void {
  if (rest.length === 0) {
    into[first] = row[first] ?? null;
    return;
  }
  const parent = records.parent(sobject, row, first);
  if (!parent) {
    into[first] = null;
    return;
  }
  const inner = (into[first] ?? {}) as Shown;
  into[first] = inner;
  put(inner, records, parent.def.name, parent.row, rest);
}
