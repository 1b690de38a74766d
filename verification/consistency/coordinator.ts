import { setTimeout as sleep } from 'node:timers/promises';
import type { TestOrg } from '@lockstep/harness/org';
import type { Checker } from './checker.ts';
import type { Examiner } from './examiner.ts';
import type { Answered, Guarantee } from './history.ts';
import type { Readers } from './readers.ts';
import type { Records } from './records.ts';
import type { StaleReadings } from './stale-readings.ts';
import type { WireTap } from './wire-tap.ts';

/** How many events may wait to be checked before clients pause; bounds the memory of a run. */
const waitingMax = 40_000;
const pauseMs = 50;

export interface CoordinatorOptions {
  seed: number;
  writes: number;
  now: () => number;
  org: TestOrg;
  records: Records;
  readers: Readers;
  stale: StaleReadings;
  wire: WireTap;
  check: Checker;
  examiner: Examiner;
  /** The sync's base URL; null while the server is down. */
  base: () => string | null;
  /** Whether no disturbance is active. */
  isCalm: () => boolean;
}

/** Gives clients the number of their next write and what they need for it, and takes their reports. */
export class Coordinator {
  readonly seed: number;
  readonly now: () => number;
  readonly records: Records;
  readonly readers: Readers;
  readonly stale: StaleReadings;
  readonly wire: WireTap;
  readonly base: () => string | null;
  readonly isCalm: () => boolean;
  /** Writes answered or given up. */
  written = 0;
  pending = 0;
  unknown = 0;
  private readonly options: CoordinatorOptions;
  private isClosed = false;
  private begun = 0;

  constructor(options: CoordinatorOptions) {
    const { seed, now, records, readers, stale, wire, base, isCalm } = options;
    this.options = options;
    this.seed = seed;
    this.now = now;
    this.records = records;
    this.readers = readers;
    this.stale = stale;
    this.wire = wire;
    this.base = base;
    this.isCalm = isCalm;
  }

  /** The number of the next write, from 1 on; null when there are enough. */
  async next(): Promise<number | null> {
    while (this.options.examiner.waiting > waitingMax) await sleep(pauseMs);
    return this.begun < this.options.writes && !this.isClosed ? ++this.begun : null;
  }

  /** Stops all writes: Lockstep has ended by itself, or the run shall end. */
  close(): void {
    this.isClosed = true;
  }

  get isOver(): boolean {
    return this.isClosed;
  }

  token(): Promise<string> {
    return this.options.org.token('demo');
  }

  /** The Id prefix of an sobject. */
  prefixOf(sobject: string): string {
    const some = this.records.contested.find((record) => record.sobject === sobject);
    return some?.id.slice(0, 3) ?? '';
  }

  expectShared(write: number): void {
    this.options.examiner.expectShared(write);
  }

  answered(answer: Answered): void {
    this.written++;
    if (answer.outcome === 'pending') this.pending++;
    if (answer.outcome === 'unknown') this.unknown++;
    this.options.examiner.tell(answer);
  }

  broken(promised: Guarantee, what: string): void {
    this.options.check.break(promised, null, what);
  }
}
