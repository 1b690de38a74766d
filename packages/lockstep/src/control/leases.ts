import { orAbort } from '@lockstep/foundation/abort';
import { assert } from '@lockstep/foundation/assert';
import { deadline } from '@lockstep/foundation/clock';
import type { Session } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import { Fault } from '../core/faults.ts';
import { closeSession } from './changes.ts';
import { type Control, errorCode } from './database.ts';
import { type Holdings, openHoldings } from './holdings.ts';
import {
  beat,
  claimSyncs,
  registerWorker,
  removeWorker,
  selectHeld,
  selectLive,
  selectLoad,
  takePresence,
} from './lease-sql.ts';
import { selectSyncsById, syncChannel } from './sql.ts';
import { type Sync, toSync } from './syncs.ts';

/**
 * Which worker runs which sync. A worker serves in terms: it opens one session, takes its presence lock there and
 * registers; then it beats and claims until the session is lost, its own heartbeat is late, or it is told to stop.
 * At the end of a term it lets go of everything: by then another worker may hold its syncs. The epoch, raised by
 * every claim and compared in the destination, refuses what a former holder still brings.
 *
 *   term:  session ── presence lock ── register ─┬─ beat every 1.5 s ──────────────┐
 *                                                └─ every 1 s or on a notification ├─ end: abort runs, give back
 *                                                   review what is held, claim     ┘
 */
export interface LeaseOptions {
  /** Of this process alone and new at each start: two workers of one id would shut each other out. */
  workerId: string;
  /**
   * Runs one sync, with the epoch of this claim, until the signal aborts; has to end soon after that. One that ends
   * by itself is let go; one that throws is let go after a while.
   */
  onClaim: (sync: Sync, signal: AbortSignal) => Promise<void>;
}

/** A worker is taken for dead when its row is this old, whatever its session does. */
const aliveMs = 5_000;
const beatEveryMs = 1_500;
/** Stops its runs this long before another may claim them. */
const lateAfterMs = 4_000;
const claimEveryMs = 1_000;

/**
 * Holds this worker's fair share of the syncs until the signal aborts; then gives all back and resolves. Failures of
 * the control database end a term, not the worker.
 */
export async function runLeases(control: Control, options: LeaseOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await serveTerm(control, options, signal);
    } catch (error) {
      control.log.warn('leases lost, claiming starts again', { host: control.host, code: errorCode(error) });
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
  const holdings = openHoldings(control, workerId, onClaim, term);
  const wake = new WakeSignal();
  try {
    session.onNotification(() => wake.notify());
    await session.query(sql`LISTEN ${ident(syncChannel)}`);
    const sentAt = control.clock.now();
    assert(await takePresence(session, workerId), 'another worker has this id');
    await registerWorker(session, workerId, aliveMs);

    const endTerm = (error?: unknown) => over.abort(error);
    void session.closed.then(() =>
      endTerm(new Fault('DB-02', { host: control.host, reason: 'session closed' })),
    );
    void keepAlive(control, session, workerId, sentAt, term).catch(endTerm);
    while (!term.aborted) {
      await orAbort(reviewAndClaim(control, workerId, holdings, term), term).catch((error: unknown) => {
        if (!term.aborted) control.log.warn('claim failed', { host: control.host, code: errorCode(error) });
      });
      await wake.wait(control.clock, claimEveryMs, term).catch(() => undefined);
    }
    if (over.signal.aborted && !signal.aborted) throw over.signal.reason;
  } finally {
    over.abort();
    await holdings.endAll();
    await removeWorker(control.db, workerId).catch(() => undefined); // a dead worker's row runs out by itself
    await closeSession(session, control.clock);
  }
}

/** Rejects when a heartbeat was not answered in time, for whatever reason: this process may have been stopped. */
async function keepAlive(
  { clock }: Control,
  session: Session,
  workerId: string,
  registeredAt: number,
  term: AbortSignal,
): Promise<void> {
  let provenAt = registeredAt; // before the last heartbeat that was answered was sent
  while (!term.aborted) {
    using late = deadline(clock, provenAt + lateAfterMs - clock.now(), term);
    await clock.sleep(beatEveryMs, late);
    const sentAt = clock.now();
    const [alive] = await orAbort(beat(session, workerId, aliveMs), late);
    assert(alive, 'the worker was removed');
    provenAt = sentAt;
  }
}

/** Lets go of what this worker should not run, then takes what is missing to its fair share. */
async function reviewAndClaim(
  control: Control,
  workerId: string,
  holdings: Holdings,
  term: AbortSignal,
): Promise<void> {
  const held = await selectHeld(control.db, workerId);
  await holdings.agreeWith(new Map(held.map((row) => [row.sync_id, row.epoch])));

  const { syncs, workers, claimable } = await selectLoad(control.db);
  const fairShare = Math.ceil(syncs / Math.max(workers, 1));
  const missing = fairShare - holdings.size();
  if (missing < 0) holdings.giveBack(-missing);
  if (missing <= 0 || claimable === 0 || term.aborted) return;

  const claimed = await control.db.transaction(async (tx) =>
    selectSyncsById(tx, await claimSyncs(tx, workerId, missing)),
  );
  for (const row of claimed) holdings.start(toSync(row));
}

/** Ids of the workers that are alive. What any other has left open is nobody's any more. */
export const readLivingWorkers = async (control: Control): Promise<string[]> =>
  (await selectLive(control.db)).map((row) => row.worker_id);
