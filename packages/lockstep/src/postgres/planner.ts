/** Plan types that could scan the whole table for each page. */
export const wholeTableWays = [
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_seqscan',
  'enable_bitmapscan',
  'enable_material',
];

/**
 * A page's statement is planned once, while its table may still be empty, and the plan must still be good when the
 * table has millions of rows: only nested loops over the indexes are. Left to itself, PostgreSQL scanned the whole
 * table for each page of a backfill. Planning such a wide statement again, or JIT-compiling it, costs more than running
 * it.
 */
export const planOnceByIndex: Readonly<Record<string, string>> = {
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  ...Object.fromEntries(wholeTableWays.map((way) => [way, 'off'])),
};

/** A table that is locked for longer is counted later, because other work waits. */
export const wholeTableLockWaitMs = 5_000;
