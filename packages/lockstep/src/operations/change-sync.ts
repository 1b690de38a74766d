import {
  type Control,
  readSync,
  type Sync,
  setIntervalMs,
  setPaused,
  setStopAt,
  setWithoutDatabase,
} from '../control/index.ts';

/** What can be changed about a sync while it runs. */
export type SyncChange = Partial<Pick<Sync, 'paused' | 'intervalMs' | 'stopAtPercent' | 'withoutDatabase'>>;

/**
 * Changes what is given, and returns the sync as it is then. Its worker learns of it at once.
 *
 * @throws {@link Fault} `LIM-05`: an interval or a percentage that no sync can have
 */
export async function changeSync(
  control: Control,
  sync: Sync,
  { paused, intervalMs, stopAtPercent, withoutDatabase }: SyncChange,
): Promise<Sync> {
  const { id } = sync;
  if (intervalMs !== undefined) await setIntervalMs(control, id, intervalMs);
  if (stopAtPercent !== undefined) await setStopAt(control, id, stopAtPercent);
  if (withoutDatabase !== undefined) await setWithoutDatabase(control, id, withoutDatabase);
  if (paused !== undefined) await setPaused(control, id, paused);
  return (await readSync(control, id)) ?? sync;
}
