/**
 * The Lockstep processes, which come and go. If the profile is mortal, each lives for some seconds, and is then either
 * killed at its next step, or loses its lease without noticing: then it goes on reading and writing concurrently with
 * its successor, until it finds out. Every successor has a higher epoch.
 */
import type { Journal } from './journal.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface ProcessesOptions extends Omit<WorkerOptions, 'epoch' | 'living'> {
  journal: Journal;
}

const hourMs = 3_600_000;
/** How long a holder that sends no request can go without noticing that it has lost its lease. */
const leaseMs = 60_000;

export class Processes {
  private workers: Worker[] = [];
  private readonly started: Worker[] = [];
  private epoch = 0;
  private intervalMs: number;
  private readonly options: ProcessesOptions;

  constructor(options: ProcessesOptions) {
    this.options = options;
    this.intervalMs = options.profile.intervalMs;
  }

  begin(): void {
    const { agenda, profile } = this.options;
    this.start();
    agenda.at(profile.quietAt, () => this.setPace(profile.quietIntervalMs));
    agenda.at(profile.settlingAt, () => this.setPace(profile.settlingIntervalMs));
    this.planEnd();
    // The next start tries again what was stopped for good.
    if (profile.forbidShare > 0) agenda.at(profile.calmAt, () => this.replace());
  }

  /** A worker whose proxy accepts requests. */
  any(): Worker | undefined {
    this.workers = this.workers.filter(({ isAlive }) => isAlive);
    return this.workers.length > 0 ? this.options.random.pick(this.workers) : undefined;
  }

  /** The worker that has the lease. */
  holder(): Worker | undefined {
    return this.workers.findLast(({ isAlive }) => isAlive);
  }

  private start(): void {
    const { random, profile, journal, agenda } = this.options;
    const worker = new Worker({
      ...this.options,
      epoch: ++this.epoch,
      living: () => this.workers.filter(({ isAlive }) => isAlive).map(({ owner }) => owner),
    });
    worker.clockOffMs = random.between(-profile.clockOffMs, profile.clockOffMs);
    worker.settings = { ...worker.settings, intervalMs: this.intervalMs };
    this.workers.push(worker);
    this.started.push(worker);
    journal.add('process', () => `${worker.owner} starts, its clock is off by ${worker.clockOffMs} ms`);
    agenda.resume(() => worker.run());
  }

  private planEnd(): void {
    const { agenda, random, profile } = this.options;
    if (!profile.livesMs) return;
    agenda.after(random.between(...profile.livesMs), () => {
      if (agenda.now >= profile.calmAt) return;
      this.endOne();
      this.planEnd();
    });
  }

  private endOne(): void {
    const { agenda, random, profile, journal } = this.options;
    const [former] = this.workers.slice(-1);
    if (!former) return;
    if (random.next() < profile.clockJumpShare) {
      former.clockOffMs += random.between(0, hourMs);
      journal.add('process', () => `the clock of ${former.owner} jumps ahead`);
    } else if (random.next() < profile.takeoverShare) {
      journal.add('process', () => `${former.owner} loses its lease without noticing`);
      this.replace();
    } else {
      journal.add('process', () => `${former.owner} is about to die`);
      former.isDoomed = true;
      agenda.after(random.between(500, 4_000), () => {
        former.die();
        this.start();
      });
    }
  }

  /** Starts a successor; the former holder goes on concurrently until, at the latest, renewing its lease fails. */
  private replace(): void {
    const [former] = this.workers.slice(-1);
    for (const older of this.workers.slice(0, -1)) older.die();
    this.options.agenda.after(leaseMs, () => former?.die());
    this.start();
  }

  end(): void {
    for (const worker of this.started) worker.letGo();
  }

  /** Posts news with new settings, changed or not, which makes the worker check for sync requests. */
  tellNews(): void {
    for (const worker of this.workers) {
      worker.settings = { ...worker.settings, intervalMs: this.intervalMs };
      worker.mailbox.post({ kind: 'news' });
    }
  }

  private setPace(intervalMs: number): void {
    this.intervalMs = intervalMs;
    this.tellNews();
  }
}
