import { sql } from '@lockstep/foundation/sql';
import { asOrgError } from '../http/errors.ts';
import { type Org } from '../org.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { sweepRecycleBin } from '../write/recycle-bin.ts';

/** Removes records from the recycle bin and the delete log automatically, by the org's clock. */
const sweepEveryMs = 3_600_000;
const patienceMs = 100;

/** If an open transaction has locked a row, nothing is removed until the next sweep. */
export async function sweep(org: Org): Promise<void> {
  try {
    await writeTransaction(org, async (tx) => {
      await tx.query(sql`SELECT set_config('lock_timeout', ${`${patienceMs}ms`}, true)`);
      await sweepRecycleBin(tx, org);
    });
  } catch (error) {
    if (!asOrgError(error)) throw error;
  }
}

/** Runs until the signal aborts. `onDefect` gets errors that no request should be able to cause. */
export async function runSweeps(
  org: Org,
  signal: AbortSignal,
  onDefect: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    await org.clock.sleep(sweepEveryMs, signal).catch(() => undefined);
    if (!signal.aborted) await sweep(org).catch(onDefect);
  }
}
