import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/**
 * Statements of the usage (usage.ts). Adding counts also deletes those of the same syncs that are more than a month
 * old; counts of a sync that no longer exists are left out. Rows are locked in one order, because several processes add
 * at the same time.
 */

/** Adds to this minute's counts. */
export const addUsage = (tx: Tx, counts: readonly { syncId: SyncId; purpose: string; requests: number }[]) =>
  tx.query(sql`
  WITH old AS (
    DELETE FROM lockstep.usage
     WHERE sync_id = ANY (${counts.map((count) => count.syncId)}::text[])
       AND minute < clock_timestamp() - interval '30 days'
  )
  INSERT INTO lockstep.usage (sync_id, minute, purpose, requests)
  SELECT s.sync_id, date_trunc('minute', clock_timestamp()), c.purpose, c.requests
    FROM unnest(${counts.map((count) => count.syncId)}::text[],
                ${counts.map((count) => count.purpose)}::text[],
                ${counts.map((count) => count.requests)}::integer[]) AS c (sync_id, purpose, requests)
    JOIN lockstep.sync s USING (sync_id)
   ORDER BY s.sync_id, c.purpose
  ON CONFLICT (sync_id, minute, purpose) DO UPDATE SET requests = usage.requests + excluded.requests`);

/** How long a sync has existed, and how many requests it has made in this time. */
export const selectEffort = (tx: Tx, syncId: SyncId) =>
  tx.query<{ took_ms: number; requests: number }>(sql`
  SELECT round(extract(epoch FROM clock_timestamp() - s.recorded_at) * 1000)::bigint AS took_ms,
         coalesce((SELECT sum(u.requests) FROM lockstep.usage u WHERE u.sync_id = s.sync_id), 0)::bigint AS requests
    FROM lockstep.sync s WHERE s.sync_id = ${syncId}`);

/** Adds to this hour's counts. */
export const addStreamUsage = (
  tx: Tx,
  counts: readonly {
    syncId: SyncId;
    sobject: string;
    kind: string;
    purpose: string;
    share: number;
    queries: number;
    rows: number;
  }[],
) =>
  tx.query(sql`
  WITH old AS (
    DELETE FROM lockstep.stream_usage
     WHERE sync_id = ANY (${counts.map((count) => count.syncId)}::text[])
       AND hour < clock_timestamp() - interval '30 days'
  )
  INSERT INTO lockstep.stream_usage (sync_id, hour, sobject, kind, purpose, requests, queries, rows)
  SELECT s.sync_id, date_trunc('hour', clock_timestamp()), c.sobject, c.kind, c.purpose, c.share, c.queries, c.rows
    FROM unnest(${counts.map((count) => count.syncId)}::text[],
                ${counts.map((count) => count.sobject)}::text[],
                ${counts.map((count) => count.kind)}::text[],
                ${counts.map((count) => count.purpose)}::text[],
                ${counts.map((count) => count.share)}::double precision[],
                ${counts.map((count) => count.queries)}::bigint[],
                ${counts.map((count) => count.rows)}::bigint[])
           AS c (sync_id, sobject, kind, purpose, share, queries, rows)
    JOIN lockstep.sync s USING (sync_id)
   ORDER BY s.sync_id, c.sobject, c.kind, c.purpose
  ON CONFLICT (sync_id, hour, sobject, kind, purpose)
  DO UPDATE SET requests = stream_usage.requests + excluded.requests,
                queries = stream_usage.queries + excluded.queries, rows = stream_usage.rows + excluded.rows`);

/** Keeps the newest reading of each org and hour: several syncs, in several processes, report on the same org. */
export const upsertOrgUsage = (
  tx: Tx,
  readings: readonly { syncId: SyncId; used: number; max: number; agoMs: number }[],
) =>
  tx.query(sql`
  WITH readings AS (
    SELECT DISTINCT ON (s.org_id, hour) s.org_id, hour, c.used, c.max, heard.at AS recorded_at
      FROM unnest(${readings.map((one) => one.syncId)}::text[],
                  ${readings.map((one) => one.used)}::bigint[],
                  ${readings.map((one) => one.max)}::bigint[],
                  ${readings.map((one) => one.agoMs)}::double precision[]) AS c (sync_id, used, max, ago_ms)
      JOIN lockstep.sync s USING (sync_id)
     CROSS JOIN LATERAL (SELECT clock_timestamp() - c.ago_ms * interval '1 ms' AS at) AS heard
     CROSS JOIN LATERAL date_trunc('hour', heard.at) AS hour
     ORDER BY s.org_id, hour, heard.at DESC
  ), old AS (
    DELETE FROM lockstep.org_usage
     WHERE org_id IN (SELECT org_id FROM readings) AND hour < clock_timestamp() - interval '30 days'
  )
  INSERT INTO lockstep.org_usage (org_id, hour, used, max, recorded_at)
  SELECT org_id, hour, used, max, recorded_at FROM readings
  ON CONFLICT (org_id, hour) DO UPDATE SET used = excluded.used, max = excluded.max, recorded_at = excluded.recorded_at
   WHERE org_usage.recorded_at < excluded.recorded_at`);

/** Requests of the last 24 hours; `last_hour` are those of the last 60 minutes. */
export const selectPurposes = (tx: Tx, syncId: SyncId) =>
  tx.query<{ purpose: string; last_hour: number; last_day: number }>(sql`
  SELECT purpose,
         coalesce(sum(requests) FILTER (WHERE minute > clock_timestamp() - interval '1 hour'), 0) AS last_hour,
         sum(requests) AS last_day
    FROM lockstep.usage
   WHERE sync_id = ${syncId} AND minute > clock_timestamp() - interval '24 hours'
   GROUP BY purpose ORDER BY last_day DESC, purpose`);

