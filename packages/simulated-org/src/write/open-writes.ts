import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';

/** The transactions that write now: how long they wait for locks, and since when they are open. */
/** Counts as an open write until it is taken off the org's list. `since` is the oldest stamp that it makes. */
export function openWrite(org: Org, since = Number.POSITIVE_INFINITY): { since: number } {
  const write = { since: Math.min(since, org.clock.now()) };
  org.openWrites.add(write);
  return write;
}

/** A transaction may stand still as long as a fault makes its request wait. */
export const setWriteLimits = (tx: Tx, { lockTimeoutMs }: Org): Promise<unknown> =>
  tx.query(sql`
    SELECT set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true),
           set_config('idle_in_transaction_session_timeout', '0', true)`);

/** When the write began that is open the longest: no stamp of an uncommitted row is older. */
export const oldestWrite = ({ openWrites }: Org): number | undefined =>
  openWrites.size === 0 ? undefined : Math.min(...[...openWrites].map(({ since }) => since));
