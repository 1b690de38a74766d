import type { Usage } from '../../salesforce/index.ts';

/**
 * How far the org's daily API requests may be used up before a sync pauses, so that requests are left for other
 * programs and for proxied writes. Salesforce reports the usage in its answers (`Sforce-Limit-Info`): all programs
 * together, over the last 24 hours. Pure.
 */
export interface Quota {
  /** In percent of the org's limit. */
  stopAtPercent: number;
  /** As Salesforce last reported it; null while it has reported nothing valid. */
  usage: Usage | null;
  /** Nothing is requested until then; the next request after that checks whether there is room again. */
  closedUntil: number | null;
}

/** Hysteresis, so that reading does not switch on and off at the line. */
export const resumeBelowPoints = 5;
/** Each check costs one of the scarce requests. */
const checkEveryMs = 15 * 60_000;

export const openQuota = (stopAtPercent: number, usage: Usage | null = null): Quota => ({
  stopAtPercent,
  usage,
  closedUntil: null,
});

/**
 * The quota after an answer. An answer without a valid usage changes nothing: an open quota stays open, and a closed
 * one is checked again after the usual time.
 *
 * @param now  local time
 */
export function afterAnswer(quota: Quota, usage: Usage | null, now: number): Quota {
  const { closedUntil } = quota;
  const closedOn = now + checkEveryMs;
  if (!usage || usage.max <= 0) return closedUntil === null ? quota : { ...quota, closedUntil: closedOn };
  const share = (usage.used / usage.max) * 100;
  const line = closedUntil === null ? quota.stopAtPercent : quota.stopAtPercent - resumeBelowPoints;
  return { ...quota, usage, closedUntil: share >= line ? closedOn : null };
}

/** Whether nothing may be requested now. */
export const isClosed = ({ closedUntil }: Quota, now: number): boolean => now < (closedUntil ?? 0);