/** Queries of this hour and the 23 before it. */
export const selectStreamUsage = (tx: Tx, syncId: SyncId) =>
  tx.query<{ sobject: string; kind: string; queries: number; rows: number }>(sql`
  SELECT sobject, kind, sum(queries)::bigint AS queries, sum(rows)::bigint AS rows
    FROM lockstep.stream_usage
   WHERE sync_id = ${syncId} AND hour > clock_timestamp() - interval '24 hours'
   GROUP BY sobject, kind ORDER BY sobject, queries DESC, kind`);

/** Requests of this hour and the 23 before it. */
export const selectTotals = (tx: Tx, syncId: SyncId) =>
  tx.query<{ total: number; proxied: number }>(sql`
  SELECT coalesce(sum(requests), 0)::bigint AS total,
         coalesce(sum(requests) FILTER (WHERE purpose = 'proxy'), 0)::bigint AS proxied
    FROM lockstep.usage
   WHERE sync_id = ${syncId} AND date_trunc('hour', minute) > clock_timestamp() - interval '24 hours'`);

/** The parts of them that answered queries account for, the busiest object first. */
export const selectObjectShares = (tx: Tx, syncId: SyncId) =>
  tx.query<{ sobject: string; requests: string }>(sql`
  SELECT sobject, round(sum(requests)::numeric, 2)::text AS requests
    FROM lockstep.stream_usage
   WHERE sync_id = ${syncId} AND hour > clock_timestamp() - interval '24 hours'
   GROUP BY sobject ORDER BY sum(requests) DESC, sobject`);

/** What Salesforce last reported about the org of each sync; no row: not yet. After a day the quota is another one. */
export const selectOrgUsage = (tx: Tx, syncIds: readonly SyncId[]) =>
  tx.query<{ sync_id: SyncId; used: number; max: number; recorded_at: string; is_of_today: boolean }>(sql`
  SELECT s.sync_id, o.used, o.max, o.recorded_at > clock_timestamp() - interval '1 day' AS is_of_today,
         to_char(o.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS recorded_at
    FROM lockstep.sync s
    CROSS JOIN LATERAL (SELECT * FROM lockstep.org_usage WHERE org_id = s.org_id ORDER BY hour DESC LIMIT 1) o
   WHERE s.sync_id = ANY (${syncIds}::text[])`);

export type UsageHourRow = {
  hour: string;
  purpose: string;
  /** Empty: requests that are not for one object. */
  sobject: string;
  requests: string;
  queries: number;
  rows: number;
};

/**
 * By hour, purpose and object, the newest hour first. Requests are counted by purpose, and their queries by object; what
 * no answered query accounts for stands under no object.
 */
export const selectUsageHours = (
  tx: Tx,
  syncId: SyncId,
  {
    since,
    after,
    limit,
  }: { since: string; after: Pick<UsageHourRow, 'hour' | 'purpose' | 'sobject'> | null; limit: number },
) =>
  tx.query<UsageHourRow>(sql`
  WITH asked AS (
    SELECT hour, purpose, sobject, sum(requests) AS requests, sum(queries)::bigint AS queries, sum(rows)::bigint AS rows
      FROM lockstep.stream_usage
     WHERE sync_id = ${syncId} AND hour >= date_trunc('hour', ${since}::timestamptz)
     GROUP BY hour, purpose, sobject
  ), sent AS (
    SELECT date_trunc('hour', minute) AS hour, purpose, sum(requests) AS requests
      FROM lockstep.usage
     WHERE sync_id = ${syncId} AND minute >= date_trunc('hour', ${since}::timestamptz)
     GROUP BY 1, 2
  ), both_kinds AS (
    SELECT hour, purpose, sobject, requests, queries, rows FROM asked
    UNION ALL
    SELECT s.hour, s.purpose, '', s.requests - coalesce(a.requests, 0), 0, 0
      FROM sent s
      LEFT JOIN (SELECT hour, purpose, sum(requests) AS requests FROM asked GROUP BY 1, 2) a USING (hour, purpose)
     WHERE s.requests - coalesce(a.requests, 0) > 0.005
  )
  SELECT hour, purpose, sobject, round(requests::numeric, 2)::text AS requests, queries, rows
    FROM both_kinds
   WHERE hour >= clock_timestamp() - interval '30 days'
     AND (${after?.hour ?? null}::timestamptz IS NULL
          OR hour < ${after?.hour ?? null}::timestamptz
          OR (hour = ${after?.hour ?? null}::timestamptz
              AND (purpose, sobject) > (${after?.purpose ?? ''}, ${after?.sobject ?? ''})))
   ORDER BY hour DESC, purpose, sobject LIMIT ${limit}`);

/** What Salesforce last reported in each hour about the sync's org, the newest first. */
export const selectOrgHours = (tx: Tx, syncId: SyncId, since: string) =>
  tx.query<{ hour: string; used: number; max: number }>(sql`
  SELECT o.hour, o.used, o.max
    FROM lockstep.org_usage o JOIN lockstep.sync s USING (org_id)
   WHERE s.sync_id = ${syncId} AND o.hour >= date_trunc('hour', ${since}::timestamptz)
     AND o.hour >= clock_timestamp() - interval '30 days'
   ORDER BY o.hour DESC`);
