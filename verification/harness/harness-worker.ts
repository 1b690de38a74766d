import { setImmediate } from 'node:timers/promises';
import { assert } from '@lockstep/foundation/assert';
import { type Clock, systemClock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import type { SyncId } from 'lockstep/core/ids';
import type { AppLog } from 'lockstep/core/log-fields';
import type { LeasedSync, SyncRequest, SyncRequestQueue } from 'lockstep/engine/testing';
import { holdSync, Mailbox, openQuota } from 'lockstep/engine/testing';
import { type ApplyCounts, type Holder, holderName, type Mirror, openDestination } from 'lockstep/postgres';
import type { Salesforce } from 'lockstep/salesforce';

/** What a holder of the harness's sync is made from. */
export interface HolderOptions {
  sync: SyncId;
  holder: Holder;
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  /** Of the mirror's database, as its writer. */
  writerUrl: string;
  intervalMs: number;
  /** The owners that still finish their writes. */
  living: () => readonly string[];
  pageRows?: number;
}

/** What an ended sync request tells. */
export interface SyncRequestResult {
  objects: number;
  skipped: readonly { object: string; reason: string }[];
  repairs: readonly { sobject: string; kind: string; rows: number }[];
  /** What the mirror cannot hold as it is. */
  setAside: readonly { sobject: string; column: string | null; code: string; rows: number }[];
}

/** The engine room as it holds the harness's sync, and what can be seen of it from outside. */
export interface HarnessWorker {
  holder: Holder;
  /** What the proxy in front of the sync shares with it. */
  open: LeasedSync;
  /** Codes of the faults that it waited for, in order; null where it went on. */
  syncProblems: readonly (string | null)[];
  /** What became of the records of every page, summed up, and how many came. */
  counts: ApplyCounts & { received: number };
  /** Asks it of the sync, as a command would; resolves with the result when the sync says that it is done. */
  syncRequest(
    kind: SyncRequest['kind'],
    objects?: readonly string[],
    ids?: readonly string[],
  ): Promise<SyncRequestResult>;
  /** In milliseconds of its clock from now; null while it works. */
  restsFor(): number | null;
  /** Resolves when it waits for time to pass, or has ended. */
  untilRest(): Promise<void>;
  /** Resolves when it has ended, by itself or because it was stopped. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** The harness's holders run the engine as `runSync` does; this is the only place that says what it is given. */
export function startHolder(options: HolderOptions): HarnessWorker {
  const { holder, clock, salesforce, intervalMs, living } = options;
  const wake = new WatchedWakeSignal(clock);
  const mailbox = new Mailbox(wake);
  const open: LeasedSync & { settings: LeasedSync['settings'] } = {
    settings: { intervalMs, stopAtPercent: 90 },
    mailbox,
    sentAt: [],
    quota: openQuota(90),
  };
  const syncRequests = new HarnessSyncRequests();
  const syncProblems: (string | null)[] = [];
  const counts = { received: 0, applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
  const stop = new AbortController();
  let hasEnded = false;
  const ended = holdSync(
    {
      clock,
      log: options.log.with({ sync: options.sync }),
      holder,
      salesforce,
      open,
      async openDestination() {
        const destination = await openDestination(options.writerUrl, holderName(holder));
        return { ...destination, mirror: counting(destination.mirror, counts) };
      },
      living: () => Promise.resolve(living()),
      syncProblem: {
        begin: (fault) => Promise.resolve(void syncProblems.push(fault.code)),
        end() {
          if ((syncProblems.at(-1) ?? null) !== null) syncProblems.push(null);
          return Promise.resolve();
        },
      },
      syncRequests,
      onComplete: () => Promise.resolve(),
      host: 'the database of the harness',
      ...(options.pageRows !== undefined && { pageRows: options.pageRows }),
    },
    stop.signal,
  ).finally(() => {
    hasEnded = true;
    wake.tellRest();
  });
  ended.catch(() => undefined); // told to whoever waits for its rest
  return {
    holder,
    open,
    syncProblems,
    counts,
    syncRequest(...asked) {
      const result = syncRequests.ask(...asked);
      open.settings = { ...open.settings }; // as a change of settings is told
      mailbox.post({ kind: 'news' });
      return result;
    },
    restsFor: () => (hasEnded ? Number.POSITIVE_INFINITY : wake.restsFor()),
    untilRest: () => untilRest(wake, ended, () => hasEnded),
    ended,
    async stop() {
      stop.abort();
      await ended;
      await salesforce.close();
    },
  };
}

async function untilRest(
  wake: WatchedWakeSignal,
  ended: Promise<void>,
  hasEnded: () => boolean,
): Promise<void> {
  for (;;) {
    await setImmediate(); // whoever was woken has gone on by then
    if (hasEnded()) return ended;
    if (wake.restsFor() !== null) return;
    await wake.nextRest();
  }
}

/** Sync requests in the place of the control database's. */
class HarnessSyncRequests implements SyncRequestQueue {
  private readonly waiting = new Map<
    number,
    { syncRequest: SyncRequest; done: PromiseWithResolvers<SyncRequestResult> }
  >();
  private last = 0;

  ask(
    kind: SyncRequest['kind'],
    objects?: readonly string[],
    ids?: readonly string[],
  ): Promise<SyncRequestResult> {
    const id = ++this.last;
    const syncRequest = { id, kind, objects: objects ?? null, ids: ids ?? null };
    const done = Promise.withResolvers<SyncRequestResult>();
    this.waiting.set(id, { syncRequest, done });
    return done.promise;
  }

  open(): Promise<readonly SyncRequest[]> {
    return Promise.resolve([...this.waiting.values()].map(({ syncRequest }) => syncRequest));
  }

  report(): Promise<void> {
    return Promise.resolve();
  }

  end(requestId: number, outcome: Parameters<SyncRequestQueue['end']>[1]): Promise<void> {
    const waiting = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    if ('result' in outcome) waiting?.done.resolve(outcome.result as SyncRequestResult);
    else waiting?.done.reject(outcome.fault);
    return Promise.resolve();
  }
}

/** No engine works longer than this without a pause, unless its request hangs. In real milliseconds. */
const workMsMax = 10_000;

/** A wake signal that tells how long its loop sleeps, and when it falls asleep. */
class WatchedWakeSignal extends WakeSignal {
  private readonly clock: Clock;
  private restsUntil: number | null = null;
  private fallsAsleep = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  restsFor(): number | null {
    return this.restsUntil === null ? null : this.restsUntil - this.clock.now();
  }

  tellRest(): void {
    this.fallsAsleep.resolve();
    this.fallsAsleep = Promise.withResolvers();
  }

  async nextRest(): Promise<void> {
    const limit = new AbortController();
    const tooLong = systemClock.sleep(workMsMax, limit.signal).then(
      () => assert(false, 'the engine works on without a pause: does a request of it hang?'),
      () => undefined, // it came to rest
    );
    await Promise.race([this.fallsAsleep.promise, tooLong]);
    limit.abort();
  }

  override async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    this.restsUntil = clock.now() + ms;
    this.tellRest();
    try {
      await super.wait(clock, ms, signal);
    } finally {
      this.restsUntil = null;
    }
  }
}

/** The same mirror; each page's counts have to add up to the records that came, and are summed. */
function counting(mirror: Mirror, sums: HarnessWorker['counts']): Mirror {
  return {
    ...mirror,
    async applyPage(table, page, part, lockWaitMs) {
      const done = await mirror.applyPage(table, page, part, lockWaitMs);
      const { applied, unchanged, stale, dirty, quarantined } = done.counts;
      const received = page.count + (part.absent?.length ?? 0);
      assert(applied + unchanged + stale + dirty + quarantined === received, 'every record is counted once');
      sums.received += received;
      for (const count of Object.keys(done.counts) as (keyof ApplyCounts)[])
        sums[count] += done.counts[count];
      return done;
    },
  };
}
