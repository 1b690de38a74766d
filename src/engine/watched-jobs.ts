import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { Salesforce } from '../salesforce/index.ts';

/** A job by which a caller loads records in bulk. */
export interface IngestJob {
  /** As Salesforce gave it, 15 or 18 characters. */
  id: string;
  /** API name in lower case. */
  sobject: string;
}

const firstPauseMs = 2_000;
const pauseMsMax = 60_000;
/** Salesforce gives a job up after seven days; one that is still at it after a day is left to the polls. */
const watchedMs = 24 * 3_600_000;
/** A job that the sync's user may not see is taken to be at it for so long. */
const unseenMs = 15 * 60_000;
const jobsMax = 1_000;
/** However many jobs there are, between two questions about any of them lies so much: they are no part of the budget. */
const gapMs = 3_000;

const jobState = z.object({ state: z.string() });
const endStates = new Set(['JobComplete', 'Failed', 'Aborted']);

/**
 * Bulk jobs that callers have handed over. Salesforce works on one long after its answer, so that its object is polled
 * first of all until the job is seen to be finished.
 */
export class WatchedJobs {
  private readonly watched = new Set<string>();
  private readonly deps: { clock: Clock; salesforce: Salesforce; pollSoon: (sobject: string) => void };

  private readonly closing: AbortSignal;
  private freeAt = 0;

  /** @param closing  nobody wants to know any more */
  constructor(deps: WatchedJobs['deps'], closing: AbortSignal) {
    this.deps = deps;
    this.closing = closing;
  }

  watch(job: IngestJob): void {
    if (this.watched.has(job.id) || this.watched.size >= jobsMax) return;
    this.watched.add(job.id);
    const forget = () => this.watched.delete(job.id);
    this.follow(job).then(forget, forget);
  }

  private async follow({ id, sobject }: IngestJob): Promise<void> {
    const { clock, pollSoon } = this.deps;
    const since = clock.now();
    let seenAt = since;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      await clock.sleep(pauseMs, this.closing);
      await this.turn();
      const state = await this.stateOf(id);
      pollSoon(sobject);
      if (state !== null) seenAt = clock.now();
      const isOver = clock.now() - since > watchedMs || clock.now() - seenAt > unseenMs;
      if (isOver || (state !== null && endStates.has(state))) return;
    }
  }

  /** Resolves when another question may be asked. */
  private async turn(): Promise<void> {
    const { clock } = this.deps;
    const waitMs = this.freeAt - clock.now();
    this.freeAt = Math.max(this.freeAt, clock.now()) + gapMs;
    if (waitMs > 0) await clock.sleep(waitMs, this.closing);
  }

  /** Null where it cannot be seen. */
  private async stateOf(id: string): Promise<string | null> {
    const { salesforce } = this.deps;
    const path = `${salesforce.dataPath}/jobs/ingest/${id}`;
    const request = { method: 'GET', path, purpose: 'poll' } as const;
    const answer = await salesforce.request(request, this.closing).catch(() => null);
    if (answer?.status !== 200) return null;
    try {
      return jobState.parse(JSON.parse(answer.text)).state;
    } catch {
      return null;
    }
  }
}
