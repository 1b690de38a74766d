/**
 * Who changes a sync. A change of its rows here locks its row; work on its mirror, which takes several transactions in
 * two databases, holds a lock for the life of a session, so that a killed process leaves none behind.
 */
import { sqlState, type Tx } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { limitWaiting, takeChangeLock } from './change-lock-sql.ts';
import { closeSession } from './changes.ts';
import type { Control } from './database.ts';
import { lockSync, selectSyncsById } from './sql.ts';
import { type Sync, toSync } from './stored-sync.ts';

/** Most work on a mirror takes seconds; a request that waits longer than this is better repeated. */
const waitMaxMs = 20_000;

/** Whether a sync is, just before a change, as the one who changes it has seen it. */
export type IsExpected = (current: Sync) => boolean;
const always: IsExpected = () => true;

/**
 * What every change of a sync refuses, also one that is only tried.
 *
 * @throws {@link Fault} `SYS-18`: it is being deleted; `API-04`: it is not as expected
 */
export function refuseChange(current: Sync, isExpected: IsExpected = always): void {
  if (current.isDeleting) throw new Fault('SYS-18', { sync: shellWord(current.name) });
  if (!isExpected(current)) throw new Fault('API-04');
}

/**
 * Nobody else changes the sync until the transaction ends. Null: there is no such sync.
 *
 * @throws as {@link refuseChange}
 */
export async function lockForChange(tx: Tx, id: SyncId, isExpected?: IsExpected): Promise<Sync | null> {
  await lockSync(tx, id);
  const [row] = await selectSyncsById(tx, [id]);
  if (!row) return null;
  const sync = toSync(row);
  refuseChange(sync, isExpected);
  return sync;
}

/**
 * Works on the mirror of a sync while nobody else does: what was read of the sync before may be out of date then.
 *
 * @throws {@link Fault} `SYS-23`: somebody else has done so for too long
 */
export async function withChangeLock<Result>(
  control: Control,
  id: SyncId,
  work: () => Promise<Result>,
): Promise<Result> {
  const session = await control.db.session();
  try {
    await limitWaiting(session, waitMaxMs);
    await takeChangeLock(session, id).catch((error: unknown) => {
      throw sqlState(error) === '55P03' ? new Fault('SYS-23') : error;
    });
    return await work();
  } finally {
    await closeSession(session, control.clock);
  }
}
