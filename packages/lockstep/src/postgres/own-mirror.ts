/** Removing a mirror from a database that a person owns. */
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import {
  dropBookkeeping,
  dropEmptySchema,
  dropTables,
  selectOwnSchema,
  selectOwnTables,
  selectStrangers,
} from './own-mirror-sql.ts';
import { selectBookkeeping, selectSync } from './sql.ts';
import { rollbackToSavepoint, setSavepoint } from './transaction-sql.ts';

/**
 * Drops the tables that the sync has made, its bookkeeping, and the tables' schema if that is empty then and the
 * writer's own. All of it or nothing; does nothing if the mirror is gone, or belongs to another sync.
 *
 * @throws {@link Fault} `DB-24`: something of others depends on it. Database errors unchanged.
 */
export async function dropOwnMirror(db: Database, syncId: string, schema: string): Promise<void> {
  const [made] = await selectBookkeeping(db);
  if (!made) return;
  const [sync] = await selectSync(db).catch((error: unknown) => {
    if (sqlState(error) === '42P01') return []; // made and not yet migrated
    throw error;
  });
  if (sync && sync.sync_id !== syncId) return;
  await db.transaction(async (tx) => {
    if (sync) await dropMirrorTables(tx, schema);
    const strangers = (await selectStrangers(tx)).map(({ name }) => name);
    if (strangers.length > 0)
      throw new Fault('DB-24', { reason: `${strangers.slice(0, 5).join(', ')} uses the schema _lockstep` });
    await dropBookkeeping(tx);
    await dropSchemaIfEmpty(tx, schema);
  });
}

async function dropMirrorTables(tx: Tx, schema: string): Promise<void> {
  const tables = (await selectOwnTables(tx, schema)).map(({ name }) => name);
  if (tables.length === 0) return;
  try {
    await dropTables(tx, schema, tables);
  } catch (error) {
    if (sqlState(error) !== '2BP01') throw error;
    // PostgreSQL's own words name what depends, in the language of the server.
    const { detail } = error as { detail?: string };
    throw new Fault('DB-24', { reason: detail?.split('\n')[0] ?? 'a view uses a table of the mirror' });
  }
}

async function dropSchemaIfEmpty(tx: Tx, schema: string): Promise<void> {
  const [own] = await selectOwnSchema(tx, schema);
  if (!own) return;
  await setSavepoint(tx, 'emptied');
  try {
    await dropEmptySchema(tx, schema);
  } catch (error) {
    if (sqlState(error) !== '2BP01') throw error;
    await rollbackToSavepoint(tx, 'emptied');
  }
}
