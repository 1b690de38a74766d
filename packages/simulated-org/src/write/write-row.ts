import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { Frame } from '../formula/index.ts';
import { OrgError } from '../http/errors.ts';
import { type Stamp, type Writer } from '../org.ts';
import type { SObjectDef, SObjects } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { type Change, logged, loggedColumns } from './commit-log.ts';
import { preparedWrite } from './prepared-writes.ts';
import { isWantedMaster, lockMasters, type RollUps, rolledFrom, rollUpsOf } from './roll-ups.ts';
import { type RunnableTrigger, rulesOf, type Validation } from './rule-book.ts';
import type { Moment, ValidationRule } from './rules.ts';
import { behaviourReads, fillIn, followUp } from './standard-behaviour.ts';
import { modifiedColumns } from './writer.ts';

/**
 * Writes one row with all consequences, in this order: what the org fills in, before triggers, validation rules, the
 * log, after triggers, follow-up rows, roll-ups of its masters. For an sobject without triggers, the row, its rules
 * and the log are one statement. Triggers themselves write by this path, so the org passes them in.
 */
export interface RowWrite {
  change: Change;
  id: string;
  /** The columns that the write sets, stamps included. */
  columns: ReadonlyMap<string, unknown>;
  /** What {@link returnedColumns} gave before; absent for a new record. */
  before?: Row;
}

/** Column values in PostgreSQL's text form. */
export type Row = Record<string, string | null>;

/**
 * What is read of each written row: the Id, the references that roll-ups follow, and what the org's behaviour needs.
 */
export const returnedColumns = (sobjects: SObjects, def: SObjectDef): Sql =>
  join(namesReturned(sobjects, def).map((name) => ident(name)));

const namesReturned = (sobjects: SObjects, def: SObjectDef): readonly string[] => [
  ...new Set([
    'Id',
    ...rollUpsOf(sobjects, def).map(({ reference }) => reference.name),
    ...behaviourReads(def),
  ]),
];

const phases = { create: 'insert', update: 'update', delete: 'delete', undelete: undefined } as const;

export async function writeRow(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  given: RowWrite,
  stamp: Stamp,
): Promise<void> {
  const columns = new Map(given.columns);
  const filled = { tx, by, def, stamp, id: given.id, before: given.before ?? null, columns };
  await fillIn(filled);
  const write: RowWrite = { ...given, columns };
  const rules = rulesOf(by.org, def.name);
  const phase = phases[write.change];
  const at = (when: 'before' | 'after') => (phase && rules?.triggers.get(`${when} ${phase}`)) ?? [];
  const [befores, afters] = [at('before'), at('after')];
  const old =
    befores.length + afters.length > 0 && phase === 'update' ? await wholeRow(tx, def, write.id) : undefined;
  const validations = phase === 'insert' || phase === 'update' ? (rules?.validations ?? []) : [];
  const row =
    befores.length > 0
      ? await writeWithTriggers(tx, by, def, write, { stamp, befores, validations, old })
      : await writeAtOnce(tx, by, def, write, { stamp, validations });
  if (afters.length > 0)
    await by.org.runTriggers(tx, by, def, afters, {
      id: write.id,
      when: `after ${phase}` as Moment,
      old,
      stamp,
    });
  await followUp(filled, row);
  await keepRollUps(tx, by, def, write.before ? [write.before, row] : [row], stamp);
}

/** In one statement. */
async function writeAtOnce(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  write: RowWrite,
  { stamp, validations }: { stamp: Stamp; validations: readonly Validation[] },
): Promise<Row> {
  const { change, id, columns } = write;
  const names = loggedColumns(def, change, [...columns.keys()]);
  // Passing on wide rows costs more than writing them; only rules and an undelete need the whole row.
  const isNarrow = names && validations.length === 0;
  const wanted = isNarrow
    ? join([...new Set([...namesReturned(by.org.sobjects, def), ...names])].map((name) => ident(name)))
    : sql`*`;
  const prior =
    change === 'update' ? sql`SELECT ${wanted} FROM ${tableOf(def)} WHERE "Id" = ${id}` : undefined;
  const source = sql`${writing(def, write)} RETURNING ${wanted}`;
  return checked(tx, by, def, write, { source, prior, stamp, validations, names });
}

interface Triggered {
  stamp: Stamp;
  befores: readonly RunnableTrigger[];
  validations: readonly Validation[];
  /** The row before an update, as JSON. */
  old: string | undefined;
}

/** Before triggers see and change the row as it is going to be. */
async function writeWithTriggers(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  write: RowWrite,
  { stamp, befores, validations, old }: Triggered,
): Promise<Row> {
  const { id, change } = write;
  const when = `before ${phases[change]}` as Moment;
  if (change === 'delete') {
    await by.org.runTriggers(tx, by, def, befores, { id, when, old, stamp });
    return writeAtOnce(tx, by, def, write, { stamp, validations });
  }
  await tx.query(writing(def, write));
  const set = await by.org.runTriggers(tx, by, def, befores, { id, when, old, stamp });
  const names = loggedColumns(def, change, [...write.columns.keys(), ...set]);
  const source = sql`SELECT * FROM ${tableOf(def)} WHERE "Id" = ${id}`;
  const prior = old === undefined ? undefined : sql`SELECT * FROM ${rowOfJson(def, old)}`;
  return checked(tx, by, def, write, { source, prior, stamp, validations, names });
}

