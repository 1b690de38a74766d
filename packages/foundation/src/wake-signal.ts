import type { Clock } from './clock.ts';

/** Passed as the reason, because without one Node creates an exception with a stack. */
const over = 'the wait is over';

/** Lets one loop sleep for a time and others wake it earlier. A `notify` while nobody sleeps is not lost. */
export class WakeSignal {
  private isNotified = false;
  private wake: (() => void) | null = null;

  notify(): void {
    this.isNotified = true;
    this.wake?.();
  }

  /** Resolves after `ms` or on `notify`; rejects with the signal's reason when it aborts. */
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
