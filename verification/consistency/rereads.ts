import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@lockstep/foundation/random';
import { makeSyncRequest, readLivingWorkers } from 'lockstep/control';
import type { ProcessHarness } from './process-harness.ts';

const everyMs = [4_000, 20_000] as const;
const expiresInMs = 30_000;

/** Requests complete readings of tables again and again; their pages are of the same kind as a backfill's. */
export async function runRereads(
  { control: { control }, sync }: ProcessHarness,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(random.between(...everyMs), undefined, { signal }).catch(() => undefined);
    if (signal.aborted || (await readLivingWorkers(control)).length === 0) continue;
    await makeSyncRequest(control, sync.id, {
      kind: 'verify content',
      objects: [random.pick(sync.sobjects)],
      expiresInMs,
    });
  }
}
