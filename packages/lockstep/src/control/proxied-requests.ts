/** What callers asked of Salesforce through the proxy, and what became of it: kept for 30 days. */
import type { SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import type { ProxiedRequest, ProxyLog, ProxyOutcome } from './proxy-log.ts';
import { type ProxyRequestRow, selectProxyRequests, selectProxyUsage } from './proxy-request-sql.ts';

export interface RecordedRequest extends Omit<ProxiedRequest, 'isVerified'> {
  no: number;
  /** As the server prints it: when it was answered. */
  at: string;
}

/** Records it soon, and never fails: see {@link ProxyLog}. */
export function recordProxiedRequest(
  control: { proxyLog: ProxyLog },
  syncId: SyncId,
  request: ProxiedRequest,
): void {
  control.proxyLog.add(syncId, request);
}

/**
 * Writes and refusals, the newest first. Does not yet include what other processes have answered in the last seconds.
 *
 * @param asked  `since`: a time; `before`: only those with a smaller number
 */
export async function readProxiedRequests(
  { db, proxyLog }: Control,
  syncId: SyncId,
  asked: {
    outcome?: ProxyOutcome | undefined;
    sobject?: string | undefined;
    since?: string | undefined;
    before?: number | undefined;
    limit: number;
  },
): Promise<RecordedRequest[]> {
  await proxyLog.flush();
  const { outcome = null, sobject = null, since = null, before = null, limit } = asked;
  return (await selectProxyRequests(db, syncId, { outcome, sobject, since, before, limit })).map(toRequest);
}

/** All requests by hour, method and outcome, reads as well; `tookMs`: all of them together. */
export async function readProxyHours(
  { db, proxyLog }: Control,
  syncId: SyncId,
  since: string,
): Promise<{ hour: string; method: string; outcome: string; requests: number; tookMs: number }[]> {
  await proxyLog.flush();
  return (await selectProxyUsage(db, syncId, since)).map(({ took_ms: tookMs, ...rest }) => ({
    ...rest,
    tookMs,
  }));
}

const toRequest = (row: ProxyRequestRow): RecordedRequest => ({
  no: row.request_no,
  at: row.at,
  method: row.method,
  sobject: row.sobject,
  recordId: row.record_id,
  outcome: row.outcome as ProxyOutcome,
  code: row.code,
  status: row.status,
  tookMs: row.took_ms,
  upstreamMs: row.upstream_ms,
  readBackMs: row.read_back_ms,
  applyMs: row.apply_ms,
  requestId: row.request_id,
});
