import type { Clock } from '@lockstep/foundation/clock';

/**
 * The org's time: another clock's, moved, and made faster or slower. Stamps, expiry, retention and the Date of
 * answers follow it. Instants are epoch ms; a rate of 60 is a minute per second, 0 stands still.
 */
export interface ClockSetting {
  /** It showed `at` when the wrapped clock showed `since`. */
  at: number;
  since: number;
  rate: number;
}

interface Sleeper {
  wakeAt: number;
  wake(): void;
}

export class OrgClock implements Clock {
  /** The wrapped clock: for what a client's own time-outs measure, such as a delayed answer. */
  readonly real: Clock;
  private from: ClockSetting;
  private sleepers: Sleeper[] = [];
  private alarm: AbortController | undefined;

  /** Without a setting it shows the same as the other clock. */
  constructor(real: Clock, setting: ClockSetting = { at: 0, since: 0, rate: 1 }) {
    this.real = real;
    this.from = setting;
  }

  /** With this, another process can continue it. */
  get setting(): ClockSetting {
    return this.from;
  }

  now(): number {
    const { at, since, rate } = this.from;
    return Math.floor(at + (this.real.now() - since) * rate);
  }

  /** Forward: sleepers due up to then wake. Backward: everybody waits for as long as before. */
  set(instant: number): void {
    const back = Math.max(0, this.now() - instant);
    for (const sleeper of this.sleepers) sleeper.wakeAt -= back;
    this.turn({ at: instant, rate: this.from.rate });
  }

  setRate(rate: number): void {
    this.turn({ at: this.now(), rate });
  }

  /** By this clock's time: a clock that stands still wakes nobody until it is moved. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const remove = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        remove();
        this.setAlarm();
        reject(signal?.reason);
      };
      const wake = () => {
        remove();
        resolve();
      };
      const sleeper: Sleeper = { wakeAt: this.now() + ms, wake };
      this.sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.setAlarm();
    });
  }

  private turn({ at, rate }: { at: number; rate: number }): void {
    this.from = { at, since: this.real.now(), rate };
    this.wakeDue();
  }

  private wakeDue(): void {
    const now = this.now();
    const due = this.sleepers.filter(({ wakeAt }) => wakeAt <= now);
    for (const sleeper of due.toSorted((a, b) => a.wakeAt - b.wakeAt)) sleeper.wake();
    this.setAlarm();
  }

  /** One sleep of the wrapped clock, until the first sleeper is due. */
  private setAlarm(): void {
    this.alarm?.abort();
    this.alarm = undefined;
    if (this.from.rate === 0 || this.sleepers.length === 0) return;
    const first = Math.min(...this.sleepers.map(({ wakeAt }) => wakeAt));
    const alarm = new AbortController();
    this.alarm = alarm;
    this.real.sleep(Math.max(0, Math.ceil((first - this.now()) / this.from.rate)), alarm.signal).then(
      () => this.wakeDue(),
      () => undefined, // the alarm was set again
    );
  }
}
