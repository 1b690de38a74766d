import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { selectSync } from './sql.ts';
import { deleteAllRows, moveToOrg, queueAllStreams, selectStreams, truncateTables } from './stream-sql.ts';
import { tryOnly } from './try-only.ts';

/**
 * Empties the mirror for another org: its Ids mean nothing for the rows that are there. Tables, views, grants and
 * indexes stay; every object is queued to be read from the first record on. No worker may run the sync.
 *
 * Repeated for the same org it does nothing.
 */
export async function emptyMirror(db: Database, orgId: string): Promise<void> {
  const [identity] = await selectSync(db);
  if (!identity || identity.org_id === orgId) return;
  try {
    await db.transaction((tx) => empty(tx, identity.table_schema, orgId, truncateTables));
  } catch (error) {
    if (sqlState(error) !== referencedTable) throw error;
    await db.transaction((tx) => empty(tx, identity.table_schema, orgId, deleteAllRows));
  }
}

/** Whether the mirror is there and can be written, as {@link emptyMirror} needs it. Nothing of it is changed. */
export const checkEmptying = (db: Database, orgId: string): Promise<void> =>
  tryOnly(db, async (tx) => {
    await selectStreams(tx);
    await moveToOrg(tx, orgId);
  });

/** A table of somebody's has a foreign key to one of the mirror's, which TRUNCATE does not look into. */
const referencedTable = '0A000';

async function empty(
  tx: Tx,
  schema: string,
  orgId: string,
  remove: (tx: Tx, schema: string, tables: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const streams = await selectStreams(tx);
  const tables = streams.map(({ table_name: table }) => table);
  if (tables.length > 0) await remove(tx, schema, tables);
  await queueAllStreams(tx);
  await moveToOrg(tx, orgId);
}
