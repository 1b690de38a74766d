import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import { compileFormula, FormulaError, readsOfFormula } from '../formula/index.ts';
import {
  type FieldDef,
  fieldNamed,
  type RollUpDef,
  type SObjectDef,
  type SObjects,
} from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { columnOf, factsOf } from '../soql/columns.ts';
import { locking } from './locking.ts';

/** Roll-up summaries: counts, sums and extremes that a record stores about the records that point to it. */
export interface RollUps {
  master: SObjectDef;
  child: SObjectDef;
  /** From the child to the master. */
  reference: FieldDef;
  fields: readonly RollUpField[];
}

interface RollUpField {
  field: FieldDef;
  /** SQL over the children, which have this row name. */
  value: (row: string) => Sql;
}

const known = new WeakMap<SObjects, ReadonlyMap<string, readonly RollUps[]>>();

/** The roll-ups that an sobject's records affect, a group for each of its references. */
export function rollUpsOf(sobjects: SObjects, child: SObjectDef): readonly RollUps[] {
  const all = known.get(sobjects) ?? allRollUps(sobjects);
  known.set(sobjects, all);
  return all.get(child.name) ?? [];
}

/** @throws {@link FormulaError} for a roll-up with an unknown name, or one that cannot be kept up to date */
export function checkRollUps(sobjects: SObjects): void {
  known.set(sobjects, allRollUps(sobjects));
}

function allRollUps(sobjects: SObjects): ReadonlyMap<string, readonly RollUps[]> {
  const groups = new Map<string, RollUps>();
  for (const master of sobjects.values()) {
    for (const field of master.fields) {
      if (!field.rollUp) continue;
      const { child, reference } = childOf(sobjects, master, field, field.rollUp);
      const key = `${child.name} ${reference.name} ${master.name}`;
      const group = groups.get(key) ?? { master, child, reference, fields: [] };
      const value = aggregateOf(sobjects, child, field, field.rollUp);
      groups.set(key, { ...group, fields: [...group.fields, { field, value }] });
    }
  }
  const byChild = Map.groupBy(groups.values(), ({ child }) => child.name);
  for (const { child } of groups.values()) refuseCircle(byChild, child.name, []);
  return byChild;
}

/** A write goes on from master to master, so there must be no cycle. */
function refuseCircle(byChild: ReadonlyMap<string, RollUps[]>, name: string, below: readonly string[]): void {
  for (const { master, fields } of byChild.get(name) ?? []) {
    const [first] = fields;
    if (first && [...below, name].includes(master.name))
      throw refused(first.field, `${master.name} would be rolled up into itself.`);
    refuseCircle(byChild, master.name, [...below, name]);
  }
}

function childOf(sobjects: SObjects, master: SObjectDef, field: FieldDef, rollUp: RollUpDef) {
  const child = sobjects.get(rollUp.child.toLowerCase());
  const reference = child && fieldNamed(child, rollUp.reference);
  if (child && reference?.referenceTo?.includes(master.name)) return { child, reference };
  throw refused(field, `${rollUp.child}.${rollUp.reference} is not a reference to ${master.name}.`);
}

function aggregateOf(
  sobjects: SObjects,
  child: SObjectDef,
  field: FieldDef,
  { kind, field: name, where }: RollUpDef,
): (row: string) => Sql {
  const filter = where === undefined ? () => sql`` : filterOf(sobjects, child, field, where);
  if (kind === 'count') return (row) => sql`count(*)${filter(row)}`;
  const summed = name === undefined ? undefined : fieldNamed(child, name);
  const family = summed && factsOf(summed.type).family;
  const isFitting = family === 'number' || (kind !== 'sum' && (family === 'date' || family === 'datetime'));
  if (!summed || !isFitting) throw refused(field, `${kind} of ${child.name}.${name ?? ''} is not possible.`);
  const reads = readsOfFormula(summed);
  if (reads?.parents || reads?.time || reads?.user)
    throw refused(field, `the formula ${name} changes without its record.`);
  if (kind === 'sum') return (row) => sql`coalesce(sum(${columnOf(summed, row)})${filter(row)}, 0)`;
  const extreme = kind === 'min' ? sql`min` : sql`max`;
  return (row) => sql`${extreme}(${columnOf(summed, row)})${filter(row)}`;
}

