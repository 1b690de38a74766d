import { orAbort } from '@lockstep/foundation/abort';
import { assert } from '@lockstep/foundation/assert';
import { deadline } from '@lockstep/foundation/clock';
import type { Session } from '@lockstep/foundation/database';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { closeSession } from './changes.ts';
import { type Control, errorCode } from './database.ts';
import {
  claimSyncs,
  heartbeat,
  registerWorker,
  removeWorker,
  selectHeld,
  selectLive,
  selectLoad,
  selectWorkers,
  takePresence,
} from './lease-sql.ts';
import { selectSyncsById, startListening, syncChannel } from './sql.ts';
import { type Sync, toSync } from './stored-sync.ts';
import { openSyncRuns, type SyncRuns } from './sync-runs.ts';

/**
 * Which worker runs which sync. A worker serves in terms: it opens a session, takes its presence lock there and
 * registers; then it sends heartbeats and claims syncs until the session is lost, its own heartbeat is late, or it is
 * told to stop. At the end of a term it releases all its syncs, because another worker may already hold them. Every
 * claim raises the sync's epoch, and the destination refuses what a former holder still writes under an older one.
 *
 *   term:  session ── presence lock ── register ─┬─ heartbeat every 1.5 s ─────────┐
 *                                                └─ every 1 s or on a notification ├─ end: abort runs, release
 *                                                   review what is held, claim     ┘
 */
export interface LeaseOptions {
  /** Unique to this process and new at each start: two workers with the same id would lock each other out. */
  workerId: string;
  /**
   * Runs one sync, with the epoch of this claim, until the signal aborts; must end soon after that. If it ends by
   * itself, the sync is released at once; if it throws, after a while.
   */
  onClaim: (sync: Sync, signal: AbortSignal) => Promise<void>;
}

/** A worker counts as dead when its last heartbeat is this old, even if its session is open. */
const aliveMs = 5_000;
const beatEveryMs = 1_500;
/** A worker stops its runs when its heartbeat is this late: before another worker may claim them. */
const lateAfterMs = 4_000;
const claimEveryMs = 1_000;

/**
 * Runs this worker's fair share of the syncs until the signal aborts; then releases all and resolves. Failures of
 * the control database end a term, not the worker.
 */
export async function runLeases(control: Control, options: LeaseOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await serveTerm(control, options, signal);
    } catch (error) {
      control.log.warn('leases lost, claiming again', { host: control.host, code: errorCode(error) });
    }
    if (!signal.aborted) await control.clock.sleep(claimEveryMs, signal).catch(() => undefined);
  }
}

async function serveTerm(
  control: Control,
  { workerId, onClaim }: LeaseOptions,
  signal: AbortSignal,
): Promise<void> {
  const session = await control.db.session();
  const over = new AbortController();
  const term = AbortSignal.any([signal, over.signal]);
  const holdings = openSyncRuns(control, workerId, onClaim, term);
  const wake = new WakeSignal();
  let review = Promise.resolve();
  try {
    session.onNotification(() => wake.notify());
    await startListening(session, syncChannel);
    const sentAt = control.clock.now();
    assert(await takePresence(session, workerId), 'another worker has this id');
    await registerWorker(session, workerId, aliveMs);

    const endTerm = (error?: unknown) => over.abort(error);
    void session.closed.then(() =>
      endTerm(new Fault('DB-02', { host: control.host, reason: 'session closed' })),
    );
    void keepAlive(control, session, workerId, sentAt, term).catch(endTerm);
    while (!term.aborted) {
      review = reviewAndClaim(control, workerId, holdings, term);
      await orAbort(review, term).catch((error: unknown) => {
        if (!term.aborted) control.log.warn('claim failed', { host: control.host, code: errorCode(error) });
      });
      await wake.wait(control.clock, claimEveryMs, term).catch(() => undefined);
    }
    if (over.signal.aborted && !signal.aborted) throw over.signal.reason;
  } finally {
    over.abort();
    await review.catch(() => undefined); // what it has claimed is released as well
    await holdings.endAll();
    await removeWorker(control.db, workerId).catch(() => undefined); // a dead worker's row expires by itself
    await closeSession(session, control.clock);
  }
}

/** Rejects when a heartbeat is not answered in time, whatever the reason: this process may have been suspended. */
async function keepAlive(
  { clock }: Control,
  session: Session,
  workerId: string,
  registeredAt: number,
  term: AbortSignal,
): Promise<void> {
  let provenAt = registeredAt; // when the last answered heartbeat was sent
  while (!term.aborted) {
    using late = deadline(clock, provenAt + lateAfterMs - clock.now(), term);
    await clock.sleep(beatEveryMs, late);
    const sentAt = clock.now();
    const [alive] = await orAbort(heartbeat(session, workerId, aliveMs), late);
    assert(alive, 'the worker was removed');
    provenAt = sentAt;
  }
}

/** Stops what this worker should not run, then claims what is missing to its fair share. */
async function reviewAndClaim(
  control: Control,
  workerId: string,
  holdings: SyncRuns,
  term: AbortSignal,
): Promise<void> {
  const held = await selectHeld(control.db, workerId);
  await holdings.reconcile(new Map(held.map((row) => [row.sync_id, row.epoch])));

  const { syncs, workers, claimable } = await selectLoad(control.db);
  const fairShare = Math.ceil(syncs / Math.max(workers, 1));
  const missing = fairShare - holdings.size();
  if (missing < 0) holdings.stopLatest(-missing);
  if (missing <= 0 || claimable === 0 || term.aborted) return;

  const claimed = await control.db.transaction(async (tx) =>
    selectSyncsById(tx, await claimSyncs(tx, workerId, missing)),
  );
  for (const row of claimed) holdings.start(toSync(row));
}

/** Ids of the live workers. What any other worker has left open belongs to nobody. */
export const readLivingWorkers = async (control: Control): Promise<string[]> =>
  (await selectLive(control.db)).map((row) => row.worker_id);

/** A live process that runs syncs. Times as the server prints them. */
export interface LiveWorker {
  id: string;
  startedAt: string;
  /** Without another heartbeat it counts as dead then. */
  aliveUntil: string;
  /** Those that it holds the lease of. `epoch`: the number of the lease. */
  syncs: { id: SyncId; name: string; epoch: number; claimedAt: string | null }[];
}

/** All live workers, the oldest first. */
export async function readWorkers({ db }: Control): Promise<LiveWorker[]> {
  const workers = new Map<string, LiveWorker>();
  for (const row of await selectWorkers(db)) {
    const { worker_id: id, started_at: startedAt, alive_until: aliveUntil } = row;
    const worker = workers.get(id) ?? { id, startedAt, aliveUntil, syncs: [] };
    workers.set(id, worker);
    if (row.sync_id !== null)
      worker.syncs.push({
        id: row.sync_id,
        name: row.name ?? '',
        epoch: row.epoch ?? 0,
        claimedAt: row.claimed_at,
      });
  }
  return [...workers.values()];
}
