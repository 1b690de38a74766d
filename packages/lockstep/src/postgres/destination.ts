import { type Database, type DatabaseAddress, openDatabase } from '@lockstep/foundation/database';
import { migrate, NewerSchemaError } from '@lockstep/foundation/migrations';
import { Fault } from '../core/faults.ts';
import { bookkeepingSchema } from './bookkeeping.ts';
import { mergeStatements } from './merge-statement.ts';
import { type Mirror, mirrorIn } from './mirror.ts';
import type { Holder } from './observations.ts';
import type { StreamTable } from './page-part.ts';
import { planOnceByIndex } from './planner.ts';
import { selectServerVersion } from './server-sql.ts';
import * as statements from './sql.ts';
import { destinationMigrations, loadStreams } from './tables.ts';

/** The database of a sync's mirror, with its streams. */
export interface Destination {
  db: Database;
  mirror: Mirror;
  /** By the sobject's API name in lower case. */
  tables: ReadonlyMap<string, StreamTable>;
  /** Loads the tables again into the same map, after a plan has changed. */
  reloadTables(): Promise<void>;
  end(): Promise<void>;
}

/**
 * The application name of the holder's sessions contains its epoch, so that the next holder can find and end them.
 * PostgreSQL truncates the name to 63 bytes; the epoch comes last and must not be cut off.
 */
export function holderName({ owner, epoch }: Holder): string {
  const room = applicationNameBytesMax - `lockstep//${epoch}`.length;
  return `lockstep/${owner.replaceAll(/[^\x21-\x7e]/g, '').slice(0, room)}/${epoch}`;
}

const applicationNameBytesMax = 63;

/**
 * Opens a destination as its writer, and migrates it if an older version created it.
 *
 * @throws {@link Fault} `SYS-07`: a newer version has migrated it; database errors unchanged
 */
export async function openDestination(
  to: string | DatabaseAddress,
  applicationName: string,
): Promise<Destination> {
  const address = toAddress(to);
  const settings = { ...planOnceByIndex, lock_timeout: lockWait };
  const db = openDatabase({ ...address, applicationName, connectionsMax: 4, settings });
  const wholeTables = openWholeTables(address, applicationName);
  const end = async () => {
    await wholeTables.end();
    await db.end();
  };
  try {
    const [made] = await statements.selectBookkeeping(db);
    if (made) await migrateDestination(wholeTables);
    const tables = new Map(await loadTables(db));
    return {
      db,
      mirror: mirrorIn(db, wholeTables),
      tables,
      async reloadTables() {
        const loaded = await loadTables(db);
        for (const name of tables.keys()) if (!loaded.has(name)) tables.delete(name);
        for (const [name, table] of loaded) tables.set(name, table);
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

const toAddress = (to: string | DatabaseAddress): DatabaseAddress =>
  typeof to === 'string' ? { url: to } : to;

/** A page waits no longer than this for a table that somebody has locked: it is read again, and other streams go on. */
const lockWait = '1s';

/** Connections for statements that scan a whole table, however long they take. Closing cancels them. */
const openWholeTables = (address: DatabaseAddress, applicationName: string): Database =>
  openDatabase({ ...address, applicationName, connectionsMax: 3, statementTimeoutMs: 0, cancelsAtEnd: true });

/**
 * A destination as proxied writes use it. Recording a write has its own connections, so that it does not queue behind
 * read-backs that wait for a locked table.
 */
export async function openDestinationForWrites(
  to: string | DatabaseAddress,
  owner: string,
): Promise<Destination> {
  const address = toAddress(to);
  const applicationName = `lockstep-proxy/${owner}`;
  const destination = await openDestination(address, applicationName);
  const recordsDb = openDatabase({ ...address, applicationName, connectionsMax: 4 });
  const records = mirrorIn(recordsDb);
  return {
    ...destination,
    mirror: {
      ...destination.mirror,
      recordIntent: (intent) => records.recordIntent(intent),
      recordOutcome: (intents, outcome) => records.recordOutcome(intents, outcome),
      markRows: (...given) => records.markRows(...given),
    },
    async end() {
      await recordsDb.end();
      await destination.end();
    },
  };
}

async function loadTables(db: Database): Promise<ReadonlyMap<string, StreamTable>> {
  const [identity] = await statements.selectSync(db);
  if (!identity) return new Map();
  const [server] = await selectServerVersion(db);
  const streams = await loadStreams(db, identity.table_schema);
  return new Map(
    streams.map((stream) => [
      stream.sobject.toLowerCase(),
      { stream, merge: mergeStatements(stream, server?.version ?? 0) },
    ]),
  );
}

/**
 * Creates or migrates `_lockstep`, and records which sync and org the mirror belongs to.
 *
 * @throws {@link Fault} `ORG-01`; `DB-21`: it holds the mirror of another sync
 */
export async function prepareDestination(
  db: Database,
  sync: { syncId: string; orgId: string; tableSchema: string; owner?: string },
): Promise<void> {
  await migrateDestination(db, sync.owner);
  await statements.insertSync(db, sync.syncId, sync.orgId, sync.tableSchema);
  const [identity] = await statements.selectSync(db);
  if (identity && identity.sync_id !== sync.syncId) throw new Fault('DB-21', { sync: identity.sync_id });
  if (identity?.org_id !== sync.orgId) throw new Fault('ORG-01', { org: sync.orgId });
}

/** @param owner  of what is created; without it the session's own role, which for the writer is the owner already */
async function migrateDestination(db: Database, owner?: string): Promise<void> {
  const schema = bookkeepingSchema;
  try {
    await migrate(db, { schema, folder: destinationMigrations, ...(owner !== undefined && { role: owner }) });
  } catch (error) {
    if (!(error instanceof NewerSchemaError)) throw error;
    const reason = `mirror schema ${error.found}, this version knows ${error.known}`;
    throw new Fault('SYS-07', { reason }, { cause: error });
  }
}
