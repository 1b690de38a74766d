/**
 * The live updates of one sync: one event stream for the tab, whose events go into the query cache. Where a proxy lets
 * no stream through, the snapshot is read every ten seconds instead, as it is in a tab that nobody looks at: over
 * HTTP/1.1 a browser has six connections to a host, and a seventh tab would wait for one.
 */
import type { QueryClient } from '@tanstack/react-query';
import { showSync } from './changes.ts';
import { type EventBatch, eventBatch } from './event-batch.ts';
import { asProblem, type Problem, problemOf } from './problem.ts';
import {
  type Activity,
  newActivityQuery,
  readSnapshot,
  type Snapshot,
  type Sync,
  type SyncObject,
  snapshotQuery,
} from './queries.ts';

/** `since`: from when the figures are, in milliseconds of this machine. */
export type LiveState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'reconnecting'; since: number }
  | { kind: 'polling' }
  | { kind: 'stopped'; since: number }
  | { kind: 'deleted' };

const backoffMs = [1_000, 2_000, 5_000, 10_000];
/** A stream that has not begun by then is being held up on the way. */
const firstEventWithinMs = 10_000;
/** After so many streams that did not begin the snapshot is read instead. */
const triesMax = 3;
const pollEveryMs = 10_000;
/** While polling a stream is tried once in so many polls. */
const pollsPerTry = 6;
/** Who only passes by a tab does not end its stream. */
const hiddenMs = 2_000;

export class LiveUpdates {
  readonly #client: QueryClient;
  readonly #sync: string;
  readonly #listeners = new Set<() => void>();
  readonly #events: EventBatch;
  #state: LiveState = { kind: 'connecting' };
  #problem: Problem | null = null;
  #source: EventSource | null = null;
  /** Streams in a row that did not begin. */
  #failures = 0;
  #polls = 0;
  #upToDateAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hideTimer: ReturnType<typeof setTimeout> | undefined;
  #reading = new AbortController();

