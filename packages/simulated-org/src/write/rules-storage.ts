import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { noRules, type Rules } from './rules.ts';

/** The org's rules, in one row: they are declared and replaced as a whole. */
export async function createRulesTable(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.rules (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      rules   json NOT NULL)`);
}

export async function readRules(tx: Tx): Promise<Rules> {
  const [row] = await tx.query<{ rules: Rules }>(sql`SELECT rules FROM simulator.rules`);
  return row?.rules ?? noRules;
}

export const storeRules = (tx: Tx, rules: Rules): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO simulator.rules (rules) VALUES (${JSON.stringify(rules)})
    ON CONFLICT (is_only) DO UPDATE SET rules = excluded.rules`);
