import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { FormulaError } from '../formula/index.ts';
import type { Org } from '../org.ts';
import { digits } from '../write/ids.ts';
import { fillRollUp } from '../write/roll-ups.ts';
import { checkRules, RulesError } from '../write/rule-book.ts';
import { type CustomField, type CustomSObject, fieldsOf, problemOf, sobjectOf } from './custom-fields.ts';
import { durableIdOf, durablePartOf, newDurableId } from './definition-rows.ts';
import { referencesTo } from './relationships.ts';
import { type FieldDef, fieldNamed, type SObjectDef, type SObjects } from './schema.ts';
import { forgetSObject, readSchema, type Schema, storeSObjects } from './schema-storage.ts';
import { tableOf } from './storage.ts';
import {
  addColumn,
  changeColumn,
  createIndexes,
  createTable,
  dropColumn,
  dropTable,
  renameTable,
} from './tables.ts';

/**
 * Creates, changes and deletes sobjects and fields while the org runs, as an administrator does. A change waits for
 * the requests that use the table, and takes effect with the next request.
 */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

const schemaLock = 4_711_002;

/** One change at a time; the org switches to the new schema after the commit. */
async function change<Result>(
  org: Org,
  work: (tx: Tx, sobjects: SObjects, at: number) => Promise<Result>,
): Promise<Result> {
  const { result, sobjects, changedAt } = await org.db.transaction(async (tx) => {
    await tx.query(sql`SELECT pg_advisory_xact_lock(${schemaLock}::bigint)`);
    const before = await readSchema(tx, org.clock);
    const result = await work(tx, before.sobjects, org.clock.now());
    const after = await readSchemaThatFits(tx, org);
    await fillNewRollUps(tx, before.sobjects, after.sobjects);
    return { result, ...after };
  });
  Object.assign(org, { sobjects, schemaChangedAt: changedAt, views: new Map() });
  return result;
}

/** Refuses a change that leaves a formula, roll-up or rule of the org broken. */
async function readSchemaThatFits(tx: Tx, { clock, rules }: Org): Promise<Schema> {
  try {
    const schema = await readSchema(tx, clock);
    checkRules(rules, { sobjects: schema.sobjects, clock });
    return schema;
  } catch (error) {
    if (error instanceof FormulaError) throw new SchemaError(error.message);
    if (error instanceof RulesError)
      throw new SchemaError(`a rule does not fit: ${error.problems.join('; ')}`);
    throw error;
  }
}

async function fillNewRollUps(tx: Tx, before: SObjects, after: SObjects): Promise<void> {
  for (const [name, def] of after) {
    for (const field of def.fields) {
      if (!field.rollUp) continue;
      const old = fieldNamed(before.get(name) ?? def, field.name);
      const isKept = before.has(name) && JSON.stringify(old?.rollUp) === JSON.stringify(field.rollUp);
      if (!isKept) await fillRollUp(tx, after, def, field);
    }
  }
}

export const createSObject = (org: Org, asked: CustomSObject): Promise<SObjectDef> =>
  change(org, async (tx, sobjects, at) => {
    if (sobjects.has(asked.name.toLowerCase()))
      throw new SchemaError(`the sobject ${asked.name} already exists`);
    const made = sobjectOf(asked, freePrefix([...sobjects.values()]));
    const def = { ...made, durableId: newDurableId('01I'), fields: made.fields.map(withDurableId) };
    checkFields(def, asked.fields, [...sobjects.values(), def]);
    await createTable(tx, def);
    await createIndexes(tx, def);
    await storeSObjects(tx, [def], at);
    return def;
  });

/** Lookups that point to its records are deleted too. */
export const deleteSObject = (org: Org, name: string): Promise<void> =>
  change(org, async (tx, sobjects, at) => {
    const def = named(sobjects, name);
    if (!def.custom) throw new SchemaError(`${def.name} is a standard sobject`);
    for (const { child, field } of referencesTo(sobjects, def)) {
      if (child.name === def.name) continue;
      if (!field.custom) throw new SchemaError(`${child.name}.${field.name} points to ${def.name}`);
      await removeFields(tx, child, [field], at);
    }
    await tx.query(sql`DELETE FROM simulator.deletion WHERE sobject = ${def.name}`);
    await dropTable(tx, def);
    await forgetSObject(tx, def, at);
  });

