import type { Clock } from '@lockstep/foundation/clock';
import type { ServerSeconds } from '../../core/stamps.ts';

/**
 * Salesforce's time, according to its answers. A machine in between may set its own `Date`, and if the sync claimed
 * to have read up to a time in the future, it would miss the changes until then. So time advances only as far as the
 * local clock says that time has passed, and further only if a second answer confirms it. It never goes back.
 */
export interface ServerTime {
  now: ServerSeconds;
  /** When the answer with that time arrived, by the local clock. */
  saidAt: number;
  /** An answer that was ahead of the expected time; the next one shows whether it was right. */
  ahead: { seconds: ServerSeconds; saidAt: number } | null;
}

/** The time that an answer gave, null if it gave none, and when it arrived by the local clock. */
export interface Dated {
  said: ServerSeconds | null;
  at: number;
}

/** Answers take some time to arrive, and a `Date` has whole seconds. */
const slackSeconds = 5;

const elapsedSeconds = (from: number, to: number) => Math.max(0, to - from) / 1_000;

/**
 * Pure.
 *
 * @returns the time from now on, and the time that the answer proves: null if it cannot be believed yet
 */
export function afterDate(
  time: ServerTime,
  { said, at }: Dated,
): { time: ServerTime; believed: ServerSeconds | null } {
  if (said === null) return { time, believed: null };
  const isAhead = said > time.now + elapsedSeconds(time.saidAt, at) + slackSeconds;
  if (isAhead && !(time.ahead && agree(time.ahead, { seconds: said, saidAt: at })))
    return { time: { ...time, ahead: { seconds: said, saidAt: at } }, believed: null };
  if (said < time.now) return { time: { ...time, ahead: null }, believed: said };
  return { time: { now: said, saidAt: at, ahead: null }, believed: said };
}

/**
 * The time of one run. It must hear answers in the order in which they arrive: with concurrent requests, two wrong
 * ones would seem to agree if the right one between them were heard later.
 */
export class ServerClock {
  private readonly clock: Clock;
  private time: ServerTime;

  constructor(clock: Clock, time: ServerTime) {
    this.clock = clock;
    this.time = time;
  }

  /** @returns the time from now on, and the time that the answer proves, as in {@link afterDate} */
  hear(said: ServerSeconds | null): { now: ServerSeconds; believed: ServerSeconds | null; isAhead: boolean } {
    const { time, believed } = afterDate(this.time, { said, at: this.clock.now() });
    this.time = time;
    return { now: time.now, believed, isAhead: time.ahead !== null };
  }
}

/** Whether two answers agree on the time, given how far apart they arrived. */
export function agree(
  first: { seconds: ServerSeconds; saidAt: number },
  second: { seconds: ServerSeconds; saidAt: number },
): boolean {
  const elapsed = elapsedSeconds(first.saidAt, second.saidAt);
  return Math.abs(second.seconds - first.seconds - elapsed) <= slackSeconds;
}
