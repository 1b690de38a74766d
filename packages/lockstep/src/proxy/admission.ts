/**
 * When a request may begin. The number of requests under way is limited; beyond that a request waits for its turn,
 * before its body is read and before anything is recorded or sent. Turns are shared fairly between syncs, and within
 * a sync between its callers.
 *
 * The limits. A sync has 128 connections to its org; 120 requests at once leave some for asking which org a token
 * belongs to. One caller takes at most 100, so that other callers' requests begin even when each of those 100 takes
 * minutes. Salesforce itself allows an org 25 requests that take longer than 20 seconds. A process allows 400, enough
 * for three such syncs; the memory for their bodies has its own limit (buffered-bytes.ts).
 *
 * The wait. A waiting request costs a connection and up to 17 KB of headers. The longest queue that must still
 * succeed is 500 updates of one record, 100 at a time: Salesforce lets each wait 10 seconds for the record's lock,
 * the proxy holds each answer 3 seconds for the mirror, and the last hundred begins after four others, so after 52
 * seconds.
 */
import type { ServerResponse } from 'node:http';
import { orAbort } from '@lockstep/foundation/abort';
import type { Clock } from '@lockstep/foundation/clock';
import { FairQueue, type LevelBounds, type Permit } from '@lockstep/foundation/fair-queue';
import { Fault } from '../core/faults.ts';

/** For all requests together, for one sync, for one caller. */
export type AdmissionBounds = readonly [LevelBounds, LevelBounds, LevelBounds];

export const admissionBounds: AdmissionBounds = [
  { underWay: 400, waiting: 2_000 },
  { underWay: 120, waiting: 1_000 },
  { underWay: 100, waiting: 1_000 },
];
export const waitMsMax = 60_000;

/** A request that asks to begin. */
export interface AdmissionRequest {
  response: ServerResponse;
  /** In the clock's milliseconds: a request still waiting then is refused. */
  until: number;
}

export interface Admission {
  /**
   * Resolves when it is the request's turn. Leave the permit when the request ends.
   *
   * @throws {@link Fault} PRX-10: too many wait, or it has waited too long, or its caller left
   */
  admit(path: readonly [sync: string, caller: string], asking: AdmissionRequest): Promise<Permit>;
  count(): { underWay: number; waiting: number };
}

/** @param stopping aborts when all requests that still wait are to be refused */
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
        onGranted() {
          isMine = true;
          turn.resolve();
        },
        onDisplaced: () => turn.reject(tooMany('too many wait')),
      });
      if (!permit) throw tooMany('too many wait');
      if (isMine) return permit;
      try {
        await waitForTurn(turn.promise, clock, stopping, asking);
        return permit;
      } catch (fault) {
        permit.leave();
        throw fault;
      }
    },
    count: () => queue.count(),
  };
}

async function waitForTurn(
  turn: Promise<void>,
  clock: Clock,
  stopping: AbortSignal,
  { response, until }: AdmissionRequest,
): Promise<void> {
  const gaveUp = new AbortController();
  const onStop = () => gaveUp.abort(tooMany('the proxy is being stopped'));
  const onLeft = () => gaveUp.abort(tooMany('its caller left'));
  const isOver = new AbortController();
  clock.sleep(until - clock.now(), isOver.signal).then(
    () => gaveUp.abort(tooMany(`this one has waited ${waitMsMax / 1_000} s`)),
    () => undefined, // its turn came
  );
  stopping.addEventListener('abort', onStop, { once: true });
  response.once('close', onLeft);
  if (stopping.aborted) onStop();
  if (response.destroyed) onLeft();
  try {
    await orAbort(turn, gaveUp.signal);
  } finally {
    isOver.abort('over');
    stopping.removeEventListener('abort', onStop);
    response.off('close', onLeft);
  }
}

const tooMany = (reason: string) => new Fault('PRX-10', { reason });