function filterOf(sobjects: SObjects, child: SObjectDef, field: FieldDef, where: string) {
  const now = sql`NULL::timestamptz`;
  const linked = (_def: SObjectDef, one: FieldDef) => one;
  const compiled = compileFormula(where, child, { sobjects, isRule: false, blankAs: 'blank', now, linked });
  const { parents, time, user } = compiled.reads;
  if (compiled.type !== 'Boolean') throw refused(field, 'its filter is not a condition.');
  if (parents || time || user) throw refused(field, 'its filter changes without its record.');
  return (row: string) => sql` FILTER (WHERE ${compiled.sql({ row })})`;
}

const refused = (field: FieldDef, reason: string): FormulaError =>
  new FormulaError(`The roll-up summary field ${field.name} is not valid: ${reason}`);

/** Whether the row of this name is live. */
const isLiveRow = (def: SObjectDef, row: string): Sql =>
  fieldNamed(def, 'IsDeleted') ? sql`NOT ${ident(row, 'IsDeleted')}` : sql`true`;

/**
 * Locks the masters with these Ids, in the order of their Ids, before the children are read: a statement that itself
 * waited for the lock would still see the children as they were before.
 */
export const lockMasters = (tx: Tx, { master }: RollUps, ids: readonly string[]): Promise<unknown> =>
  locking(ids, () =>
    tx.query(sql`SELECT "Id" FROM ${tableOf(master)} WHERE "Id" = ANY(${[...ids]}) ORDER BY "Id" FOR UPDATE`),
  );

/** For use in FROM: the wanted Ids, and for each the values of its roll-ups by name, in `rolled`. */
export function rolledFrom(group: RollUps, ids: readonly string[]): Sql {
  const { child, reference } = group;
  return sql`unnest(${[...ids]}::text[]) AS wanted (id),
       LATERAL (SELECT ${valuesOf(group)} FROM ${tableOf(child)} AS c
                 WHERE c.${ident(reference.name)} = wanted.id AND ${isLiveRow(child, 'c')}) AS rolled`;
}

export const isWantedMaster = ({ master }: RollUps): Sql =>
  sql`m."Id" = wanted.id AND ${isLiveRow(master, 'm')}`;

const valuesOf = ({ fields }: Pick<RollUps, 'fields'>): Sql =>
  join(fields.map(({ field, value }) => sql`${value('c')} AS ${ident(field.name)}`));

/**
 * Computes a roll-up for all records by one statement, without new stamps: for records generated in bulk, and for a
 * field added to an sobject that already has records.
 */
export async function fillRollUp(
  tx: Tx,
  sobjects: SObjects,
  master: SObjectDef,
  field: FieldDef,
): Promise<void> {
  const { rollUp } = field;
  if (!rollUp) return;
  const { child, reference } = childOf(sobjects, master, field, rollUp);
  const value = aggregateOf(sobjects, child, field, rollUp);
  const column = ident(field.name);
  const ofNone = rollUp.kind === 'count' || rollUp.kind === 'sum' ? sql`0` : sql`NULL`;
  await tx.query(sql`
    UPDATE ${tableOf(master)} AS m
       SET ${column} = rolled.value
      FROM (SELECT every."Id" AS id, coalesce(sums.value, ${ofNone}) AS value
              FROM ${tableOf(master)} AS every
              LEFT JOIN (SELECT c.${ident(reference.name)} AS id, ${value('c')} AS value
                           FROM ${tableOf(child)} AS c
                          WHERE ${isLiveRow(child, 'c')}
                          GROUP BY c.${ident(reference.name)}) AS sums ON sums.id = every."Id") AS rolled
     WHERE m."Id" = rolled.id AND m.${column} IS DISTINCT FROM rolled.value`);
}
