import { setTimeout as sleep } from 'node:timers/promises';
import type { Checker } from './checker.ts';
import type { CommitReader } from './commit-reader.ts';
import type { RunEvent } from './history.ts';
import type { Records } from './records.ts';

const pauseMs = 40;
/** How many upserts to remember whose record may still appear. */
const sharedMax = 1_000;
const tidyEvery = 50;

/**
 * Passes events to the checker in an order that it can check: the org's log is read up to a moment after the events, so
 * that every version is known before a row that shows it.
 */
export class Examiner {
  private readonly check: Checker;
  private readonly commits: CommitReader;
  private readonly records: Records;
  private readonly now: () => number;
  private queue: RunEvent[] = [];
  private readonly shared = new Set<number>();
  private passes = 0;
  /** Called for each record that is over. */
  onOver: (record: string) => void = () => undefined;

  constructor(check: Checker, commits: CommitReader, records: Records, now: () => number) {
    this.check = check;
    this.commits = commits;
    this.records = records;
    this.now = now;
  }

  tell(happening: RunEvent): void {
    this.queue.push(happening);
  }

  /** Number of events still to be checked. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Notes that anybody may find this write's record by its external Id. */
  expectShared(write: number): void {
    this.shared.add(write);
    for (const first of this.shared) {
      if (this.shared.size <= sharedMax) break;
      this.shared.delete(first);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.pass();
      await sleep(pauseMs);
    }
    await this.pass();
  }

  /** Resolves when everything told so far is checked. */
  async catchUp(): Promise<void> {
    const last = this.passes + 2; // one may be under way
    while (this.passes < last) await sleep(pauseMs);
  }

  private async pass(): Promise<void> {
    const happenings = this.queue;
    this.queue = [];
    for (const commit of await this.commits.read(this.now)) {
      this.check.take(commit);
      if (commit.kind === 'commit') this.meet(commit);
    }
    for (const happening of happenings) this.check.take(happening);
    if (++this.passes % tidyEvery === 0) this.tidy();
  }

  /** Adds a record that no answer has named, because the answer was lost or torn, so that it is watched too. */
  private meet({ record, write, row }: RunEvent & { kind: 'commit' }): void {
    const sobject = this.commits.sobjectOf(record);
    if (write === null || row === null || sobject === undefined || this.records.get(record)) return;
    this.records.add(sobject, record, { isShared: this.shared.has(write) });
  }

  private tidy(): void {
    for (const { id } of this.records.removeFinished(this.check.awaited)) {
      this.check.take({ kind: 'over', at: this.now(), record: id });
      this.commits.forget(id);
      this.onOver(id);
    }
  }
}
