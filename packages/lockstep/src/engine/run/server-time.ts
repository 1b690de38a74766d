import type { Clock } from '@lockstep/foundation/clock';
import type { ServerSeconds } from '../../core/stamps.ts';

/**
 * Salesforce's time as answers tell it. A machine between may write a `Date` of its own, and what is claimed up to a
 * time that has not come is lost when it comes. So time moves on only as far as the local clock says that time has
 * passed, and farther only where a second answer says so too. It never goes back.
 */
export interface ServerTime {
  now: ServerSeconds;
  /** When an answer said so, by the local clock. */
  saidAt: number;
  /** One answer was ahead of that; the next one shows whether it was right. */
  ahead: { seconds: ServerSeconds; saidAt: number } | null;
}

/** What an answer said of the time, and when by the local clock; null where it said nothing. */
export interface Dated {
  said: ServerSeconds | null;
  at: number;
}

/** Answers take their time, and a `Date` has whole seconds. */
const slackSeconds = 5;

const elapsedSeconds = (from: number, to: number) => Math.max(0, to - from) / 1_000;

/**
 * Pure.
 *
 * @returns the time from now on, and what the answer says of it: null where it cannot be believed yet
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
 * The time of one run. It hears answers in the order in which they come: where requests run beside each other, two
 * wrong ones would seem to agree if the right one between them were heard later.
 */
export class ServerClock {
  private readonly clock: Clock;
  private time: ServerTime;

  constructor(clock: Clock, time: ServerTime) {
    this.clock = clock;
    this.time = time;
  }

  /** @returns what is proved of the time with this answer, and what the answer itself says of it, as {@link afterDate} */
  hear(said: ServerSeconds | null): { now: ServerSeconds; believed: ServerSeconds | null; isAhead: boolean } {
    const { time, believed } = afterDate(this.time, { said, at: this.clock.now() });
    this.time = time;
    return { now: time.now, believed, isAhead: time.ahead !== null };
  }
}

/** Whether two answers tell the same time, as far apart as they were. */
export function agree(
  first: { seconds: ServerSeconds; saidAt: number },
  second: { seconds: ServerSeconds; saidAt: number },
): boolean {
  const elapsed = elapsedSeconds(first.saidAt, second.saidAt);
  return Math.abs(second.seconds - first.seconds - elapsed) <= slackSeconds;
}
