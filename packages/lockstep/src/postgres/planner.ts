import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** Ways to read a table that would go through it whole again for each page. */
const wholeTableWays = [
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_seqscan',
  'enable_bitmapscan',
  'enable_material',
];

/**
 * A page is planned once, while its table may still be empty, and the plan must be good when it has millions of rows:
 * only nested loops over the indexes are. With PostgreSQL's own choice a first fill scanned its whole table again
 * for each page. Wide statements planned anew, or compiled, cost more than a page.
 */
export const planOnceByIndex: Readonly<Record<string, string>> = {
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  ...Object.fromEntries(wholeTableWays.map((way) => [way, 'off'])),
};

/** A table that somebody has locked is counted later: others wait for their turn. */
export const wholeTableLockWaitMs = 5_000;

/** Takes that back for the rest of this transaction, whose statements do go through a whole table. */
export const planForWholeTable = (tx: Tx) =>
  tx.query(sql`
  SELECT set_config(way, 'on', true) FROM unnest(${wholeTableWays}::text[]) AS way
   UNION ALL SELECT set_config('plan_cache_mode', 'auto', true)`);
