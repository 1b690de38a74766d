import { deadline } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { type Control, readHealth, type Sync } from '../control/index.ts';
import { Fault } from '../core/faults.ts';

/** A worker lets a sync go within seconds; after a crash another one notices within ten. */
const releaseMaxMs = 30_000;
const lookEveryMs = 100;

/**
 * Resolves when no worker runs the sync any more, which is paused or being deleted: one may still be applying a page.
 * @throws Fault `SYS-19`
 */
export async function untilReleased(
  control: Control,
  { id, name }: Sync,
  signal: AbortSignal,
): Promise<void> {
  using late = deadline(control.clock, releaseMaxMs, signal);
  while ((await readHealth(control)).get(id)?.hasWorker === true) {
    await control.clock.sleep(lookEveryMs, late).catch(() => undefined);
    signal.throwIfAborted();
    if (late.aborted) throw new Fault('SYS-19', { sync: shellWord(name) });
  }
}
