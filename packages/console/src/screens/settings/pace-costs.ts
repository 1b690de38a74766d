import type { components } from '../../api/schema.d.ts';

type Usage = components['schemas']['Usage'];

export const dayMs = 86_400_000;
/** So many queries go into one request. */
const queriesPerRequest = 5;

export interface PaceCosts {
  /** What the sync may ask by itself in 24 hours. */
  perDay: number;
  /** How often each object's turn comes. */
  turnMs: number;
  /** Of the org; null: Salesforce has not said. */
  org: {
    max: number;
    percent: number;
    /** Of other programs, in the last 24 hours; about. */
    others: number;
    /** Of 24 hours, if others go on as they do. */
    left: number;
    isTooMuch: boolean;
    /** With what others use, the stop line is reached before the day is over. */
    reachesStop: boolean;
  } | null;
}

export const requestsPerDay = (intervalMs: number): number => Math.floor(dayMs / intervalMs);

/** What a pace costs in requests a day, beside what the org allows and others use. */
export function paceCosts(
  intervalMs: number,
  stopAtPercent: number,
  objects: number,
  usage: Usage,
): PaceCosts {
  const perDay = requestsPerDay(intervalMs);
  const turnMs = Math.max(1, Math.ceil(objects / queriesPerRequest)) * intervalMs;
  if (usage.org === null || usage.org.max <= 0) return { perDay, turnMs, org: null };
  const { max, used } = usage.org;
  const others = usage.shares.other_programs ?? Math.max(0, used - usage.shares.total);
  return {
    perDay,
    turnMs,
    org: {
      max,
      percent: (perDay / max) * 100,
      others,
      left: Math.max(0, max - others - perDay),
      isTooMuch: perDay > max,
      reachesStop: perDay + others > (max * stopAtPercent) / 100,
    },
  };
}
