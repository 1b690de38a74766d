import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import type { Dice } from './seed-dice.ts';
import { rangeOf, recordTypes, type SeedPlan } from './seed-plan.ts';

/** What creates the fields of one sobject's seeded records, and what these makers share. */
export type Maker = (dice: Dice, plan: SeedPlan) => Fields;

/** SQL over the record's number `n`; fields not named stay empty. */
export type Fields = Record<string, Sql | Always>;

/** A value that every record has, and that overrides the default one of all sobjects. */
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

/** The number of the `to` record in the same position as this `from` record; positions wrap around. */
export function numberAtSamePosition(plan: SeedPlan, from: string, to: string): Sql {
  const target = rangeOf(plan, to);
  return sql`(${target.first}::bigint + (n - ${rangeOf(plan, from).first}::bigint) % ${target.count}::bigint)`;
}

export const recordAtSamePosition = (plan: SeedPlan, from: string, to: string, keyPrefix: string): Sql =>
  recordIdSql(keyPrefix, numberAtSamePosition(plan, from, to));

/** One of an sobject's record types. They are numbered in the order of the definitions. */
export function recordTypeOf(dice: Dice, plan: SeedPlan, sobject: string): Always {
  const place = recordTypes.findIndex(({ of }) => of === sobject);
  const count = recordTypes.filter(({ of }) => of === sobject).length;
  const first = rangeOf(plan, 'RecordType').first + place;
  return always(dice.recordIn('record type', '012', { first, count }));
}

/** A field of the record with this Id. */
export const fieldOf = (sobject: string, id: Sql, field: string): Sql =>
  sql`(SELECT one.${ident(field)} FROM ${ident('org', sobject)} AS one WHERE one."Id" = ${id})`;

/** The value at the record's position in a list. */
export const listed = (plan: SeedPlan, sobject: string, values: readonly (string | null)[]): Sql =>
  sql`(${[...values]}::text[])[1 + (n - ${rangeOf(plan, sobject).first}::bigint)::integer]`;
