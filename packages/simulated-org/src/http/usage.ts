import type { Clock } from '@lockstep/foundation/clock';
import { concurrencyExceeded, limitExceeded } from './errors.ts';

const dayMs = 86_400_000;

/** The org's API requests of one day, by the day of its clock. A restart resets the count. */
export class ApiUsage {
  max: number;
  private readonly clock: Clock;
  private day = 0;
  private count = 0;

  constructor(clock: Clock, max: number) {
    this.clock = clock;
    this.max = max;
  }

  get used(): number {
    const today = Math.floor(this.clock.now() / dayMs);
    if (today !== this.day) {
      this.day = today;
      this.count = 0;
    }
    return this.count;
  }

  set used(count: number) {
    this.day = Math.floor(this.clock.now() / dayMs);
    this.count = count;
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when nothing is left */
  spend(): void {
    if (this.used >= this.max) throw limitExceeded();
    this.count++;
  }
}

const longMs = 20_000;

/** Concurrent requests that take longer than 20 s: an org limits these, and only these. */
export class LongRequests {
  max = 25;
  /** Counted in addition to the real ones. */
  extra = 0;
  private readonly clock: Clock;
  private readonly began = new Set<{ at: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get used(): number {
    const before = this.clock.now() - longMs;
    return this.extra + [...this.began].filter(({ at }) => at < before).length;
  }

  /** Counts a request until the result is disposed of. */
  begin(): Disposable {
    const request = { at: this.clock.now() };
    this.began.add(request);
    return { [Symbol.dispose]: () => void this.began.delete(request) };
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when no more requests are allowed */
  check(): void {
    if (this.used >= this.max) throw concurrencyExceeded();
  }
}
