import type { Clock } from '@lockstep/foundation/clock';
import { concurrencyExceeded, limitExceeded } from './errors.ts';

const hourMs = 3_600_000;
const hoursCounted = 24;

/** The org's API requests of the last 24 hours of its clock, counted by the hour. A restart resets the count. */
export class ApiUsage {
  max: number;
  private readonly clock: Clock;
  private readonly byHour = new Map<number, number>();

  constructor(clock: Clock, max: number) {
    this.clock = clock;
    this.max = max;
  }

  get used(): number {
    const now = this.hour();
    let used = 0;
    for (const [hour, count] of this.byHour) {
      // The clock can be set back.
      if (hour <= now - hoursCounted || hour > now) this.byHour.delete(hour);
      else used += count;
    }
    return used;
  }

  set used(count: number) {
    this.byHour.clear();
    this.byHour.set(this.hour(), count);
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when nothing is left */
  spend(): void {
    if (this.used >= this.max) throw limitExceeded();
    const hour = this.hour();
    this.byHour.set(hour, (this.byHour.get(hour) ?? 0) + 1);
  }

  private hour(): number {
    return Math.floor(this.clock.now() / hourMs);
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
