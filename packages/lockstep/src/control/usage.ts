import type { Clock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { openTally } from './tally.ts';
import {
  addStreamUsage,
  addUsage,
  selectEffort,
  selectObjectShares,
  selectOrgUsage,
  selectPurposes,
  selectStreamUsage,
  selectTotals,
  upsertOrgUsage,
} from './usage-sql.ts';

/**
 * Counts Salesforce requests per sync, purpose and minute, and queries and their rows per object, kind and hour, and
 * keeps what Salesforce reports about the org's limit. Counts stay in memory and are written every few seconds, so that
 * a request costs no transaction here; a killed process loses the counts of those seconds and nothing else. While the
 * database is down the counts add up, in one entry per sync, object and kind, so memory stays bounded.
 */
export interface UsageCounter {
  count(syncId: SyncId, purpose: string): void;
  recordQuery(syncId: SyncId, query: AnsweredQuery): void;
  recordOrg(syncId: SyncId, reading: OrgUsage): void;
  /** Writes what has been counted so far. */
  flush(): Promise<void>;
  /** Writes the rest and stops. */
  end(): Promise<void>;
}

export interface AnsweredQuery {
  sobject: string;
  /** One of a few fixed words, such as `head`, `backfill` or `sweep`. */
  kind: string;
  rows: number;
  /** That its request is counted under. */
  purpose: string;
  /** Its part of that request, which may hold several queries. */
  share: number;
}

/** The org's API requests of the last 24 hours, whoever made them, and its limit. */
export interface OrgUsage {
  used: number;
  max: number;
}

const flushEveryMs = 5_000;

type Counting = { usage: UsageCounter };

/** Counts one request of this sync, made now. `purpose` is one of a few fixed words, such as `poll` or `backfill`. */
export function countRequest(control: Counting, syncId: SyncId, purpose: string): void {
  control.usage.count(syncId, purpose);
}

/** Counts one query of this sync, answered now. Several queries share a request. */
export function countQuery(control: Counting, syncId: SyncId, query: AnsweredQuery): void {
  control.usage.recordQuery(syncId, query);
}

/** Records what Salesforce has just reported about the sync's org. */
export function recordOrgUsage(control: Counting, syncId: SyncId, reading: OrgUsage): void {
  control.usage.recordOrg(syncId, reading);
}

/** How long a sync has existed, and how many requests it has made in this time. */
export async function readAgeAndRequests(
  control: { db: Database; usage: UsageCounter },
  syncId: SyncId,
): Promise<{ tookMs: number; requests: number }> {
  await control.usage.flush();
  const [effort] = await selectEffort(control.db, syncId);
  return { tookMs: effort?.took_ms ?? 0, requests: effort?.requests ?? 0 };
}

export interface SyncUsage {
  /** Requests of the last 24 hours, the most frequent purpose first; `lastHour` are those of the last 60 minutes. */
  purposes: readonly { purpose: string; lastHour: number; lastDay: number }[];
  /** Queries of this hour and the 23 before it, by object. */
  queries: readonly { sobject: string; kind: string; queries: number; rows: number }[];
  /** Requests of this hour and the 23 before it: the parts that objects have, the busiest first, and all of them. */
  shares: { objects: readonly { sobject: string; requests: number }[]; proxied: number; total: number };
  /** `recordedAt`: when Salesforce last reported it, RFC 3339; null: not yet. */
  org: (OrgUsage & { recordedAt: string }) | null;
}

/** What a sync's requests were spent on. Does not yet include what other processes have counted in the last seconds. */
export async function readUsage(
  control: { db: Database; usage: UsageCounter },
  syncId: SyncId,
): Promise<SyncUsage> {
  await control.usage.flush();
  const purposes = await selectPurposes(control.db, syncId);
  const queries = await selectStreamUsage(control.db, syncId);
  const [totals] = await selectTotals(control.db, syncId);
  const objects = await selectObjectShares(control.db, syncId);
  const [org] = await selectOrgUsage(control.db, [syncId]);
  return {
    purposes: purposes.map(({ purpose, last_hour: lastHour, last_day: lastDay }) => ({
      purpose,
      lastHour,
      lastDay,
    })),
    queries,
    shares: {
      objects: objects.map(({ sobject, requests }) => ({ sobject, requests: Number(requests) })),
      proxied: totals?.proxied ?? 0,
      total: totals?.total ?? 0,
    },
    org: org ? { used: org.used, max: org.max, recordedAt: org.recorded_at } : null,
  };
}

/** How much of its org's daily requests all programs together have used, for each of the syncs that knows it. */
export async function readOrgUses(
  { db }: { db: Database },
  ids: readonly SyncId[],
): Promise<ReadonlyMap<SyncId, OrgUsage>> {
  const known = (await selectOrgUsage(db, ids)).filter(({ is_of_today: isOfToday }) => isOfToday);
  return new Map(known.map(({ sync_id: id, used, max }) => [id, { used, max }]));
}

export function openUsageCounter({
  db,
  clock,
  log,
}: {
  db: Database;
  clock: Clock;
  log: AppLog;
}): UsageCounter {
  const requests = openTally<{ syncId: SyncId; purpose: string; requests: number }>({
    keyOf: ({ syncId, purpose }) => `${syncId} ${purpose}`,
    sum: (known, more) => ({ ...known, requests: known.requests + more.requests }),
    write: (counts) => addUsage(db, counts),
  });
  const queries = openTally<AnsweredQuery & { syncId: SyncId; queries: number }>({
    keyOf: ({ syncId, sobject, kind, purpose }) => `${syncId} ${sobject} ${kind} ${purpose}`,
    sum: (known, more) => ({
      ...known,
      queries: known.queries + more.queries,
      rows: known.rows + more.rows,
      share: known.share + more.share,
    }),
    write: (counts) => addStreamUsage(db, counts),
  });
  const orgs = openTally<OrgUsage & { syncId: SyncId; at: number }>({
    keyOf: ({ syncId }) => syncId,
    sum: (known, more) => (more.at >= known.at ? more : known),
    write: (readings) =>
      upsertOrgUsage(
        db,
        readings.map(({ at, ...one }) => ({ ...one, agoMs: Math.max(0, clock.now() - at) })),
      ),
  });

  const flush = async () => {
    for (const tally of [requests, queries, orgs]) {
      const failed = await tally.flush();
      if (failed) log.warn('usage not written yet', failed);
    }
  };

  const stop = new AbortController();
  const flushing = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(flushEveryMs, stop.signal).catch(() => undefined);
      await flush();
    }
  })();

  return {
    count: (syncId, purpose) => requests.add({ syncId, purpose, requests: 1 }),
    recordQuery: (syncId, query) => queries.add({ ...query, syncId, queries: 1 }),
    recordOrg: (syncId, { used, max }) => orgs.add({ syncId, used, max, at: clock.now() }),
    flush,
    async end() {
      stop.abort();
      await flushing;
      await flush(); // what was counted during the last write
    },
  };
}
