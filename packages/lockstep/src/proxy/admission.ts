/**
 * When a request may begin: there are bounds on what is under way, and beyond them a request waits for its turn, before
 * anything is read of its body and before anything is recorded or sent. Turns are dealt between syncs, and within one
 * between its callers.
 *
 * The bounds. A sync has 128 connections to its org; 120 requests at once leave some for questions whose a token is.
 * One caller takes at most 100 of them, so that another one's request begins even where each of those takes minutes.
 * Salesforce itself allows an org 25 requests that take longer than 20 seconds. A process has room for 400, three
 * such syncs; what they hold of bodies has a bound of its own.
 *
 * The wait. What waits costs a connection and up to 17 KB of headers. The worst line that must still end well is one
 * of 500 updates of one record: Salesforce lets each wait 10 seconds for the record's lock, an answer is held 3 seconds
 * for the mirror, and the last hundred begins after four others: 52 seconds.
 */
import type { ServerResponse } from 'node:http';
import { orAbort } from '@lockstep/foundation/abort';
import type { Clock } from '@lockstep/foundation/clock';
import { FairQueue, type LevelBounds, type Permit } from '@lockstep/foundation/fair-queue';
import { Fault } from '../core/faults.ts';

/** Of all requests, of one sync's, of one caller's. */
export type AdmissionBounds = readonly [LevelBounds, LevelBounds, LevelBounds];

export const admissionBounds: AdmissionBounds = [
  { underWay: 400, waiting: 2_000 },
  { underWay: 120, waiting: 1_000 },
  { underWay: 100, waiting: 1_000 },
];
export const waitMsMax = 60_000;

/** A request that asks for its turn. */
export interface Asking {
  response: ServerResponse;
  /** In the clock's milliseconds: whoever's turn has not come by then is refused. */
  until: number;
}

export interface Admission {
  /**
   * Resolves when it is the request's turn; whoever has its place leaves it at the end.
   *
   * @throws {@link Fault} PRX-10: too many wait, or it has waited too long, or its caller left
   */
  admit(path: readonly [sync: string, caller: string], asking: Asking): Promise<Permit>;
  count(): { underWay: number; waiting: number };
}

/** @param stopping aborts when whoever still waits is to be refused */
export function openAdmission(
  clock: Clock,
  stopping: AbortSignal,
  bounds: AdmissionBounds = admissionBounds,
): Admission {
  const queue = new FairQueue(bounds);
  return {
    async admit(path, asking) {
      const turn = Promise.withResolvers<void>();
      let isMine = false;
      const permit = queue.ask(path, {
        onTurn() {
          isMine = true;
          turn.resolve();
        },
        onDisplaced: () => turn.reject(tooMany('too many wait')),
      });
      if (!permit) throw tooMany('too many wait');
      if (isMine) return permit;
      try {
        await waited(turn.promise, clock, stopping, asking);
        return permit;
      } catch (fault) {
        permit.leave();
        throw fault;
      }
    },
    count: () => queue.count(),
  };
}

async function waited(
  turn: Promise<void>,
  clock: Clock,
  stopping: AbortSignal,
  { response, until }: Asking,
): Promise<void> {
  const given = new AbortController();
  const onStop = () => given.abort(tooMany('the proxy is being stopped'));
  const onLeft = () => given.abort(tooMany('its caller left'));
  const isOver = new AbortController();
  clock.sleep(until - clock.now(), isOver.signal).then(
    () => given.abort(tooMany(`this one has waited ${waitMsMax / 1_000} s`)),
    () => undefined, // its turn came
  );
  stopping.addEventListener('abort', onStop, { once: true });
  response.once('close', onLeft);
  if (stopping.aborted) onStop();
  if (response.destroyed) onLeft();
  try {
    await orAbort(turn, given.signal);
  } finally {
    isOver.abort('over');
    stopping.removeEventListener('abort', onStop);
    response.off('close', onLeft);
  }
}

const tooMany = (reason: string) => new Fault('PRX-10', { reason });
