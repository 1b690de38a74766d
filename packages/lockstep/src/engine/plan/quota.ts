import type { Usage } from '../../salesforce/index.ts';

/**
 * The share of the org's daily API requests that a sync may use up before it stops by itself, so that other programs
 * and the proxied writes keep theirs. What is used is what Salesforce says in its answers (`Sforce-Limit-Info`), by
 * everybody together, over the last 24 hours. Pure.
 */
export interface Quota {
  /** In percent of the org's limit. */
  stopAt: number;
  /** As Salesforce last said; null while it has said nothing that makes sense. */
  usage: Usage | null;
  /** Nothing is asked until then, but for one request that looks whether there is room again. */
  closedUntil: number | null;
}

/** Resuming takes a distance, so that reading does not flicker on and off at the line. */
export const resumeBelowPoints = 5;
/** A look costs a request of those that are short. */
const lookEveryMs = 15 * 60_000;

export const openQuota = (stopAt: number, usage: Usage | null = null): Quota => ({
  stopAt,
  usage,
  closedUntil: null,
});

/**
 * After an answer. One that says nothing readable changes nothing: where reading goes on, the pace alone bounds it, and
 * where it has stopped, the next look is as far away as after any other.
 *
 * @param now  local time
 */
export function afterAnswer(quota: Quota, usage: Usage | null, now: number): Quota {
  const { closedUntil } = quota;
  const closedOn = now + lookEveryMs;
  if (!usage || usage.max <= 0) return closedUntil === null ? quota : { ...quota, closedUntil: closedOn };
  const share = (usage.used / usage.max) * 100;
  const line = closedUntil === null ? quota.stopAt : quota.stopAt - resumeBelowPoints;
  return { ...quota, usage, closedUntil: share >= line ? closedOn : null };
}

/** Whether nothing may be asked now. */
export const isClosed = ({ closedUntil }: Quota, now: number): boolean => now < (closedUntil ?? 0);
