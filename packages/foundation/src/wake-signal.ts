import type { Clock } from './clock.ts';

/** Given as a reason, because Node makes an exception with a stack where there is none. */
const over = 'the wait is over';

/** Lets one loop sleep until a time and others wake it earlier. A notice while nobody sleeps is not lost. */
export class WakeSignal {
  private isNotified = false;
  private wake: (() => void) | null = null;

  notify(): void {
    this.isNotified = true;
    this.wake?.();
  }

  /** Resolves after `ms` or at the next notice; rejects with the signal's reason when it aborts. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.isNotified) {
      const slept = new AbortController();
      const notified = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      try {
        await Promise.race([notified, clock.sleep(ms, AbortSignal.any([signal, slept.signal]))]);
      } finally {
        this.wake = null;
        slept.abort(over);
      }
    }
    this.isNotified = false;
  }
}
