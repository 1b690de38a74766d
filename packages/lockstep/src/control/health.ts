import { type Fault, isKeyFault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { recordActivity } from './activity.ts';
import type { Control } from './database.ts';
import { selectHolders } from './lease-sql.ts';
import { removeSyncProblem, selectSyncProblems, upsertSyncProblem } from './sql.ts';

/** A sync's state besides its settings: whether it runs, and what it waits for. */
export interface Health {
  /** A live worker runs it. */
  hasWorker: boolean;
  fault: {
    code: string;
    says: string;
    next: string;
    /** RFC 3339. The first failure in a row of the same code. */
    since: string;
    retryAt: string;
  } | null;
}

/**
 * Records what a sync waits for, so that `status` shows it and not only the log. If the control database cannot be
 * reached either, nothing is recorded: `status` cannot be read then anyway.
 */
export async function recordSyncProblem(
  control: Control,
  syncId: SyncId,
  fault: Fault,
  waitMs: number,
): Promise<void> {
  const syncProblem = { code: fault.code, explanation: fault.message, next: fault.next, waitMs };
  const event = isKeyFault(fault.code) ? 'locked' : 'waiting';
  recordActivity(control, syncId, { kind: 'state', event, code: fault.code });
  await upsertSyncProblem(control.db, syncId, syncProblem).catch(() => undefined);
}

/** It runs. */
export async function clearSyncProblem(control: Control, syncId: SyncId): Promise<void> {
  recordActivity(control, syncId, { kind: 'state', event: 'running' });
  await removeSyncProblem(control.db, syncId).catch(() => undefined);
}

/** The health of all syncs. */
export async function readHealth(control: Control): Promise<ReadonlyMap<SyncId, Health>> {
  const holders = await selectHolders(control.db);
  const problems = new Map((await selectSyncProblems(control.db)).map((row) => [row.sync_id, row]));
  return new Map(
    holders.map(({ sync_id: syncId, is_held: hasWorker }) => {
      const syncProblem = problems.get(syncId);
      const fault = syncProblem && {
        code: syncProblem.code,
        says: syncProblem.explanation,
        next: syncProblem.next,
        since: syncProblem.since,
        retryAt: syncProblem.retry_at,
      };
      return [syncId, { hasWorker, fault: fault ?? null }];
    }),
  );
}
