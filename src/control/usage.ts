import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../lib/database.ts';
import { addUsage, selectEffort } from './sql.ts';

/**
 * Counts Salesforce requests per sync, purpose and minute. Counted in memory and written every few seconds, so that
 * a request costs no transaction here; a killed process loses the counts of those seconds and nothing else.
 */
export interface UsageCounter {
  count(syncId: SyncId, purpose: string): void;
  /** Writes what has been counted by now. */
  flush(): Promise<void>;
  /** Writes what is left and stops. */
  end(): Promise<void>;
}

const flushEveryMs = 5_000;

type Count = { syncId: SyncId; purpose: string; requests: number };

/** One request of this sync, made now. `purpose` is one of a few fixed words, such as `poll` or `backfill`. */
export function countRequest(control: { usage: UsageCounter }, syncId: SyncId, purpose: string): void {
  control.usage.count(syncId, purpose);
}

/** How long a sync has existed, and the requests that it has started by itself in this time. */
export async function readEffort(
  control: { db: Database; usage: UsageCounter },
  syncId: SyncId,
): Promise<{ tookMs: number; requests: number }> {
  await control.usage.flush();
  const [effort] = await selectEffort(control.db, syncId);
  return { tookMs: effort?.took_ms ?? 0, requests: effort?.requests ?? 0 };
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
  let counts = new Map<string, Count>();
  const add = ({ syncId, purpose, requests }: Count) => {
    const known = counts.get(`${syncId} ${purpose}`);
    if (known) known.requests += requests;
    else counts.set(`${syncId} ${purpose}`, { syncId, purpose, requests });
  };

  const flush = async () => {
    if (counts.size === 0) return;
    const written = [...counts.values()];
    counts = new Map();
    try {
      await addUsage(db, written);
    } catch {
      for (const count of written) add(count); // kept, and written with the next ones
      log.warn('request counts not written yet', {
        requests: written.reduce((sum, { requests }) => sum + requests, 0),
      });
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
    count: (syncId, purpose) => add({ syncId, purpose, requests: 1 }),
    flush,
    async end() {
      stop.abort();
      await flushing;
      await flush(); // what was counted while the last writing was under way
    },
  };
}
