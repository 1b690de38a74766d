import type { Clock } from '@lockstep/foundation/clock';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { Outcome } from '../../postgres/index.ts';
import { markForReading } from './read-back.ts';
import type { Opened } from './related-records.ts';

const firstPauseMs = 500;
const pauseMsMax = 10_000;
/** Beyond it only the poll brings what was written: the cursors stand still as long as the database is away. */
const idsMax = 100_000;

/**
 * What could not be recorded of proxied writes because the mirror's database was away for longer or for a moment: marks
 * of their records, and their outcomes. It is recorded when the database is back. A process that ends before loses it;
 * whoever takes over then recovers the writes without an outcome, so that no outcome may be recorded before its marks.
 */
export class DeferredRecords {
  private marks = new Map<string, Set<RecordId>>();
  private outcomes = new Map<Outcome, Set<number>>();
  /** Those that are being made now. */
  private marking: ReadonlySet<RecordId> = new Set();
  private isPaying = false;
  private readonly deps: {
    clock: Clock;
    log: AppLog;
    destination(): Promise<Opened>;
    onMarked: (sobject: string) => void;
  };

  private readonly closing: AbortSignal;

  /** @param closing  nothing is recorded any more */
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
    this.deps.log.warn('marks cannot be made and are deferred', { stream: sobject, rows: known.size });
    void this.pay();
  }

  /** @param intents  as they were recorded */
  addOutcome(intents: readonly number[], outcome: Outcome): void {
    const known = this.outcomes.get(outcome) ?? new Set();
    this.outcomes.set(outcome, known);
    for (const intent of intents) known.add(intent);
    void this.pay();
  }

  private async pay(): Promise<void> {
    if (this.isPaying) return;
    this.isPaying = true;
    for (let pauseMs = firstPauseMs; this.isOwing; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const isOver = await this.deps.clock.sleep(pauseMs, this.closing).then(
        () => false,
        () => true,
      );
      if (isOver) break;
      // Outcomes that come while marks are being made have marks of their own, which are still deferred.
      const { outcomes } = this;
      this.outcomes = new Map();
      const isPaid = (await this.payMarks()) && (await this.payOutcomes(outcomes));
      if (!isPaid) for (const [outcome, intents] of outcomes) this.oweAgain(outcome, intents);
    }
    this.isPaying = false;
  }

  private countMarks(): number {
    return [...this.marks.values()].reduce((sum, ids) => sum + ids.size, this.marking.size);
  }

  private get isOwing(): boolean {
    return this.marks.size > 0 || this.outcomes.size > 0;
  }

  private async payMarks(): Promise<boolean> {
    const { deps } = this;
    for (const [sobject, ids] of this.marks) {
      // What is added from now on is not among those that are marked.
      this.marks.delete(sobject);
      this.marking = ids;
      try {
        await markForReading(await deps.destination(), sobject, [...ids]);
      } catch {
        this.marks.set(sobject, new Set([...ids, ...(this.marks.get(sobject) ?? [])]));
        return false;
      } finally {
        this.marking = new Set();
      }
      deps.log.info('marks are made that were deferred', { stream: sobject, rows: ids.size });
      deps.onMarked(sobject);
    }
    return true;
  }

  private async payOutcomes(outcomes: Map<Outcome, Set<number>>): Promise<boolean> {
    for (const [outcome, intents] of outcomes) {
      try {
        const { mirror } = await this.deps.destination();
        await mirror.recordOutcome([...intents], outcome);
      } catch {
        return false;
      }
      outcomes.delete(outcome);
      this.deps.log.info('outcomes are recorded that were deferred', { outcome, rows: intents.size });
    }
    return true;
  }

  private oweAgain(outcome: Outcome, intents: ReadonlySet<number>): void {
    this.outcomes.set(outcome, new Set([...intents, ...(this.outcomes.get(outcome) ?? [])]));
  }
}
