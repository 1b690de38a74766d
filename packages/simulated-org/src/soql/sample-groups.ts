/** For the tests of this room: groups of plain records, their aggregates and subtotals, as documented. */
import { assert } from '@lockstep/foundation/assert';
import { comparable, compareValues, inOrder, isTrue, type Row } from './sample-evaluator.ts';
import type { Groups, Json, Model, Operand } from './sample-model.ts';

interface Group {
  rows: readonly Row[];
  /** Of a subtotal, the keys that it is over. */
  totalled: ReadonlySet<Operand>;
}

type ReadRow = (row: Row, operand: Operand) => Json;

export function groupsOf(
  { orderBy, limit, offset }: Model,
  groups: Groups,
  rows: readonly Row[],
  read: ReadRow,
): Record<string, Json>[] {
  const { keys, aggregates, having } = groups;
  const value = (group: Group, operand: Operand) => valueOf(group, operand, keys, read);
  const all = setsOf(groups).flatMap((active) => split(rows, active, keys, read));
  const kept = having
    ? all.filter((group) =>
        isTrue(
          having,
          (operand) => value(group, operand),
          () => new Set(),
        ),
      )
    : all;
  const ordered = inOrder(kept, orderBy, value);
  return ordered
    .slice(offset, limit === null ? undefined : offset + limit)
    .map((group) =>
      Object.fromEntries([...keys, ...aggregates].map((one) => [one.alias, value(group, one)])),
    );
}

/** The keys of each kind of row: a rollup drops them from the right, a cube in every combination. */
function setsOf({ keys, subtotals }: Groups): (readonly Operand[])[] {
  if (subtotals === 'ROLLUP') return [keys, ...keys.map((_key, i) => keys.slice(0, keys.length - 1 - i))];
  if (subtotals !== 'CUBE') return [keys];
  return Array.from({ length: 2 ** keys.length }, (_, set) =>
    keys.filter((_key, i) => (set & (1 << i)) !== 0),
  );
}

function split(
  rows: readonly Row[],
  active: readonly Operand[],
  keys: readonly Operand[],
  read: ReadRow,
): Group[] {
  const totalled = new Set(keys.filter((key) => !active.includes(key)));
  // Everything together is one group even where there is nothing.
  if (active.length === 0) return [{ rows, totalled }];
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(active.map((operand) => comparable(read(row, operand), operand.type)));
    const group = found.get(key);
    if (group) group.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].map((group) => ({ rows: group, totalled }));
}

function valueOf({ rows, totalled }: Group, operand: Operand, keys: readonly Operand[], read: ReadRow): Json {
  const key = keys.find(({ path, call }) => path === operand.path && call === operand.call);
  if (key) return totalled.has(key) ? null : firstOf(rows, key, read);
  if (operand.call === 'GROUPING') {
    const of = keys.find(({ path, call }) => path === operand.path && call === null);
    return of && totalled.has(of) ? 1 : 0;
  }
  const field = { ...operand, call: null };
  const values = rows.map((row) => read(row, field)).filter((value) => value !== null);
  return aggregate(operand, values);
}

/** Of the ways in which a group's text is written, the first. */
function firstOf(rows: readonly Row[], key: Operand, read: ReadRow): Json {
  const [first = null] = rows.map((row) => read(row, key)).toSorted(compareValues);
  return first;
}

function aggregate({ call, type }: Operand, values: readonly Json[]): Json {
  const numbers = values.map(Number);
  const sum = () => numbers.reduce((total, one) => total + one, 0);
  const ordered = () =>
    values.toSorted((a, b) => compareValues(comparable(a, type), comparable(b, type)) || compareValues(a, b));
  const aggregates: Record<string, () => Json> = {
    COUNT: () => values.length,
    COUNT_DISTINCT: () => new Set(values.map((value) => comparable(value, type))).size,
    MIN: () => ordered()[0] ?? null,
    MAX: () => ordered().at(-1) ?? null,
    SUM: () => (numbers.length === 0 ? null : sum()),
    AVG: () => (numbers.length === 0 ? null : sum() / numbers.length),
  };
  const computed = aggregates[call ?? ''];
  assert(computed, 'an aggregate is one of these');
  return computed();
}
