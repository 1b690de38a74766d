import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the proxied requests (proxy-log.ts, proxied-requests.ts). */

export type ProxyRequestRow = {
  request_no: number;
  at: string;
  method: string;
  sobject: string | null;
  record_id: string | null;
  outcome: string;
  code: string | null;
  status: number;
  took_ms: number;
  upstream_ms: number;
  read_back_ms: number;
  apply_ms: number;
  request_id: string;
};

export type NewProxyRequestRow = Omit<ProxyRequestRow, 'request_no' | 'at'> & {
  sync_id: SyncId;
  ago_ms: number;
};

/** Also deletes what is more than a month old; leaves out what concerns a sync that no longer exists. */
export const insertProxyRequests = (tx: Tx, rows: readonly NewProxyRequestRow[]) =>
  tx.query(sql`
  WITH old AS (DELETE FROM lockstep.proxy_request WHERE at < clock_timestamp() - interval '30 days')
  INSERT INTO lockstep.proxy_request
         (sync_id, at, method, sobject, record_id, outcome, code, status, took_ms, upstream_ms, read_back_ms, apply_ms,
          request_id)
  SELECT s.sync_id, clock_timestamp() - r.ago_ms * interval '1 ms', r.method, r.sobject, r.record_id, r.outcome, r.code,
         r.status, r.took_ms, r.upstream_ms, r.read_back_ms, r.apply_ms, r.request_id
    FROM jsonb_to_recordset(${JSON.stringify(rows.map((row, nth) => ({ ...row, nth })))}::jsonb)
           AS r (sync_id text, ago_ms double precision, method text, sobject text, record_id text, outcome text,
                 code text, status integer, took_ms integer, upstream_ms integer, read_back_ms integer,
                 apply_ms integer, request_id text, nth integer)
    JOIN lockstep.sync s ON s.sync_id = r.sync_id
   ORDER BY r.nth`);

/** Keeps the newest of a sync. */
export const trimProxyRequests = (tx: Tx, syncId: SyncId, rowsMax: number) =>
  tx.query(sql`
  DELETE FROM lockstep.proxy_request
   WHERE sync_id = ${syncId}
     AND request_no <= (SELECT request_no FROM lockstep.proxy_request WHERE sync_id = ${syncId}
                         ORDER BY request_no DESC OFFSET ${rowsMax} LIMIT 1)`);

/** Adds to this hour's counts. Also deletes those of the same syncs that are more than a month old. */
export const addProxyUsage = (
  tx: Tx,
  counts: readonly { syncId: SyncId; method: string; outcome: string; requests: number; tookMs: number }[],
) =>
  tx.query(sql`
  WITH old AS (
    DELETE FROM lockstep.proxy_usage
     WHERE sync_id = ANY (${counts.map((count) => count.syncId)}::text[])
       AND hour < clock_timestamp() - interval '30 days'
  )
  INSERT INTO lockstep.proxy_usage (sync_id, hour, method, outcome, requests, took_ms)
  SELECT s.sync_id, date_trunc('hour', clock_timestamp()), c.method, c.outcome, c.requests, c.took_ms
    FROM unnest(${counts.map((count) => count.syncId)}::text[], ${counts.map((count) => count.method)}::text[],
                ${counts.map((count) => count.outcome)}::text[], ${counts.map((count) => count.requests)}::bigint[],
                ${counts.map((count) => Math.round(count.tookMs))}::bigint[])
           AS c (sync_id, method, outcome, requests, took_ms)
    JOIN lockstep.sync s USING (sync_id)
   ORDER BY s.sync_id, c.method, c.outcome
  ON CONFLICT (sync_id, hour, method, outcome)
  DO UPDATE SET requests = proxy_usage.requests + excluded.requests,
                took_ms = proxy_usage.took_ms + excluded.took_ms`);

/** The newest first; null leaves a condition out. */
export const selectProxyRequests = (
  tx: Tx,
  syncId: SyncId,
  asked: {
    outcome: string | null;
    sobject: string | null;
    since: string | null;
    before: number | null;
    limit: number;
  },
) =>
  tx.query<ProxyRequestRow>(sql`
  SELECT request_no, at, method, sobject, record_id, outcome, code, status, took_ms, upstream_ms, read_back_ms,
         apply_ms, request_id
    FROM lockstep.proxy_request
   WHERE sync_id = ${syncId}
     AND at >= clock_timestamp() - interval '30 days'
     AND (${asked.outcome}::text IS NULL OR outcome = ${asked.outcome})
     AND (${asked.sobject}::text IS NULL OR sobject = lower(${asked.sobject}))
     AND (${asked.since}::timestamptz IS NULL OR at >= ${asked.since}::timestamptz)
     AND (${asked.before}::bigint IS NULL OR request_no < ${asked.before}::bigint)
   ORDER BY request_no DESC LIMIT ${asked.limit}`);

/** By hour, method and outcome, the newest hour first. */
export const selectProxyUsage = (tx: Tx, syncId: SyncId, since: string) =>
  tx.query<{ hour: string; method: string; outcome: string; requests: number; took_ms: number }>(sql`
  SELECT hour, method, outcome, requests, took_ms
    FROM lockstep.proxy_usage
   WHERE sync_id = ${syncId} AND hour >= date_trunc('hour', ${since}::timestamptz)
     AND hour >= clock_timestamp() - interval '30 days'
   ORDER BY hour DESC, method, outcome`);
