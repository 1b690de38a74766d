import { orAbort } from '@lockstep/foundation/abort';
import { type Clock, deadline, withTimeout } from '@lockstep/foundation/clock';
import type { Session } from '@lockstep/foundation/database';
import type { SyncId } from '../core/ids.ts';
import { probe } from '../postgres/index.ts';
import { type Control, errorCode } from './database.ts';
import { startListening, syncChannel } from './sql.ts';

/**
 * Change notifications from the control database. Notifications are lost while the connection is down, so after each
 * (re)connect the listener is told that anything may have changed. LISTEN needs a session of its own and does not work
 * through a transaction pooler.
 */

/** A probe query detects a network that fails silently: it gets no answer. */
const probeEveryMs = 15_000;
const probeAnswerMs = 5_000;
const reconnectWaitMs = 1_000;
const closeWaitMs = 1_000;

/**
 * Calls `onChange` with the id of each sync that is recorded, changed, erased or released by its worker, and with null
 * at each (re)connect: read everything again. Resolves when the signal aborts.
 */
export const listenForChanges = (
  control: Control,
  onChange: (syncId: SyncId | null) => void,
  signal: AbortSignal,
): Promise<void> => listenOn(control, syncChannel, (payload) => onChange(payload as SyncId | null), signal);

/** Listens on any channel: passes on each payload, and null at each (re)connect. */
export async function listenOn(
  control: Control,
  channel: string,
  onPayload: (payload: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = control;
  while (!signal.aborted) {
    try {
      const session = await control.db.session();
      try {
        session.onNotification((_, payload) => onPayload(payload));
        await startListening(session, channel);
        onPayload(null);
        await untilLost(session, signal, clock);
      } finally {
        await closeSession(session, clock);
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn('LISTEN connection lost, reconnecting', { host: control.host, code: errorCode(error) });
    }
    await clock.sleep(reconnectWaitMs, signal).catch(() => undefined);
  }
}

/** Resolves when the signal aborts or the connection is closed; rejects when it no longer answers. */
async function untilLost(session: Session, signal: AbortSignal, clock: Clock): Promise<void> {
  const lost = new AbortController();
  void session.closed.then(() => lost.abort());
  const ended = AbortSignal.any([signal, lost.signal]);
  while (!ended.aborted) {
    await clock.sleep(probeEveryMs, ended).catch(() => undefined);
    if (ended.aborted) return;
    using late = deadline(clock, probeAnswerMs, ended);
    await orAbort(probe(session), late);
  }
}

/** Waits for the server to confirm, but not for long: it may never answer. */
export async function closeSession(session: Session, clock: Clock): Promise<void> {
  await withTimeout(clock, closeWaitMs, session.close()).catch(() => undefined);
}
