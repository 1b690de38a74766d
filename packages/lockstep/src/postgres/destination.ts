import { type Database, openDatabase } from '@lockstep/foundation/database';
import { migrate, NewerSchemaError } from '@lockstep/foundation/migrations';
import { sql } from '@lockstep/foundation/sql';
import { Fault } from '../core/faults.ts';
import { mergeStatements } from './merge-statement.ts';
import { type Mirror, mirrorIn } from './mirror.ts';
import type { Holder } from './observations.ts';
import type { StreamTable } from './page-part.ts';
import { planOnceByIndex } from './planner.ts';
import * as statements from './sql.ts';
import { destinationMigrations, loadStreams } from './tables.ts';

/** The database that a sync's mirror lives in, with the streams that it has. */
export interface Destination {
  db: Database;
  mirror: Mirror;
  /** By the sobject's API name in lower case. */
  tables: ReadonlyMap<string, StreamTable>;
  /** Loads the tables again, into the same map: a plan has changed. */
  reloadTables(): Promise<void>;
  end(): Promise<void>;
}

/**
 * The holder's sessions carry its epoch, so that the next holder can find and end them. PostgreSQL cuts a name at 63
 * bytes; the epoch comes last and must survive.
 */
export function holderName({ owner, epoch }: Holder): string {
  const room = applicationNameBytesMax - `lockstep//${epoch}`.length;
  return `lockstep/${owner.replaceAll(/[^\x21-\x7e]/g, '').slice(0, room)}/${epoch}`;
}

const applicationNameBytesMax = 63;

/**
 * Opens a destination as its writer, and brings it up to date where an older version made it.
 *
 * @throws {@link Fault} `SYS-07`: a newer version has had it; database errors as they come
 */
export async function openDestination(url: string, applicationName: string): Promise<Destination> {
  const settings = { ...planOnceByIndex, lock_timeout: lockWait };
  const db = openDatabase({ url, applicationName, connectionsMax: 4, settings });
  const wholeTables = openWholeTables(url, applicationName);
  const end = async () => {
    await wholeTables.end();
    await db.end();
  };
  try {
    const [made] = await db.query(sql`SELECT WHERE to_regclass('_lockstep.migration') IS NOT NULL`);
    if (made) await migrateDestination(wholeTables);
    const tables = new Map(await loadTables(db));
    return {
      db,
      mirror: mirrorIn(db, wholeTables),
      tables,
      async reloadTables() {
        for (const [name, table] of await loadTables(db)) tables.set(name, table);
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A page does not wait longer for a table that somebody has locked: it comes again, and the others go on. */
const lockWait = '1s';

/** Connections for what goes through a whole table, however long that takes. At the end it is cancelled. */
const openWholeTables = (url: string, applicationName: string): Database =>
  openDatabase({ url, applicationName, connectionsMax: 2, statementTimeoutMs: 0, cancelsAtEnd: true });

/**
 * A destination as proxied writes use it. What is recorded of a write has connections of its own, so that it does not
 * wait behind read-backs that wait for a locked table.
 */
export async function openDestinationForWrites(url: string, owner: string): Promise<Destination> {
  const applicationName = `lockstep-proxy/${owner}`;
  const destination = await openDestination(url, applicationName);
  const records = openDatabase({ url, applicationName, connectionsMax: 4 });
  const apart = mirrorIn(records);
  return {
    ...destination,
    mirror: {
      ...destination.mirror,
      recordIntent: (intent) => apart.recordIntent(intent),
      recordOutcome: (intents, outcome) => apart.recordOutcome(intents, outcome),
      markRows: (...given) => apart.markRows(...given),
    },
    async end() {
      await records.end();
      await destination.end();
    },
  };
}

async function loadTables(db: Database): Promise<ReadonlyMap<string, StreamTable>> {
  const [identity] = await statements.selectSync(db);
  if (!identity) return new Map();
  const [server] = await db.query<{ version: number }>(
    sql`SELECT current_setting('server_version_num')::integer AS version`,
  );
  const streams = await loadStreams(db, identity.table_schema);
  return new Map(
    streams.map((stream) => [
      stream.sobject.toLowerCase(),
      { stream, merge: mergeStatements(stream, server?.version ?? 0) },
    ]),
  );
}

/** Makes `_lockstep` in a new destination, or brings an older one up to date, and says whose mirror it is. */
export async function prepareDestination(
  db: Database,
  sync: { syncId: string; orgId: string; tableSchema: string; owner: string },
): Promise<void> {
  await migrateDestination(db, sync.owner);
  await statements.insertSync(db, sync.syncId, sync.orgId, sync.tableSchema);
  const [identity] = await statements.selectSync(db);
  if (identity?.org_id !== sync.orgId) throw new Fault('ORG-01', { org: sync.orgId });
}

/** @param owner  of what is made; without it the session's own role, which for the writer is the owner already */
async function migrateDestination(db: Database, owner?: string): Promise<void> {
  const schema = '_lockstep';
  try {
    await migrate(db, { schema, folder: destinationMigrations, ...(owner !== undefined && { role: owner }) });
  } catch (error) {
    if (!(error instanceof NewerSchemaError)) throw error;
    const reason = `mirror schema ${error.found}, this version knows ${error.known}`;
    throw new Fault('SYS-07', { reason }, { cause: error });
  }
}
