/** Locks that others hold on a mirror's table. */
import { type Database, sqlState } from '@lockstep/foundation/database';
import { selectLocks } from './catalog-sql.ts';
import { lockTable } from './table-sql.ts';
import type { Stream } from './tables.ts';
import { limitLockWait } from './transaction-sql.ts';

const probeMs = 50;

/** Whether a page could be written now. Asking saves the Salesforce request for a page that would be thrown away. */
export async function isWritable(db: Database, stream: Stream): Promise<boolean> {
  try {
    await db.transaction(async (tx) => {
      await limitLockWait(tx, probeMs);
      await lockTable(tx, stream);
    });
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

export const isLockTimeout = (error: unknown): boolean => sqlState(error) === '55P03';

const holdersMax = 3;

/** Who holds locks on the table, by session, user and lock mode; null if nobody is known to. */
export async function lockHolders(db: Database, stream: Stream): Promise<string | null> {
  const holders = await selectLocks(db, stream, holdersMax);
  if (holders.length === 0) return null;
  return holders
    .map(({ pid, user, mode }) => `session ${pid} of ${user ?? 'another user'}: ${mode}`)
    .join(', ');
}
