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
import { lockSync, type SyncRow, selectSyncsById } from './sql.ts';

/** Most work on a mirror takes seconds; a request that waits longer than this is better repeated. */
const waitMaxMs = 20_000;

/**
 * Nobody else changes the sync until the transaction ends. Null: there is no such sync.
 *
 * @throws {@link Fault} `SYS-18`: it is being deleted
 */
export async function lockForChange(tx: Tx, id: SyncId): Promise<SyncRow | null> {
  await lockSync(tx, id);
  const [sync] = await selectSyncsById(tx, [id]);
  if (sync?.is_deleting) throw new Fault('SYS-18', { sync: shellWord(sync.name) });
  return sync ?? null;
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
