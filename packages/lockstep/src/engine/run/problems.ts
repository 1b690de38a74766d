/**
 * Problems of a stream, one per activity, and how long the activity rests after a failure. A check that is refused
 * says nothing about polls, and a locked table says nothing about other tables. Pure.
 */
import type { Fault } from '../../core/faults.ts';
import { backoffMs } from './backoff.ts';

/**
 * The activities of a stream that can fail on their own: polling, the backfill, reading marked records again, the log
 * of deletions, the three checks. `table` is what all of them need: that pages can be stored. `schema`: that the table
 * follows changes of its fields.
 */
export type Activity =
  | 'table'
  | 'schema'
  | 'poll'
  | 'backfill'
  | 're-read'
  | 'deleted log'
  | 'sweep'
  | 'counts'
  | 'content';

export interface ActivityProblem {
  code: string;
  explanation: string;
  next: string;
  /** Failures in a row. */
  tries: number;
  /** By the local clock. */
  failedAt: number;
  retryAt: number;
}

export type Problems = { readonly [A in Activity]?: ActivityProblem };

/** Each try waits for readers for a moment, and they for it. */
const schemaBackoffMs = 10_000;

const checks: ReadonlySet<Activity> = new Set(['deleted log', 'sweep', 'counts', 'content']);

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A lock ends when its holder commits, and checking it costs no request. */
const lockBackoffMsMax = 3_000;

/** How long an activity rests after its n-th failure in a row. Less urgent ones are tried less often. */
export function problemBackoffMs(activity: Activity, tries: number, fault: Fault): number {
  if (fault.code === 'SCH-10') return minuteMs;
  if (fault.code === 'SCH-11') return schemaBackoffMs;
  if (fault.code === 'DB-16') return Math.min(lockBackoffMsMax, 500 * 2 ** Math.min(tries, 6));
  const backsOffLonger = checks.has(activity) || (activity === 're-read' && fault.kind === 'permanent');
  const asked = Math.min(fault.safe.waitMs ?? 0, hourMs);
  return backsOffLonger
    ? Math.max(asked, Math.min(hourMs, minuteMs * 2 ** Math.min(tries - 1, 6)))
    : backoffMs(tries, fault);
}

interface WithProblems {
  problems: Problems;
}

export function withProblem<State extends WithProblems>(
  stream: State,
  activity: Activity,
  fault: Fault,
  now: number,
): State {
  const tries = (stream.problems[activity]?.tries ?? 0) + 1;
  const problem: ActivityProblem = {
    code: fault.code,
    explanation: fault.message,
    next: fault.next,
    tries,
    failedAt: now,
    retryAt: now + problemBackoffMs(activity, tries, fault),
  };
  return { ...stream, problems: { ...stream.problems, [activity]: problem } };
}

export function withoutProblem<State extends WithProblems>(stream: State, activity: Activity): State {
  if (!stream.problems[activity]) return stream;
  const { [activity]: _, ...problems } = stream.problems;
  return { ...stream, problems };
}

export const isBackingOff = ({ problems }: WithProblems, activity: Activity, now: number): boolean =>
  (problems[activity]?.retryAt ?? 0) > now;

/** An object that was refused for good is tried again within an hour: its permissions may be restored. */
const stopBackoffMsMax = hourMs;
const firstStopBackoffMs = 5 * minuteMs;

export const stopBackoffMs = (tries: number): number =>
  Math.min(stopBackoffMsMax, firstStopBackoffMs * 2 ** Math.min(tries - 1, 5));
