import type { Clock } from '@lockstep/foundation/clock';
import { z } from 'zod';
import type { Salesforce } from '../../salesforce/index.ts';

/** A job with which a caller loads records in bulk. */
export interface IngestJob {
  /** As Salesforce returned it, 15 or 18 characters. */
  id: string;
  /** API name in lower case. */
  sobject: string;
}

const firstPauseMs = 2_000;
const pauseMsMax = 60_000;
/** Salesforce aborts a job after seven days; one that still runs after a day is left to the polls. */
const watchedMs = 24 * 3_600_000;
/** How long a job that the sync's user may not see is assumed to run. */
const unseenMs = 15 * 60_000;
const jobsMax = 1_000;
/** These requests are outside the budget, so jobs are checked one after another, this far apart. */
const gapMs = 3_000;
/** The request is small; an answer that takes longer would delay the next check. */
const timeoutMs = 10_000;

const jobState = z.object({ state: z.string() });
const endStates = new Set(['JobComplete', 'Failed', 'Aborted']);

/**
 * Bulk jobs that callers have closed. Salesforce processes a job long after answering, so its object is polled with
 * priority until the job is finished.
 */
export class WatchedJobs {
  private readonly watched = new Set<string>();
  private readonly deps: { clock: Clock; salesforce: Salesforce; pollSoon: (sobject: string) => void };

  private readonly closing: AbortSignal;
  /** Resolves when the next check may begin. */
  private turn: Promise<unknown> = Promise.resolve();

  /** @param closing  after it aborts no job is checked */
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
    let unseenSince: number | null = null;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      await clock.sleep(pauseMs, this.closing);
      const state = await this.inTurn(() => this.stateOf(id));
      pollSoon(sobject);
      const now = clock.now();
      unseenSince = state === null ? (unseenSince ?? now) : null;
      const isOver = now - since > watchedMs || (unseenSince !== null && now - unseenSince > unseenMs);
      if (isOver || (state !== null && endStates.has(state))) return;
    }
  }

  private inTurn<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const asked = this.turn.then(ask);
    const rest = () => this.deps.clock.sleep(gapMs, this.closing).catch(() => undefined);
    this.turn = asked.then(rest, rest);
    return asked;
  }

  /** Null if the sync's user cannot see the job. */
  private async stateOf(id: string): Promise<string | null> {
    const { salesforce } = this.deps;
    const path = `${salesforce.dataPath}/jobs/ingest/${id}`;
    const request = { method: 'GET', path, purpose: 'poll', timeoutMs } as const;
    const answer = await salesforce.request(request, this.closing).catch(() => null);
    if (answer?.status !== 200) return null;
    try {
      return jobState.parse(JSON.parse(answer.text)).state;
    } catch {
      return null;
    }
  }
}
