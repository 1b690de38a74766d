import type { Clock } from '@lockstep/foundation/clock';
import { type Database, sqlState } from '@lockstep/foundation/database';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { addProxyUsage, insertProxyRequests, trimProxyRequests } from './proxy-request-sql.ts';
import { openTally } from './tally.ts';

/**
 * `applied`: a write that the mirror showed before its answer; `pending`: accepted, and it follows; `polled`: accepted,
 * of records that are not known, so tables are polled; `passed on`: it concerned no mirrored record; `refused`: by
 * Salesforce, or by the proxy, which gives its code; `unknown`: nobody knows whether Salesforce did it.
 */
export type ProxyOutcome =
  | 'applied'
  | 'pending'
  | 'polled'
  | 'passed on'
  | 'refused'
  | 'unknown'
  | 'caller left'
  | 'read';

/** A proxied request and what became of it. There is no member for a body, a query, a header or a token. */
export interface ProxiedRequest {
  method: string;
  /** A mirrored object, in lower case; null: another one, several, or unknown. */
  sobject: string | null;
  recordId: string | null;
  outcome: ProxyOutcome;
  /** With which the proxy refused it, or lost its answer. */
  code: string | null;
  status: number;
  tookMs: number;
  upstreamMs: number;
  readBackMs: number;
  applyMs: number;
  requestId: string;
  /** Salesforce has accepted its caller's token; what strangers send takes little room. */
  isVerified: boolean;
}

/**
 * Writes proxied requests: all of them as counts by hour, and each write and refusal as a row. They wait in memory and
 * are written every few seconds, so no answer waits for it, and its failure stops nothing: rows that the database does not
 * take are dropped.
 *
 * A flood cannot fill the disk: of each sync the newest 100,000 rows are kept, and each process adds 600 a minute at
 * most, and 30 of strangers besides. Writes that are pending or unknown are not subject to the 600.
 */
export interface ProxyLog {
  add(syncId: SyncId, request: ProxiedRequest): void;
  /** Writes what there is. */
  flush(): Promise<void>;
  /** Writes the rest and stops. */
  end(): Promise<void>;
}

export const rowsKept = 100_000;
const rowsPerMinute = { verified: 600, stranger: 30 };
const waitingMax = 2_000;
const writeEveryMs = 2_000;
/** Rows written until the oldest are deleted again. */
const trimEvery = 1_000;

type Waiting = ProxiedRequest & { syncId: SyncId; answeredAt: number };

export function openProxyLog({ db, clock, log }: { db: Database; clock: Clock; log: AppLog }): ProxyLog {
  const counts = openTally<{
    syncId: SyncId;
    method: string;
    outcome: string;
    requests: number;
    tookMs: number;
  }>({
    keyOf: ({ syncId, method, outcome }) => `${syncId} ${method} ${outcome}`,
    sum: (known, more) => ({
      ...known,
      requests: known.requests + more.requests,
      tookMs: known.tookMs + more.tookMs,
    }),
    write: (entries) => addProxyUsage(db, entries),
  });
  const mayAdd = openRowLimit(clock);
  const trim = openTrim(db);
  let rows: Waiting[] = [];
  const stop = new AbortController();
  let writing: Promise<void> | null = null;
  let last: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const failed = await counts.flush();
    if (failed) log.warn('counts of proxied requests not written yet', failed);
    const written = rows;
    rows = [];
    if (written.length === 0) return;
    try {
      await insertProxyRequests(
        db,
        written.map((row) => toRow(row, clock.now())),
      );
      await trim(written);
    } catch (error) {
      const code = sqlState(error);
      log.warn('proxied requests not recorded', {
        rows: written.length,
        ...(code !== undefined && { sqlState: code }),
      });
    }
  }

  /** One at a time, so that everything before a call is written when it returns. */
  const flush = () => (last = last.then(write));

  async function writeSoon(): Promise<void> {
    await clock.sleep(writeEveryMs, stop.signal).catch(() => undefined);
    writing = null;
    if (!stop.signal.aborted) await flush();
  }

  return {
    add(syncId, request) {
      const { method, outcome, tookMs } = request;
      counts.add({ syncId, method, outcome, requests: 1, tookMs });
      if (outcome !== 'read' && rows.length < waitingMax && mayAdd(syncId, request))
        rows.push({ ...request, syncId, answeredAt: clock.now() });
      writing ??= writeSoon();
    },
    flush,
    async end() {
      stop.abort();
      await writing;
      await flush();
    },
  };
}

/** Whether a row may be added, by how many were added in this minute. */
function openRowLimit(clock: Clock): (syncId: SyncId, request: ProxiedRequest) => boolean {
  let minute = 0;
  let added = new Map<string, number>();
  return (syncId, { isVerified, outcome }) => {
    const now = Math.floor(clock.now() / 60_000);
    if (now !== minute) [minute, added] = [now, new Map()];
    if (isVerified && (outcome === 'pending' || outcome === 'unknown')) return true;
    const who = isVerified ? 'verified' : 'stranger';
    const before = added.get(`${syncId} ${who}`) ?? 0;
    if (before >= rowsPerMinute[who]) return false;
    added.set(`${syncId} ${who}`, before + 1);
    return true;
  };
}

/** Deletes a sync's oldest rows when this process has added many. */
function openTrim(db: Database): (written: readonly { syncId: SyncId }[]) => Promise<void> {
  const added = new Map<SyncId, number>();
  return async (written) => {
    for (const { syncId } of written) added.set(syncId, (added.get(syncId) ?? 0) + 1);
    for (const [syncId, count] of added) {
      if (count < trimEvery) continue;
      added.delete(syncId);
      await trimProxyRequests(db, syncId, rowsKept);
    }
  };
}

const toRow = (row: Waiting, now: number) => ({
  sync_id: row.syncId,
  ago_ms: Math.max(0, now - row.answeredAt),
  method: row.method,
  sobject: row.sobject,
  record_id: row.recordId,
  outcome: row.outcome,
  code: row.code,
  status: row.status,
  took_ms: Math.round(row.tookMs),
  upstream_ms: Math.round(row.upstreamMs),
  read_back_ms: Math.round(row.readBackMs),
  apply_ms: Math.round(row.applyMs),
  request_id: row.requestId,
});
