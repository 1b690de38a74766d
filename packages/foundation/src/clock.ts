/**
 * The only source of time. It drives schedules, time-outs and the simulated org, so that a test advances it
 * instead of sleeping. Instants are milliseconds since 1970; the local clock never reaches a query, where only
 * the server's own time counts.
 */
export interface Clock {
  /** Never goes back, and does not jump when somebody sets the machine's time. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The wall clock as it was when the process started, and from then on a clock that nobody sets: a machine whose time is
 * put right by an hour neither waits an hour nor hurries.
 */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      // Longer than Node's timers reach, they would fire at once.
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, 2 ** 31 - 1),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

type Sleeper = { wakeAt: number; wake: () => void };

/** A clock that stands still until `advance` is called. For tests and simulation. */
export class ManualClock implements Clock {
  private current: number;
  private sleepers: Sleeper[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.current = start;
  }

  now(): number {
    return this.current;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = { wakeAt: this.current + ms, wake: resolve };
      this.sleepers.push(sleeper);
      signal?.addEventListener(
        'abort',
        () => {
          this.sleepers = this.sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Moves the time on and wakes, in order, whoever waits for an instant up to then. */
  advance(ms: number): void {
    this.current += ms;
    const due = this.sleepers.filter((sleeper) => sleeper.wakeAt <= this.current);
    this.sleepers = this.sleepers.filter((sleeper) => sleeper.wakeAt > this.current);
    for (const sleeper of due.toSorted((a, b) => a.wakeAt - b.wakeAt)) sleeper.wake();
  }
}

/** An abort signal that also fires after `ms` of this clock. The reason tells which of the two it was. */
export function deadline(clock: Clock, ms: number, signal?: AbortSignal): AbortSignal & Disposable {
  const controller = new AbortController();
  const stopTimer = new AbortController();
  const onOuter = () => controller.abort(signal?.reason);
  if (signal?.aborted) onOuter();
  else signal?.addEventListener('abort', onOuter, { once: true });
  clock.sleep(ms, stopTimer.signal).then(
    () => controller.abort(timeout(ms)),
    () => undefined, // disposed before it fired
  );
  return Object.assign(controller.signal, {
    [Symbol.dispose]() {
      stopTimer.abort('disposed');
      signal?.removeEventListener('abort', onOuter);
    },
  });
}

/** What the promise gives, if it does within `ms`: else a TimeoutError, and its own end is of no interest. */
export async function inTime<Result>(clock: Clock, ms: number, promise: Promise<Result>): Promise<Result> {
  const isOver = new AbortController();
  const timeIsUp = clock.sleep(ms, isOver.signal).then(() => Promise.reject(timeout(ms)));
  try {
    return await Promise.race([promise, timeIsUp]);
  } finally {
    isOver.abort('over');
  }
}

const timeout = (ms: number) => new DOMException(`no answer within ${ms} ms`, 'TimeoutError');
