import { setImmediate } from 'node:timers/promises';
import { assert } from '@lockstep/foundation/assert';
import { type Clock, systemClock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import type { Activity } from 'lockstep/control';
import type { Fault } from 'lockstep/core/faults';
import type { SyncId } from 'lockstep/core/ids';
import type { AppLog } from 'lockstep/core/log-fields';
import type { LeasedSync, SyncRequest, SyncRequestQueue } from 'lockstep/engine/testing';
import { holdSync, Mailbox, openQuota } from 'lockstep/engine/testing';
import { type ApplyCounts, type Holder, holderName, type Mirror, openDestination } from 'lockstep/postgres';
import type { Salesforce } from 'lockstep/salesforce';
import { OutstandingCalls } from './outstanding-calls.ts';

/** What a holder of the harness's sync is built from. */
export interface HolderOptions {
  sync: SyncId;
  holder: Holder;
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  /** Connects to the mirror's database as its writer. */
  writerUrl: string;
  intervalMs: number;
  /** Owners that are alive and will still finish their own writes. */
  living: () => readonly string[];
  pageRows?: number;
}

/** The result of a finished sync request. */
export interface SyncRequestResult {
  objects: number;
  skipped: readonly { object: string; reason: string }[];
  repairs: readonly { sobject: string; kind: string; rows: number }[];
  /** Values that the mirror cannot hold as they are. */
  setAside: readonly { sobject: string; column: string | null; code: string; rows: number }[];
}

/** The engine running the harness's sync, and what can be seen of it from outside. */
export interface HarnessWorker {
  holder: Holder;
  /** What the engine shares with the proxy in front of the sync. */
  open: LeasedSync;
  /** Codes of the faults that stopped it, in order; null where it went on. */
  syncProblems: readonly (string | null)[];
  /** What it has told of its tables and fields, in order, each as one line: `Account field hidden Industry`. */
  schemaChanges: readonly string[];
  /** The apply counts of all pages, summed, and how many records were received. */
  counts: ApplyCounts & { received: number };
  /** Makes a sync request, as a command would; resolves with the result when the sync reports that it is done. */
  syncRequest(
    kind: SyncRequest['kind'],
    objects?: readonly string[],
    ids?: readonly string[],
  ): Promise<SyncRequestResult>;
  /** How long it will still sleep, in milliseconds of its clock; null while it works. */
  sleepsFor(): number | null;
  /** Resolves when it sleeps and nothing of it is under way in the background, or when it has ended. */
  untilAsleep(): Promise<void>;
  /** Resolves when it has ended, by itself or because it was stopped. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Of a sync that reads what it has; the pace is missing. */
export const plainSettings = {
  stopAtPercent: 90,
  foreignKeys: false,
  sobjects: [],
  leaving: [],
  leftOut: [],
  apiVersion: '62.0',
  destination: { kind: 'private' as const, database: 'mirror', tableSchema: 'salesforce', revision: 1 },
};

const noteSyncProblems = (known: (string | null)[]) => ({
  begin: (fault: Fault) => Promise.resolve(void known.push(fault.code)),
  end() {
    if ((known.at(-1) ?? null) !== null) known.push(null);
    return Promise.resolve();
  },
});

const noteSchemaChange = (known: string[], { kind, event, sobject, detail, code }: Activity): void => {
  if (kind === 'schema') known.push([sobject, event, detail, code].filter((word) => word).join(' '));
};

/** Runs the engine as `runSync` does. The only place that decides what the harness passes to it. */
export function startHarnessWorker(options: HolderOptions): HarnessWorker {
  const { holder, clock, salesforce, intervalMs, living } = options;
  const calls = new OutstandingCalls();
  const wake = new WatchedWakeSignal(clock);
  const mailbox = new Mailbox(wake);
  const open: LeasedSync & { settings: LeasedSync['settings'] } = {
    settings: { intervalMs, ...plainSettings },
    mailbox,
    sentAt: [],
    quota: openQuota(90),
  };
  const syncRequests = new HarnessSyncRequests();
  const syncProblems: (string | null)[] = [];
  const schemaChanges: string[] = [];
  const counts = { received: 0, applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
  const stop = new AbortController();
  let hasEnded = false;
  const ended = holdSync(
    {
      clock,
      log: options.log.with({ sync: options.sync }),
      holder,
      salesforce: tracked(salesforce, calls),
      open,
      async openDestination() {
        const destination = await openDestination(options.writerUrl, holderName(holder));
        return { ...destination, mirror: calls.tracked(counting(destination.mirror, counts)) };
      },
      living: () => Promise.resolve(living()),
      syncProblem: noteSyncProblems(syncProblems),
      syncRequests,
      onLeft: () => Promise.resolve(),
      onComplete: () => Promise.resolve(),
      onActivity: (told) => noteSchemaChange(schemaChanges, told),
      host: () => 'the database of the harness',
      ...(options.pageRows !== undefined && { pageRows: options.pageRows }),
    },
    stop.signal,
  ).finally(() => {
    hasEnded = true;
    wake.tellAsleep();
  });
  ended.catch(() => undefined); // `untilAsleep` rethrows it
  return {
    holder,
    open,
    syncProblems,
    schemaChanges,
    counts,
    syncRequest(...asked) {
      const result = syncRequests.ask(...asked);
      open.settings = { ...open.settings }; // a new object, as when the settings change
      mailbox.post({ kind: 'news' });
      return result;
    },
    sleepsFor: () => (hasEnded ? Number.POSITIVE_INFINITY : wake.sleepsFor()),
    untilAsleep: () => untilAsleep(wake, calls, ended, () => hasEnded),
    ended,
    async stop() {
      stop.abort();
      await ended;
      await salesforce.close();
    },
  };
}

async function untilAsleep(
  wake: WatchedWakeSignal,
  calls: OutstandingCalls,
  ended: Promise<void>,
  hasEnded: () => boolean,
): Promise<void> {
  for (;;) {
    await setImmediate(); // lets a loop that was just woken go on first
    if (hasEnded()) return ended;
    if (wake.sleepsFor() === null) await wake.nextSleep();
    else if (!(await calls.waitForOne())) return;
  }
}

/** Stands in for the control database's queue of sync requests. */
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

/** An engine that works longer than this without a pause has a hanging request. In real milliseconds. */
const workMsMax = 10_000;

/** A wake signal that also knows how long its loop sleeps, and reports when it falls asleep. */
/** Also until the last part of a download has been read. */
function tracked(salesforce: Salesforce, calls: OutstandingCalls): Salesforce {
  return {
    ...salesforce,
    request: (...given) => calls.track(salesforce.request(...given)),
    async download(...given) {
      const { answer, body } = await calls.track(salesforce.download(...given));
      if (!body) return { answer, body };
      const read = Promise.withResolvers<void>();
      void calls.track(read.promise);
      return { answer, body: untilRead(body, read) };
    },
  };
}

async function* untilRead(body: AsyncIterable<Buffer>, read: PromiseWithResolvers<void>) {
  try {
    yield* body;
  } finally {
    read.resolve();
  }
}

class WatchedWakeSignal extends WakeSignal {
  private readonly clock: Clock;
  private sleepsUntil: number | null = null;
  private fallsAsleep = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  sleepsFor(): number | null {
    return this.sleepsUntil === null ? null : this.sleepsUntil - this.clock.now();
  }

  tellAsleep(): void {
    this.fallsAsleep.resolve();
    this.fallsAsleep = Promise.withResolvers();
  }

  async nextSleep(): Promise<void> {
    const limit = new AbortController();
    const tooLong = systemClock.sleep(workMsMax, limit.signal).then(
      () => assert(false, 'the engine works without a pause: does one of its requests hang?'),
      () => undefined, // it fell asleep
    );
    await Promise.race([this.fallsAsleep.promise, tooLong]);
    limit.abort();
  }

  override async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    this.sleepsUntil = clock.now() + ms;
    this.tellAsleep();
    try {
      await super.wait(clock, ms, signal);
    } finally {
      this.sleepsUntil = null;
    }
  }
}

/** The same mirror, but checks that each page's counts add up to the records received, and sums them. */
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