/** The sobject with its records, under another name; what refers to it refers to that. */
export const renameSObject = (org: Org, name: string, to: string): Promise<SObjectDef> =>
  change(org, async (tx, sobjects, at) => {
    const def = named(sobjects, name);
    if (!def.custom) throw new SchemaError(`${def.name} is a standard sobject`);
    if (sobjects.has(to.toLowerCase())) throw new SchemaError(`the sobject ${to} already exists`);
    const isUsed = [...sobjects.values()].some((one) =>
      one.fields.some(({ rollUp }) => rollUp?.child === def.name),
    );
    if (isUsed || def.fields.some(({ autoNumber }) => autoNumber !== undefined))
      throw new SchemaError(`${def.name} has auto numbers or is rolled up, which this org cannot rename`);
    const renamed = { ...def, name: to, durableId: durableIdOf(def) };
    await renameTable(tx, def, renamed);
    await forgetSObject(tx, def, at);
    const pointing = (fields: readonly FieldDef[]) =>
      fields.map((field) =>
        field.referenceTo?.includes(def.name)
          ? { ...field, referenceTo: field.referenceTo.map((one) => (one === def.name ? to : one)) }
          : field,
      );
    const others = [...sobjects.values()].filter(
      (one) => one !== def && one.fields.some(({ referenceTo }) => referenceTo?.includes(def.name)),
    );
    const all = [renamed, ...others].map((one) => ({ ...one, fields: pointing(one.fields) }));
    await storeSObjects(tx, all, at);
    await tx.query(sql`UPDATE simulator.deletion SET sobject = ${to} WHERE sobject = ${def.name}`);
    return renamed;
  });

const withDurableId = (field: FieldDef): FieldDef =>
  field.custom ? { ...field, durableId: newDurableId('00N') } : field;

export const createField = (org: Org, sobject: string, asked: CustomField): Promise<SObjectDef> =>
  change(org, async (tx, sobjects, at) => {
    const def = named(sobjects, sobject);
    const added = fieldsOf(asked).map(withDurableId);
    const grown = { ...def, fields: [...def.fields, ...added] };
    checkFields(grown, [asked], [...sobjects.values()]);
    if (
      added.some(
        (field) => !field.nillable && field.defaultSql === undefined && field.autoNumber === undefined,
      )
    ) {
      const [row] = await tx.query(sql`SELECT FROM ${tableOf(def)} LIMIT 1`);
      if (row) throw new SchemaError(`${asked.name} is required, and ${def.name} has records`);
    }
    for (const field of added) await addColumn(tx, def, field);
    await storeSObjects(tx, [grown], at);
    return grown;
  });

/** Replaces the field by `asked`, which may have another name or type. Its position stays. */
export const changeField = (
  org: Org,
  sobject: string,
  name: string,
  asked: CustomField,
): Promise<SObjectDef> =>
  change(org, async (tx, sobjects, at) => {
    const def = named(sobjects, sobject);
    const before = customNamed(def, name);
    const [after, ...parts] = fieldsOf(asked);
    if (!after || parts.length > 0 || before.parts)
      throw new SchemaError('a compound field cannot be changed; delete it and create another');
    const kept = { ...after, durableId: durablePartOf(def, before) };
    const fields = def.fields.map((field) => (field === before ? kept : field));
    const changed = { ...def, fields };
    checkFields(changed, [asked], [...sobjects.values()]);
    await changeColumn(tx, def, before, after);
    await storeSObjects(tx, [changed], at);
    return changed;
  });

export const deleteField = (org: Org, sobject: string, name: string): Promise<void> =>
  change(org, async (tx, sobjects, at) => {
    const def = named(sobjects, sobject);
    const field = customNamed(def, name);
    const parts = def.fields.filter((one) => field.parts?.includes(one.name));
    await removeFields(tx, def, [field, ...parts], at);
  });

async function removeFields(
  tx: Tx,
  def: SObjectDef,
  removed: readonly FieldDef[],
  at: number,
): Promise<void> {
  for (const field of removed) await dropColumn(tx, def, field);
  await storeSObjects(tx, [{ ...def, fields: def.fields.filter((field) => !removed.includes(field)) }], at);
}

function named(sobjects: SObjects, name: string): SObjectDef {
  const def = sobjects.get(name.toLowerCase());
  if (!def) throw new SchemaError(`there is no sobject ${name}`);
  return def;
}

function customNamed(def: SObjectDef, name: string): FieldDef {
  const field = fieldNamed(def, name);
  if (!field) throw new SchemaError(`${def.name} has no field ${name}`);
  if (!field.custom)
    throw new SchemaError(`${def.name}.${field.name} is a standard field; hide it from users instead`);
  return field;
}

/** @param targets  the sobjects that a reference may point to */
function checkFields(def: SObjectDef, asked: readonly CustomField[], targets: readonly SObjectDef[]): void {
  const known = new Set(targets.map(({ name }) => name));
  const problems = asked.flatMap((field) => problemOf(field) ?? []);
  for (const { name, referenceTo = [] } of asked) {
    const missing = referenceTo.filter((target) => !known.has(target));
    if (missing.length > 0) problems.push(`${name}: there is no sobject ${missing.join(', ')}`);
  }
  const names = def.fields.map((field) => field.name.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) problems.push(`${def.name} has two fields ${twice}`);
  if (problems.length > 0) throw new SchemaError(problems.join('; '));
}

/** Custom sobjects have Ids that begin with `a`. */
function freePrefix(defs: readonly SObjectDef[]): string {
  const taken = new Set(defs.map(({ keyPrefix }) => keyPrefix));
  for (const first of digits) {
    for (const second of digits) if (!taken.has(`a${first}${second}`)) return `a${first}${second}`;
  }
  throw new SchemaError('there are no Ids left for another sobject');
}
