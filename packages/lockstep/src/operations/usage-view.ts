/** What a sync's requests were for, as programs get it. */
import type { Sync, SyncUsage } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

export const usageView = (
  { stopAtPercent }: Pick<Sync, 'stopAtPercent'>,
  { purposes, queries, shares, org }: SyncUsage,
  now: number,
) => ({
  as_of: new Date(now).toISOString(),
  requests: purposes.map(({ purpose, lastHour, lastDay }) => ({
    purpose,
    last_hour: lastHour,
    last_day: lastDay,
  })),
  queries: [...queries],
  shares: sharesView(shares, org),
  org: orgView(org),
  stop_at_percent: stopAtPercent,
});

function sharesView({ objects, proxied, total }: SyncUsage['shares'], org: SyncUsage['org']) {
  const ofObjects = objects.reduce((sum, { requests }) => sum + requests, 0);
  return {
    objects: [...objects],
    proxied,
    // Queries may have been counted a little earlier than their requests.
    other: Math.max(0, Math.round((total - proxied - ofObjects) * 100) / 100),
    total,
    other_programs: org && Math.max(0, org.used - total),
  };
}

const orgView = (org: SyncUsage['org']) =>
  org && { used: org.used, max: org.max, percent: percentOf(org), recorded_at: inRfc3339(org.recordedAt) };

/** With one decimal. An org that Salesforce allows no requests at all counts as used up. */
export const percentOf = ({ used, max }: { used: number; max: number }): number =>
  max > 0 ? Math.round((used / max) * 1_000) / 10 : 100;
