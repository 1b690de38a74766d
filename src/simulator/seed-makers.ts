import { type Sql, sql } from '../lib/sql.ts';
import { recordIdSql } from './ids.ts';
import { rangeOf, type SeedPlan } from './seed-data.ts';
import type { Dice } from './seed-dice.ts';

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
