/** Proxied requests and what became of them, as programs get them. */
import type { z } from 'zod';
import type { ProxyHoursView, ProxyRequestView, proxyRequestsQuery } from '../contract/proxy-requests.ts';
import {
  type Control,
  type RecordedRequest,
  readProxiedRequests,
  readProxyHours,
  type Sync,
} from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { cutPage } from './cut-page.ts';
import { readNow } from './read-objects.ts';

const dayMs = 86_400_000;

/** One page of writes and refused requests, the newest first. */
export async function proxyRequests(
  control: Control,
  { id, sobjects }: Pick<Sync, 'id' | 'sobjects'>,
  { outcome, object, since, limit, after }: z.infer<typeof proxyRequestsQuery>,
) {
  const before = after === undefined ? undefined : Number(after);
  const asked = { outcome, sobject: object, since, before, limit: limit + 1 };
  const found = await readProxiedRequests(control, id, asked);
  const names = new Map(sobjects.map((name) => [name.toLowerCase(), name]));
  const read = found.map((one) => requestView(one, names));
  return cutPage(read, limit, ({ id }) => id, await readNow(control.db));
}

/** @param names  API names of the sync's objects by those in lower case, which are stored */
const requestView = (one: RecordedRequest, names: ReadonlyMap<string, string>): ProxyRequestView => ({
  id: String(one.no),
  at: inRfc3339(one.at) ?? '',
  method: one.method,
  object: one.sobject === null ? null : (names.get(one.sobject) ?? one.sobject),
  record_id: one.recordId,
  outcome: one.outcome as ProxyRequestView['outcome'],
  code: one.code,
  status: one.status,
  took_ms: one.tookMs,
  salesforce_ms: one.upstreamMs,
  read_back_ms: one.readBackMs,
  apply_ms: one.applyMs,
  request_id: one.requestId,
});

/** All requests by hour, reads as well; `since`: the last 24 hours without it. */
export async function proxyHours(
  control: Control,
  { id }: Pick<Sync, 'id'>,
  since: string | undefined,
): Promise<ProxyHoursView> {
  const now = await readNow(control.db);
  const hours = await readProxyHours(control, id, since ?? new Date(now - dayMs).toISOString());
  return {
    items: hours.map(({ hour, method, outcome, requests, tookMs }) => ({
      hour: inRfc3339(hour) ?? '',
      method,
      outcome: outcome as ProxyHoursView['items'][number]['outcome'],
      requests,
      average_ms: Math.round(tookMs / requests),
    })),
    as_of: new Date(now).toISOString(),
  };
}
