import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import type { Dice } from './seed-dice.ts';
import { rangeOf, recordTypes, type SeedPlan } from './seed-plan.ts';

/** What makes the fields of one sobject's seeded records, and what makers share. */
export type Maker = (dice: Dice, plan: SeedPlan) => Fields;

/** SQL over the record's number `n`; what is not named stays empty. */
export type Fields = Record<string, Sql | Always>;

/** A value that no record lacks, and that goes before the one that every sobject has. */
export interface Always {
  always: Sql;
}

export const always = (value: Sql): Always => ({ always: value });

export const someRecord = (
  dice: Dice,
  plan: SeedPlan,
  keyPrefix: string,
  sobject: string,
  what: string,
): Sql => dice.recordIn(what, keyPrefix, rangeOf(plan, sobject));

/** The number of the record of `to` that stands where this one does among those of `from`; they begin anew at the end. */
export function numberBeside(plan: SeedPlan, from: string, to: string): Sql {
  const target = rangeOf(plan, to);
  return sql`(${target.first}::bigint + (n - ${rangeOf(plan, from).first}::bigint) % ${target.count}::bigint)`;
}

export const recordBeside = (plan: SeedPlan, from: string, to: string, keyPrefix: string): Sql =>
  recordIdSql(keyPrefix, numberBeside(plan, from, to));

/** One of the record types of an sobject. They stand in the order of the definitions. */
export function recordTypeOf(dice: Dice, plan: SeedPlan, sobject: string): Always {
  const place = recordTypes.findIndex(({ of }) => of === sobject);
  const count = recordTypes.filter(({ of }) => of === sobject).length;
  const first = rangeOf(plan, 'RecordType').first + place;
  return always(dice.recordIn('record type', '012', { first, count }));
}

/** A field of the record that an Id names. */
export const fieldOf = (sobject: string, id: Sql, field: string): Sql =>
  sql`(SELECT one.${ident(field)} FROM ${ident('org', sobject)} AS one WHERE one."Id" = ${id})`;

/** From a list in the order of the records. */
export const listed = (plan: SeedPlan, sobject: string, values: readonly (string | null)[]): Sql =>
  sql`(${[...values]}::text[])[1 + (n - ${rangeOf(plan, sobject).first}::bigint)::integer]`;
