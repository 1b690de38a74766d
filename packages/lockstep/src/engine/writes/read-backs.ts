import { Fault } from '../../core/faults.ts';
import type { WrittenRecord } from '../../core/written-record.ts';
import { failureFields } from '../../postgres/index.ts';
import {
  type Group,
  groupsOf,
  type ReadBackDeps,
  type ReadBackEnd,
  type ReadBackOptions,
  type ReadBackResult,
  readGroups,
  type Waiting,
} from './read-back.ts';

/** Two, so that a write that comes while one is under way does not wait for the whole of it; more would share less. */
const concurrentMax = 2;
/** One that takes longer keeps nobody else from being read. */
const slowMs = 1_000;
const firstPauseMs = 20;
const pauseMsMax = 500;

interface Pending extends Waiting {
  tries: number;
  settle: (result: 'applied' | 'pending') => void;
}

/**
 * The read-backs of one sync's proxied writes in this process. Writes that are acknowledged while others are being
 * read back wait for the next request and share it: a read-back serves only writes that were acknowledged before it
 * was sent.
 */
export class ReadBacks {
  private waiting: Pending[] = [];
  /** When each of those under way was sent. */
  private readonly underWay = new Set<{ since: number }>();
  private isLookingAgain = false;
  private readonly deps: ReadBackDeps;
  private readonly closing: AbortSignal;

  /** @param closing  nobody waits any more */
  constructor(deps: ReadBackDeps, closing: AbortSignal) {
    this.deps = deps;
    this.closing = closing;
  }

  /**
   * Reads records until the mirror holds each of them as it was after its write, or the deadline has come.
   *
   * @param written  one of each record
   */
  async read(written: readonly WrittenRecord[], options: ReadBackOptions): Promise<ReadBackEnd> {
    const ends = written.map(
      (record) =>
        new Promise<ReadBackEnd>((resolve) => {
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

  /** One that has become slow counts no more. */
  private lookAgain(inMs: number): void {
    if (this.isLookingAgain) return;
    this.isLookingAgain = true;
    void this.deps.clock.sleep(inMs).then(() => {
      this.isLookingAgain = false;
      this.readOn();
    });
  }

  /** Whoever's time is up waits no more. */
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

  private settle(one: Pending, result: ReadBackResult): void {
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