  constructor(client: QueryClient, sync: string) {
    this.#client = client;
    this.#sync = sync;
    this.#events = eventBatch({
      sync: (all: Sync[]) => all.slice(-1).forEach((one) => showSync(client, one)),
      object: (all: SyncObject[]) => showObjects(client, sync, all),
      activity: (all: Activity[]) => addActivity(client, sync, all),
    });
    document.addEventListener('visibilitychange', this.#onVisibility);
    void this.#begin();
  }

  readonly state = (): LiveState => this.#state;

  /** Why the server cannot read the sync at present; null: it can. */
  readonly problem = (): Problem | null => this.#problem;

  /** Calls back after each change of the two. Returns what ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The person wants no updates until {@link resume}. */
  stop(): void {
    this.#disconnect();
    this.#become({ kind: 'stopped', since: Date.now() }, null);
  }

  resume(): void {
    this.#failures = 0;
    this.#become({ kind: 'connecting' }, null);
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#hideTimer);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#disconnect();
  }

  #isClosed = false;

  /** The stream begins with everything as it is, but only what is in the cache already can be changed by it. */
  async #begin(): Promise<void> {
    await this.#client.prefetchQuery(snapshotQuery(this.#sync));
    if (!this.#isClosed && !this.#isOver()) this.#connect();
  }

  #become(next: LiveState, problem: Problem | null = this.#problem): void {
    const isSame = JSON.stringify(next) === JSON.stringify(this.#state) && problem === this.#problem;
    if (isSame) return;
    this.#state = next;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }

  #later(waitMs: number, what: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(what, waitMs);
  }

  #isOver(): boolean {
    return this.#state.kind === 'stopped' || this.#state.kind === 'deleted';
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#reading.abort();
    this.#source?.close();
    this.#source = null;
    this.#events.flush();
  }

  #connect(): void {
    this.#disconnect();
    if (document.hidden) return void this.#poll();
    const source = new EventSource(`/api/v1/syncs/${encodeURIComponent(this.#sync)}/events`);
    this.#source = source;
    this.#later(firstEventWithinMs, () => this.#fail());
    for (const type of ['sync', 'object', 'activity'] as const)
      source.addEventListener(type, ({ data }: MessageEvent<string>) => {
        this.#hear();
        this.#events.add(type, JSON.parse(data));
        this.#become({ kind: 'live' }, null);
      });
    source.addEventListener('problem', ({ data }: MessageEvent<string>) => {
      this.#hear();
      this.#become({ kind: 'live' }, problemOf(503, data));
      // The stream says nothing when this is over and nothing has changed meanwhile.
      this.#later(pollEveryMs, () => void this.#readWhileFailing());
    });
    source.addEventListener('deleted', () => {
      this.#disconnect();
      this.#become({ kind: 'deleted' }, null);
    });
    source.addEventListener('error', () => this.#fail());
  }

  #hear(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#upToDateAt = Date.now();
  }

  /** The browser's own way to try again waits as long each time, and gives up at an answer that is no stream. */
  #fail(): void {
    this.#disconnect();
    this.#failures += 1;
    if (this.#failures >= triesMax) return void this.#poll();
    this.#become({ kind: 'reconnecting', since: this.#upToDateAt });
    // A session that has ended closes its stream without a reason: this request gets one.
    void this.#read();
    this.#later(backoffMs[this.#failures - 1] ?? pollEveryMs, () => this.#connect());
  }

  async #read(): Promise<boolean> {
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      const snapshot = await readSnapshot(this.#sync, signal);
      if (signal.aborted) return false;
      this.#upToDateAt = Date.now();
      this.#client.setQueryData(snapshotQuery(this.#sync).queryKey, snapshot);
      showSync(this.#client, snapshot.sync);
      return true;
    } catch (error) {
      if (!signal.aborted && asProblem(error).status === 404) this.#become({ kind: 'deleted' }, null);
      return false;
    }
  }

  async #readWhileFailing(): Promise<void> {
    const source = this.#source;
    const isRead = await this.#read();
    if (this.#problem === null || source === null || source !== this.#source) return;
    if (isRead) this.#become(this.#state, null);
    else this.#later(pollEveryMs, () => void this.#readWhileFailing());
  }

  async #poll(): Promise<void> {
    const isRead = await this.#read();
    if (this.#isOver() || this.#isClosed || this.#source !== null) return;
    this.#become(isRead ? { kind: 'polling' } : { kind: 'reconnecting', since: this.#upToDateAt }, null);
    this.#polls += 1;
    // A server that does not answer at all is asked for a stream again: that is what comes back with it.
    const isTrying = !document.hidden && (!isRead || this.#polls % pollsPerTry === 0);
    this.#later(pollEveryMs, () => (isTrying ? this.#connect() : void this.#poll()));
  }

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hideTimer);
    if (this.#isOver()) return;
    if (document.hidden) this.#hideTimer = setTimeout(() => this.#connect(), hiddenMs);
    else if (this.#source === null) this.#connect();
  };
}

function showObjects(client: QueryClient, sync: string, changed: readonly SyncObject[]): void {
  const newest = new Map(changed.map((object) => [object.sobject, object]));
  client.setQueryData<Snapshot>(snapshotQuery(sync).queryKey, (known) => {
    if (!known) return known;
    const chosen = new Set(known.sync.objects);
    const kept = known.objects.filter(({ sobject }) => chosen.has(sobject));
    const objects = kept.map((object) => newest.get(object.sobject) ?? object);
    const there = new Set(kept.map(({ sobject }) => sobject));
    for (const object of newest.values()) if (!there.has(object.sobject)) objects.push(object);
    return { ...known, objects };
  });
}

const newActivityMax = 500;

function addActivity(client: QueryClient, sync: string, added: readonly Activity[]): void {
  client.setQueryData<Activity[]>(newActivityQuery(sync).queryKey, (known = []) =>
    [...added.toReversed(), ...known].slice(0, newActivityMax),
  );
}
