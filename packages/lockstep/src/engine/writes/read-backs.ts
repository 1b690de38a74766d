import { Fault } from '../../core/faults.ts';
import type { WrittenRecord } from '../../core/written-record.ts';
import { failureFields } from '../../postgres/index.ts';
import {
  type Group,
  groupsOf,
  type ReadBackDeps,
  type ReadBackOptions,
  type ReadBackSummary,
  type RecordReadBack,
  readGroups,
  type WaitingRecord,
} from './read-back.ts';

/** Two, so that a write that comes during one need not wait for its end; with more, writes would share less. */
const concurrentMax = 2;
/** A read-back that takes longer no longer counts towards {@link concurrentMax}. */
const slowMs = 1_000;
const firstPauseMs = 20;
const pauseMsMax = 500;

interface Pending extends WaitingRecord {
  tries: number;
  settle: (result: 'applied' | 'pending') => void;
}

/**
 * The read-backs of one sync's proxied writes in this process. Writes acknowledged while others are being read back
 * wait for the next request and share it, because a read-back serves only writes acknowledged before it was sent.
 */
export class ReadBacks {
  private waiting: Pending[] = [];
  /** When each read-back under way was sent. */
  private readonly underWay = new Set<{ since: number }>();
  private isLookingAgain = false;
  private readonly deps: ReadBackDeps;
  private readonly closing: AbortSignal;

  /** @param closing  after it aborts nobody waits any more */
  constructor(deps: ReadBackDeps, closing: AbortSignal) {
    this.deps = deps;
    this.closing = closing;
  }

  /**
   * Reads records until the mirror has each of them as of its write, or the deadline has passed.
   *
   * @param written  each record once
   */
  async read(written: readonly WrittenRecord[], options: ReadBackOptions): Promise<ReadBackSummary> {
    const ends = written.map(
      (record) =>
        new Promise<ReadBackSummary>((resolve) => {
          const one: Pending = {
            ...options,
            record,
            isSuspect: false,
            applyMs: 0,
            tries: 0,
            settle: (result) =>
              resolve({ pending: result === 'applied' ? [] : [record], applyMs: one.applyMs }),
          };
          this.waiting.push(one);
        }),
    );
    this.readOn();
    const ended = await Promise.all(ends);
    return {
      pending: ended.flatMap(({ pending }) => pending),
      applyMs: Math.max(0, ...ended.map(({ applyMs }) => applyMs)),
    };
  }

  private readOn(): void {
    while (this.waiting.length > 0) {
      const now = this.deps.clock.now();
      const young = [...this.underWay].filter(({ since }) => now - since < slowMs);
      if (young.length >= concurrentMax) {
        const oldest = Math.min(...young.map(({ since }) => since));
        return this.lookAgain(oldest + slowMs - now);
      }
      const { groups, left } = groupsOf(this.inTime());
      this.waiting = left;
      if (groups.length === 0) return;
      void this.readOnce(groups);
    }
  }

  /** Tries again when the oldest read-back has become slow and no longer counts. */
  private lookAgain(inMs: number): void {
    if (this.isLookingAgain) return;
    this.isLookingAgain = true;
    void this.deps.clock.sleep(inMs).then(() => {
      this.isLookingAgain = false;
      this.readOn();
    });
  }

  /** The waiting records whose deadline has not passed; the others are settled as pending. */
  private inTime(): Pending[] {
    const now = this.deps.clock.now();
    const isLate = ({ deadlineAt }: Pending) => now >= deadlineAt;
    for (const late of this.waiting.filter(isLate)) late.settle('pending');
    return this.waiting.filter((one) => !isLate(one));
  }

  private async readOnce(groups: readonly Group<Pending>[]): Promise<void> {
    const own = { since: this.deps.clock.now() };
    this.underWay.add(own);
    const all = groups.flatMap(({ waiting }) => waiting);
    try {
      const results = await readGroups(this.deps, groups, this.closing);
      for (const one of all) this.settle(one, results.get(one) ?? 'again');
    } catch (error) {
      const isHopeless = error instanceof Fault && error.kind === 'permanent';
      this.deps.log.warn('a read-back failed', { ...failureFields(error), rows: all.length });
      for (const one of all) this.settle(one, isHopeless ? 'hopeless' : 'again');
    } finally {
      this.underWay.delete(own);
      this.readOn();
    }
  }

  private settle(one: Pending, result: RecordReadBack): void {
    if (result !== 'again') return one.settle(result === 'applied' ? 'applied' : 'pending');
    const pauseMs = Math.min(firstPauseMs * 2 ** one.tries, pauseMsMax);
    const { clock } = this.deps;
    if (clock.now() + pauseMs >= one.deadlineAt || this.closing.aborted) return one.settle('pending');
    one.tries++;
    void clock.sleep(pauseMs).then(() => {
      this.waiting.push(one);
      this.readOn();
    });
  }
}
