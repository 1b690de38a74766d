import { type Control, changeSettings, readSync, type Sync, type SyncChange } from '../control/index.ts';

/**
 * Changes what is given, and returns the sync as it is then. Its worker learns of it at once.
 *
 * @throws {@link Fault} `LIM-05`: an interval or a percentage that no sync can have
 */
export async function changeSync(control: Control, sync: Sync, change: SyncChange): Promise<Sync> {
  if (Object.keys(change).length > 0) await changeSettings(control, sync.id, change);
  return (await readSync(control, sync.id)) ?? sync;
}
