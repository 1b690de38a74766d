import { type Sql, sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import type { Range } from './seed-plan.ts';

/**
 * Chance as SQL over the record's number `n`: a hash of the number, the seed and the name of the roll, so that a
 * value depends only on these three, and another column can repeat the roll.
 */
export interface Dice {
  /** A whole number, at least 0 and below `sides`, as a bigint. */
  roll: (what: string, sides: number) => Sql;
  pick: (what: string, words: readonly string[]) => Sql;
  /** The Id of a random record of a range. */
  recordIn: (what: string, keyPrefix: string, range: Range) => Sql;
  /** `value` in one of `times` records, null in the others. */
  rarely: (what: string, times: number, value: Sql) => Sql;
}

export function diceOf(seed: number): Dice {
  const roll = (what: string, sides: number): Sql =>
    sql`((hashint8extended(n * 65536 + ${saltOf(what)}::bigint, ${seed}::bigint) & 9223372036854775807) % ${sides}::bigint)`;
  return {
    roll,
    pick: (what, words) => sql`(${[...words]}::text[])[1 + ${roll(what, words.length)}::integer]`,
    recordIn: (what, keyPrefix, { first, count }) =>
      recordIdSql(keyPrefix, sql`(${first}::bigint + ${roll(what, count)})`),
    rarely: (what, times, value) => sql`CASE WHEN ${roll(what, times)} = 0 THEN ${value} END`,
  };
}

/** 16 bits of FNV-1a: far more values than there are names. */
function saltOf(what: string): number {
  let hash = 0x811c9dc5;
  for (const char of what) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (hash ^ (hash >>> 16)) & 0xffff;
}
