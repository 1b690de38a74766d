import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { type Control, errorCode } from './database.ts';
import { recordSyncProblem } from './health.ts';
import { releaseSync } from './lease-sql.ts';
import { notify, syncChannel } from './sql.ts';
import type { Sync } from './stored-sync.ts';

/** The syncs that one worker runs during one term; the end of the term stops them all. */
export interface SyncRuns {
  start(sync: Sync): void;
  /**
   * Stops every run that the database no longer assigns to this worker under the run's epoch, and releases every sync
   * that the database assigns to this worker without a run: a release, or the answer to a claim, was lost.
   */
  reconcile(held: ReadonlyMap<SyncId, number>): Promise<void>;
  /** Stops the `count` runs that began last, so that a worker that has joined can claim them. */
  stopLatest(count: number): void;
  /** Runs that have not been told to stop. */
  size(): number;
  /** Stops all runs; resolves when all have ended and their syncs are released. */
  endAll(): Promise<void>;
}

/** A failed run keeps its sync for this long: claimed again at once, it would probably fail again. */
const failedRunWaitMs = 5_000;

type Run = { epoch: number; stop: AbortController; ended: Promise<void> };

export function openSyncRuns(
  control: Control,
  workerId: string,
  onClaim: (sync: Sync, signal: AbortSignal) => Promise<void>,
  term: AbortSignal,
): SyncRuns {
  const { db, clock, log } = control;
  const runs = new Map<SyncId, Run>();

  const run = async (sync: Sync, signal: AbortSignal): Promise<void> => {
    const fields = { sync: sync.id, epoch: sync.epoch };
    log.info('sync claimed', fields);
    try {
      if (!signal.aborted) await onClaim(sync, signal); // the term may have ended during the claim
    } catch (error) {
      if (!signal.aborted) {
        log.error('sync run failed', { ...fields, code: errorCode(error), waitMs: failedRunWaitMs });
        const fault = error instanceof Fault ? error : new Fault('SYS-15', { reason: errorCode(error) });
        await recordSyncProblem(control, sync.id, fault, failedRunWaitMs);
        await clock.sleep(failedRunWaitMs, signal).catch(() => undefined);
      }
    }
    const wasStopped = signal.aborted;
    await db
      .transaction(async (tx) => {
        const released = await releaseSync(tx, workerId, sync.id, sync.epoch);
        // Not if the run ended by itself: the sync would be claimed and end again without a pause.
        if (wasStopped && released.length > 0) await notify(tx, syncChannel, sync.id);
      })
      .catch((error: unknown) => log.warn('sync not released', { ...fields, code: errorCode(error) }));
    if (runs.get(sync.id)?.epoch === sync.epoch) runs.delete(sync.id); // it may have been claimed again already
    log.info('sync released', fields);
  };

  return {
    start(sync) {
      const stop = new AbortController();
      runs.set(sync.id, { epoch: sync.epoch, stop, ended: run(sync, AbortSignal.any([term, stop.signal])) });
    },
    async reconcile(held) {
      for (const [syncId, { epoch, stop }] of runs) if (held.get(syncId) !== epoch) stop.abort();
      for (const [syncId, epoch] of held) {
        if (runs.get(syncId)?.epoch !== epoch) await releaseSync(db, workerId, syncId, epoch);
      }
    },
    stopLatest(count) {
      const running = [...runs.values()].filter(({ stop }) => !stop.signal.aborted);
      for (const { stop } of running.slice(-count)) stop.abort();
    },
    size: () => [...runs.values()].filter(({ stop }) => !stop.signal.aborted).length,
    async endAll() {
      for (const { stop } of runs.values()) stop.abort();
      await Promise.all([...runs.values()].map(({ ended }) => ended));
    },
  };
}
