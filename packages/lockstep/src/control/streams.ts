/** Which objects a sync mirrors. Its worker learns of each change at once. */
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { recordActivity } from './activity.ts';
import { lockForChange } from './change-lock.ts';
import type { Control } from './database.ts';
import { notify, syncChannel } from './sql.ts';
import { deleteLeft, insertStreams, type Leaving, markLeaving } from './stream-sql.ts';

/** From now on the sync mirrors these objects too; their tables must exist. @throws Fault `SYS-18` */
export async function addStreams(control: Control, id: SyncId, sobjects: readonly string[]): Promise<void> {
  await control.db.transaction(async (tx) => {
    if (!(await lockForChange(tx, id))) throw new Fault('PRX-01');
    await insertStreams(tx, id, sobjects);
    await notify(tx, syncChannel, id);
  });
}

/**
 * From now on the sync does not mirror the object; its worker lets the table go. False: it did not mirror it.
 *
 * @throws Fault `CFG-01`: it is the only one; `SYS-18`: the sync is being deleted
 */
export const removeStream = (
  control: Control,
  id: SyncId,
  sobject: string,
  table: Leaving['table'],
): Promise<boolean> =>
  control.db.transaction(async (tx) => {
    const sync = await lockForChange(tx, id);
    if (sync) refuseLast(sync.sobjects, sobject);
    const [left] = await markLeaving(tx, id, { sobject, table, who: control.who ?? null });
    if (left) await notify(tx, syncChannel, id);
    return left !== undefined;
  });

/** @throws Fault `CFG-01`: the sync has no other object */
export function refuseLast(sobjects: readonly string[], sobject: string): void {
  if (sobjects.length === 1 && sobjects[0] === sobject)
    throw new Fault('CFG-01', { reason: 'A sync needs at least one object.' });
}

/** The worker has let the table of a removed object go: it may be chosen again. */
export async function forgetStream(control: Control, id: SyncId, sobject: string): Promise<void> {
  const [left] = await deleteLeft(control.db, id, sobject);
  recordActivity(control, id, { kind: 'state', event: 'removed', sobject, who: left?.removed_by ?? null });
  await notify(control.db, syncChannel, id);
}
