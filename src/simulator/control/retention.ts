import { type Org, writeTransaction } from '../org.ts';
import { sweepRecycleBin } from '../recycle-bin.ts';

/** Records leave the recycle bin and the delete log by themselves, by the org's clock. */
const sweepEveryMs = 3_600_000;

export const sweep = (org: Org): Promise<void> => writeTransaction(org, (tx) => sweepRecycleBin(tx, org));

/** Runs until the signal aborts. `onDefect` is told what no person should be able to cause. */
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