/** Logs the rows of `source`, and refuses them if a validation rule does. */
async function checked(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  { change }: RowWrite,
  of: {
    source: Sql;
    prior: Sql | undefined;
    stamp: Stamp;
    validations: readonly Validation[];
    names: readonly string[] | undefined;
  },
): Promise<Row> {
  const frame: Frame = {
    row: 'n',
    isNew: change === 'create',
    userId: by.userId,
    ...(of.prior && { prior: 'o' }),
  };
  const reads = namesReturned(by.org.sobjects, def).map((name) => ident('n', name));
  const violations = of.validations.map(
    ({ condition }, i) => sql`${condition(frame)} AS ${ident(violated(i))}`,
  );
  const statement = sql`
    WITH ${of.prior ? sql`o AS (${of.prior}), ` : sql``}n AS (${of.source}),
         logged AS (${logged(by, def, change, of.names, of.stamp)})
    SELECT ${join([...reads, ...violations])} FROM n${of.prior ? sql`, o` : sql``}`;
  const [row] = await tx.query<Row>(preparedWrite(def, statement));
  const broken = of.validations.find(
    (_validation, i) => (row as Record<string, unknown> | undefined)?.[violated(i)] === true,
  );
  if (broken) throw validationFailed(broken.rule);
  return row as Row;
}

const violated = (index: number): string => `violates ${index}`;

const validationFailed = ({ message, field }: ValidationRule): OrgError =>
  new OrgError(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message, field === undefined ? [] : [field]);

function writing(def: SObjectDef, { change, id, columns }: RowWrite): Sql {
  const entries = [...columns];
  if (change === 'create') {
    const names = join(entries.map(([name]) => ident(name)));
    return sql`INSERT INTO ${tableOf(def)} (${names}) VALUES (${join(entries.map(([, value]) => sql`${value}`))})`;
  }
  const assignments = join(entries.map(([name, value]) => sql`${ident(name)} = ${value}`));
  return sql`UPDATE ${tableOf(def)} SET ${assignments} WHERE "Id" = ${id}`;
}

async function wholeRow(tx: Tx, def: SObjectDef, id: string): Promise<string> {
  const [row] = await tx.query<{ whole: string }>(
    sql`SELECT to_jsonb(r)::text AS whole FROM ${tableOf(def)} AS r WHERE "Id" = ${id}`,
  );
  return row?.whole ?? '{}';
}

/** A row that is no longer in the table, for use in FROM. */
export const rowOfJson = (def: SObjectDef, json: string): Sql =>
  sql`jsonb_populate_record(NULL::${tableOf(def)}, ${json}::jsonb)`;

/**
 * Recomputes the roll-ups of the rows' old and new masters, which then count as changed by the writer of the rows.
 */
export async function keepRollUps(
  tx: Tx,
  by: Writer,
  child: SObjectDef,
  rows: readonly Row[],
  stamp: Stamp,
): Promise<void> {
  for (const group of rollUpsOf(by.org.sobjects, child)) {
    const referred = new Set(rows.map((row) => row[group.reference.name] ?? null));
    const ids = [...referred].filter((id) => id !== null).toSorted();
    if (ids.length === 0) continue;
    await lockMasters(tx, group, ids);
    if (rulesOf(by.org, group.master.name)) await writeMastersByRules(tx, by, group, ids, stamp);
    else await writeMasters(tx, by, group, ids, stamp);
  }
}

/** One statement for all of them. */
async function writeMasters(
  tx: Tx,
  by: Writer,
  group: RollUps,
  ids: readonly string[],
  stamp: Stamp,
): Promise<void> {
  const { master, fields } = group;
  const stamps = modifiedColumns(master, stamp);
  const names = [...fields.map(({ field }) => field.name), ...stamps.keys()];
  const assignments = [
    ...fields.map(({ field }) => sql`${ident(field.name)} = rolled.${ident(field.name)}`),
    ...[...stamps].map(([name, value]) => sql`${ident(name)} = ${value}`),
  ];
  const returns = namesReturned(by.org.sobjects, master);
  const wanted = [...new Set([...returns, ...names])].map((name) => ident(name));
  const reads = returns.map((name) => ident('n', name));
  const statement = sql`
    WITH o AS (SELECT ${join(wanted)} FROM ${tableOf(master)} WHERE "Id" = ANY(${[...ids]})),
         n AS (UPDATE ${tableOf(master)} AS m SET ${join(assignments)} FROM ${rolledFrom(group, ids)}
                WHERE ${isWantedMaster(group)} RETURNING ${join(wanted.map((column) => sql`m.${column}`))}),
         logged AS (${logged(by, master, 'update', names, stamp)})
    SELECT ${join(reads)} FROM n`;
  const rows = await tx.query<Row>(preparedWrite(master, statement));
  if (rows.length > 0) await keepRollUps(tx, by, master, rows, stamp);
}

async function writeMastersByRules(
  tx: Tx,
  by: Writer,
  group: RollUps,
  ids: readonly string[],
  stamp: Stamp,
): Promise<void> {
  const { master, fields } = group;
  const reads = namesReturned(by.org.sobjects, master).map((name) => ident('m', name));
  const values = fields.map(
    ({ field }, i) => sql`(rolled.${ident(field.name)})::text AS ${ident(`rolled ${i}`)}`,
  );
  const rows = await tx.query<Row>(sql`
    SELECT ${join([...reads, ...values])} FROM ${tableOf(master)} AS m, ${rolledFrom(group, ids)}
     WHERE ${isWantedMaster(group)} ORDER BY m."Id"`);
  for (const row of rows) {
    const rolled = fields.map(({ field }, i): [string, unknown] => [field.name, row[`rolled ${i}`]]);
    const columns = new Map([...rolled, ...modifiedColumns(master, stamp)]);
    await writeRow(tx, by, master, { change: 'update', id: row.Id ?? '', columns, before: row }, stamp);
  }
}
