import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { ClockSetting } from './org-clock.ts';

/** What the control API stores in the org's database. */
export const createControlTables = (tx: Tx): Promise<unknown> =>
  tx.query(sql`
    CREATE TABLE simulator.hidden_record (
      user_id   text COLLATE "C" NOT NULL,
      record_id text COLLATE "C" NOT NULL,
      PRIMARY KEY (user_id, record_id))`);

const clockName = 'clock';

export async function readClock(tx: Tx): Promise<ClockSetting | undefined> {
  const [row] = await tx.query<{ value: ClockSetting }>(
    sql`SELECT value FROM simulator.setting WHERE name = ${clockName}`,
  );
  return row?.value;
}

export const keepClock = (tx: Tx, setting: ClockSetting): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO simulator.setting (name, value) VALUES (${clockName}, ${JSON.stringify(setting)})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`);

/** From now on this is another org, and none of the tokens it issued is known any more. */
export async function changeOrgId(tx: Tx, orgId: string): Promise<void> {
  await tx.query(sql`
    UPDATE simulator.setting SET value = value || jsonb_build_object('orgId', ${orgId}::text) WHERE name = 'org'`);
  await tx.query(sql`DELETE FROM simulator.token`);
}
