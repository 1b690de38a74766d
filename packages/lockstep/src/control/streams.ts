/** Which objects a sync mirrors. Its worker learns of each change at once. */
import { shellWord } from '@lockstep/foundation/shell-words';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { recordActivity } from './activity.ts';
import type { Control } from './database.ts';
import { lockSync, notify, selectSyncsById, syncChannel } from './sql.ts';
import { deleteLeft, insertStreams, type Leaving, markLeaving } from './stream-sql.ts';

/** From now on the sync mirrors these objects too; their tables must exist. @throws Fault `SYS-18` */
export async function addStreams(control: Control, id: SyncId, sobjects: readonly string[]): Promise<void> {
  await control.db.transaction(async (tx) => {
    await lockSync(tx, id);
    const [sync] = await selectSyncsById(tx, [id]);
    if (!sync) throw new Fault('PRX-01');
    if (sync.is_deleting) throw new Fault('SYS-18', { sync: shellWord(sync.name) });
    await insertStreams(tx, id, sobjects);
    await notify(tx, syncChannel, id);
  });
}

/**
 * From now on the sync does not mirror the object; its worker lets the table go. False: it did not mirror it.
 *
 * @throws Fault `CFG-01`: it is the only one
 */
export const removeStream = (
  control: Control,
  id: SyncId,
  sobject: string,
  table: Leaving['table'],
): Promise<boolean> =>
  control.db.transaction(async (tx) => {
    await lockSync(tx, id);
    const [sync] = await selectSyncsById(tx, [id]);
    if (sync?.sobjects.length === 1 && sync.sobjects[0] === sobject)
      throw new Fault('CFG-01', { reason: 'A sync needs at least one object.' });
    const [left] = await markLeaving(tx, id, sobject, table);
    if (left) await notify(tx, syncChannel, id);
    return left !== undefined;
  });

/** The worker has let the table of a removed object go: it may be chosen again. */
export async function forgetStream(control: Control, id: SyncId, sobject: string): Promise<void> {
  await deleteLeft(control.db, id, sobject);
  recordActivity(control, id, { kind: 'state', event: 'removed', sobject });
  await notify(control.db, syncChannel, id);
}
