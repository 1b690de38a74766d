import type { Clock } from '@lockstep/foundation/clock';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { Outcome } from '../../postgres/index.ts';
import { markWritten } from './read-back.ts';
import type { WritesDestination } from './related-records.ts';

const firstPauseMs = 500;
const pauseMsMax = 10_000;
/** Beyond this only the poll finds what was written: the cursors do not move while the database is away. */
const idsMax = 100_000;

/**
 * What could not be recorded for proxied writes because the mirror's database was away: marks of their records, and
 * their outcomes. It is recorded when the database is back. If the process ends before, it is lost; the next process
 * then recovers the writes that have no outcome, so an outcome must never be recorded before its marks.
 */
export class DeferredRecords {
  private marks = new Map<string, Set<RecordId>>();
  private outcomes = new Map<Outcome, Set<number>>();
  /** The marks that are being made now. */
  private marking: ReadonlySet<RecordId> = new Set();
  private isFlushing = false;
  private readonly deps: {
    clock: Clock;
    log: AppLog;
    destination(): Promise<WritesDestination>;
    onMarked: (sobject: string) => void;
  };

  private readonly closing: AbortSignal;

  /** @param closing  after it aborts nothing more is recorded */
  constructor(deps: DeferredRecords['deps'], closing: AbortSignal) {
    this.deps = deps;
    this.closing = closing;
  }

  get hasMarks(): boolean {
    return this.marks.size > 0 || this.marking.size > 0;
  }

  /** @param sobject  API name in lower case */
  addMarks(sobject: string, ids: readonly RecordId[]): void {
    const known = this.marks.get(sobject) ?? new Set();
    this.marks.set(sobject, known);
    for (const id of ids.slice(0, Math.max(0, idsMax - this.countMarks()))) known.add(id);
    this.deps.log.warn('marks deferred', { stream: sobject, rows: known.size });
    void this.flush();
  }

  addOutcome(intents: readonly number[], outcome: Outcome): void {
    const known = this.outcomes.get(outcome) ?? new Set();
    this.outcomes.set(outcome, known);
    for (const intent of intents) known.add(intent);
    void this.flush();
  }

  private async flush(): Promise<void> {
    if (this.isFlushing) return;
    this.isFlushing = true;
    for (let pauseMs = firstPauseMs; this.hasDeferred; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const isOver = await this.deps.clock.sleep(pauseMs, this.closing).then(
        () => false,
        () => true,
      );
      if (isOver) break;
      // Outcomes added while marks are being made have marks of their own, which are still deferred.
      const { outcomes } = this;
      this.outcomes = new Map();
      const isFlushed = (await this.flushMarks()) && (await this.flushOutcomes(outcomes));
      if (!isFlushed) for (const [outcome, intents] of outcomes) this.deferAgain(outcome, intents);
    }
    this.isFlushing = false;
  }

  private countMarks(): number {
    return [...this.marks.values()].reduce((sum, ids) => sum + ids.size, this.marking.size);
  }

  private get hasDeferred(): boolean {
    return this.marks.size > 0 || this.outcomes.size > 0;
  }

  private async flushMarks(): Promise<boolean> {
    const { deps } = this;
    for (const [sobject, ids] of this.marks) {
      // Ids added from now on are not among those being marked.
      this.marks.delete(sobject);
      this.marking = ids;
      try {
        await markWritten(await deps.destination(), sobject, [...ids]);
      } catch {
        this.marks.set(sobject, new Set([...ids, ...(this.marks.get(sobject) ?? [])]));
        return false;
      } finally {
        this.marking = new Set();
      }
      deps.log.info('deferred marks made', { stream: sobject, rows: ids.size });
      deps.onMarked(sobject);
    }
    return true;
  }

  private async flushOutcomes(outcomes: Map<Outcome, Set<number>>): Promise<boolean> {
    for (const [outcome, intents] of outcomes) {
      try {
        const { mirror } = await this.deps.destination();
        await mirror.recordOutcome([...intents], outcome);
      } catch {
        return false;
      }
      outcomes.delete(outcome);
      this.deps.log.info('deferred outcomes recorded', { outcome, rows: intents.size });
    }
    return true;
  }

  private deferAgain(outcome: Outcome, intents: ReadonlySet<number>): void {
    this.outcomes.set(outcome, new Set([...intents, ...(this.outcomes.get(outcome) ?? [])]));
  }
}
