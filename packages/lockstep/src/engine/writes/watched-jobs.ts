import type { Clock } from '@lockstep/foundation/clock';
import { z } from 'zod';
import type { Salesforce } from '../../salesforce/index.ts';

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
/** However many jobs there are, they are asked about one after the other and so far apart: it is outside the budget. */
const gapMs = 3_000;
/** What is asked is small; an answer that takes longer comes too late for the next question. */
const timeoutMs = 10_000;

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
  /** Resolves when another question may be asked. */
  private turn: Promise<unknown> = Promise.resolve();

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

  /** Null where it cannot be seen. */
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
