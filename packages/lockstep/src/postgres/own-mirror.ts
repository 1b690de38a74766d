/** Removing a mirror from a database that a person owns. */
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { selectDependents } from './catalog-sql.ts';
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
  const found = await findMirror(db, syncId);
  if (found === 'none') return;
  await db.transaction(async (tx) => {
    if (found === 'made') await dropMirrorTables(tx, schema);
    await refuseStrangers(tx);
    await dropBookkeeping(tx);
    await dropSchemaIfEmpty(tx, schema);
  });
}

/** Whether {@link dropOwnMirror} would refuse. Reads the catalogue only, so that nobody waits. @throws the same */
export async function checkOwnMirror(db: Database, syncId: string): Promise<void> {
  const found = await findMirror(db, syncId);
  if (found === 'none') return;
  if (found === 'made') refuseFor(await selectDependents(db, null), 'a table of the mirror');
  await refuseStrangers(db);
}

const refuseStrangers = async (tx: Tx) => refuseFor(await selectStrangers(tx), 'the schema _lockstep');

function refuseFor(users: readonly { name: string }[], what: string): void {
  if (users.length === 0) return;
  const names = users.slice(0, 5).map(({ name }) => name);
  throw new Fault('DB-24', { reason: `${names.join(', ')} uses ${what}` });
}

/** `begun`: its bookkeeping has no tables yet. */
async function findMirror(db: Database, syncId: string): Promise<'none' | 'begun' | 'made'> {
  const [made] = await selectBookkeeping(db);
  if (!made) return 'none';
  const [sync] = await selectSync(db).catch((error: unknown) => {
    if (sqlState(error) === '42P01') return []; // made and not yet migrated
    throw error;
  });
  if (!sync) return 'begun';
  return sync.sync_id === syncId ? 'made' : 'none';
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
