/** Recognises a connection pooler in front of the server, such as PgBouncer. */
import {
  type Database,
  type DatabaseAddress,
  openDatabase,
  sqlState,
  type Tx,
} from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { selectSession } from './server-sql.ts';

/**
 * Lockstep needs sessions: their settings, which it sends when it connects, LISTEN, locks and prepared statements. A
 * pooler that shares connections between transactions loses them without an error.
 *
 * @throws {@link Fault} `DB-20`. Any other failure is left to whoever connects next.
 */
export async function refusePooler(to: string | DatabaseAddress): Promise<void> {
  const address = typeof to === 'string' ? { url: to } : to;
  await using undo = new AsyncDisposableStack();
  const open = (): Database => {
    const database = openDatabase({ ...address, applicationName: 'lockstep start', connectionsMax: 1 });
    undo.defer(() => database.end());
    return database;
  };
  const [one, other] = [open(), open()];
  let reason: string | null;
  try {
    reason = await whatIsLost(one, other);
  } catch (error) {
    reason = sqlState(error) === '08P01' ? 'it refuses the settings of a session' : null;
  }
  if (reason !== null) throw new Fault('DB-20', { host: new URL(address.url).host, reason });
}

async function whatIsLost(one: Database, other: Database): Promise<string | null> {
  const first = await sessionOf(one);
  if (!/^(?:"")?$/.test(first.path)) return 'it drops the settings of a session';
  // The first connection is idle now. A pooler lends it to the other client, or the first one another connection.
  const isShared = await other.transaction(async (tx) => {
    const second = await sessionOf(tx);
    const again = await sessionOf(one);
    return second.pid === first.pid || again.pid !== first.pid;
  });
  return isShared ? 'it gives each transaction another connection' : null;
}

async function sessionOf(tx: Tx): Promise<{ pid: number; path: string }> {
  const [session] = await selectSession(tx);
  return session ?? { pid: 0, path: '' };
}
