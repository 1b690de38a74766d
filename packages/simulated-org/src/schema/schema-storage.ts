import type { Clock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { linkFormulas } from '../formula/index.ts';
import { checkRollUps } from '../write/roll-ups.ts';
import type { SObjectDef, SObjects } from './schema.ts';

/**
 * The definitions as stored in the database. A new org has those of `objects/`, and they change while it runs; a
 * restart keeps the changes.
 */
export interface Schema {
  sobjects: SObjects;
  /** Epoch ms of the last change. */
  changedAt: number;
}

const changedAtSetting = 'schema changed at';

export async function readSchema(tx: Tx, clock: Clock): Promise<Schema> {
  const rows = await tx.query<{ definition: SObjectDef }>(
    sql`SELECT definition FROM simulator.sobject ORDER BY position`,
  );
  const [setting] = await tx.query<{ value: number }>(
    sql`SELECT value FROM simulator.setting WHERE name = ${changedAtSetting}`,
  );
  return {
    sobjects: mapOf(
      rows.map((row) => row.definition),
      clock,
    ),
    changedAt: setting?.value ?? 0,
  };
}

/**
 * The definitions by name, their formulas compiled.
 *
 * @param clock  the org's, for formulas that use the current time
 * @throws {@link FormulaError} for a formula or roll-up that does not fit the definitions
 */
export function mapOf(defs: readonly SObjectDef[], clock: Clock): SObjects {
  const sobjects = linkFormulas(new Map(defs.map((def) => [def.name.toLowerCase(), def])), clock);
  checkRollUps(sobjects);
  return sobjects;
}

/** Adds definitions; one of the same name is replaced. */
export async function storeSObjects(tx: Tx, defs: readonly SObjectDef[], at: number): Promise<void> {
  for (const def of defs) {
    await tx.query(sql`
      INSERT INTO simulator.sobject (name, definition) VALUES (${def.name}, ${JSON.stringify(def)})
      ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`);
  }
  await schemaChanged(tx, at);
}

export async function forgetSObject(tx: Tx, def: SObjectDef, at: number): Promise<void> {
  await tx.query(sql`DELETE FROM simulator.sobject WHERE name = ${def.name}`);
  await schemaChanged(tx, at);
}

/** Descriptions have changed, and say so. */
export const schemaChanged = (tx: Tx, at: number): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO simulator.setting (name, value) VALUES (${changedAtSetting}, to_jsonb(${at}::bigint))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
