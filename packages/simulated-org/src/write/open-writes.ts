import type { Clock } from '@lockstep/foundation/clock';
import type { Database, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
/** What the writes of an org share: how long they wait for locks, and the list of open ones. */
export interface Writes {
  db: Database;
  clock: Clock;
  lockTimeoutMs: number;
  openWrites: Set<{ since: number }>;
}

/** Counts as an open write until it is removed from the org's list. `since` is the oldest stamp that it writes. */
export function openWrite(
  org: Pick<Writes, 'clock' | 'openWrites'>,
  since = Number.POSITIVE_INFINITY,
): { since: number } {
  const write = { since: Math.min(since, org.clock.now()) };
  org.openWrites.add(write);
  return write;
}

/** No idle time-out: a transaction may be idle for as long as a fault delays its request. */
export const setWriteLimits = (tx: Tx, { lockTimeoutMs }: Pick<Writes, 'lockTimeoutMs'>): Promise<unknown> =>
  tx.query(sql`
    SELECT set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true),
           set_config('idle_in_transaction_session_timeout', '0', true)`);

/** When the longest open write began: no stamp of an uncommitted row is older. */
export const oldestOpenWriteTime = ({ openWrites }: Pick<Writes, 'openWrites'>): number | undefined =>
  openWrites.size === 0 ? undefined : Math.min(...[...openWrites].map(({ since }) => since));

/** A transaction that gives up on a locked record as Salesforce does, after the org's lock time-out. */
export async function writeTransaction<Result>(
  org: Writes,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  const write = openWrite(org);
  try {
    return await org.db.transaction(async (tx) => {
      await setWriteLimits(tx, org);
      return work(tx);
    });
  } finally {
    org.openWrites.delete(write);
  }
}
