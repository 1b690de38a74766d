import {
  type Control,
  changeSettings,
  checkChange,
  readSync,
  type Sync,
  type SyncChange,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { selectServerVersion } from '../postgres/index.ts';

/**
 * Changes what is given, and returns the sync as it is then. Its worker learns of it at once.
 *
 * @throws {@link Fault} `LIM-05`: an interval or a percentage that no sync can have; `DB-19`: the server is too old for
 *          foreign keys; `API-04`: the sync is not as expected just before the change; `SYS-18`: it is being deleted; `SYS-24`
 */
export async function changeSync(
  control: Control,
  sync: Sync,
  change: SyncChange,
  isExpected?: (current: Sync) => boolean,
): Promise<Sync> {
  await checkSyncChange(control, change);
  if (Object.keys(change).length > 0 && !(await changeSettings(control, sync.id, change, isExpected)))
    throw new Fault('PRX-01');
  return (await readSync(control, sync.id)) ?? sync;
}

/** Whether the change could be made, without making it. @throws as {@link changeSync} */
export async function checkSyncChange(control: Control, change: SyncChange): Promise<void> {
  checkChange(change);
  if (change.foreignKeys) await refuseOldServer(control);
}

async function refuseOldServer({ db }: Control): Promise<void> {
  const [server] = await selectServerVersion(db);
  const major = Math.floor((server?.version ?? 0) / 10_000);
  if (major < 18) throw new Fault('DB-19', { reason: `version ${major}` });
}
