/**
 * The only source of time. It drives schedules, time-outs and the simulated org, so that a test advances it
 * instead of sleeping. Instants are milliseconds since 1970. Queries never use the local clock: only the server's own
 * time counts there.
 */
export interface Clock {
  /** Never goes back, and does not jump when the machine's time is set. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Starts from the wall clock and is monotonic from then on: when the machine's time is corrected by an hour, no sleep
 * ends an hour early or late.
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
      // With a longer delay, Node's timer would fire at once.
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

  /** Advances the time and wakes, in order, every sleeper that is due. */
  advance(ms: number): void {
    this.current += ms;
    const due = this.sleepers.filter((sleeper) => sleeper.wakeAt <= this.current);
    this.sleepers = this.sleepers.filter((sleeper) => sleeper.wakeAt > this.current);
    for (const sleeper of due.toSorted((a, b) => a.wakeAt - b.wakeAt)) sleeper.wake();
  }
}

/** A signal that aborts when `signal` does or after `ms` of this clock; its reason tells which. */
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

/** Settles as the promise does; rejects with a TimeoutError after `ms`, and then ignores the promise's result. */
export async function withTimeout<Result>(
  clock: Clock,
  ms: number,
  promise: Promise<Result>,
): Promise<Result> {
  const isOver = new AbortController();
  const timeIsUp = clock.sleep(ms, isOver.signal).then(() => Promise.reject(timeout(ms)));
  try {
    return await Promise.race([promise, timeIsUp]);
  } finally {
    isOver.abort('over');
  }
}

const timeout = (ms: number) => new DOMException(`no answer within ${ms} ms`, 'TimeoutError');
