import { WakeSignal } from '@lockstep/foundation/wake-signal';
import type { JobKind } from './storage.ts';

/** Signals from requests to the worker of this process. */
export class JobSignals {
  readonly signals: Readonly<Record<JobKind, WakeSignal>> = {
    query: new WakeSignal(),
    ingest: new WakeSignal(),
  };
  private readonly running = new Map<string, AbortController>();

  wake(kind: JobKind): void {
    this.signals[kind].notify();
  }

  /** The signal aborts if the job is cancelled before `end` is called. */
  begin(jobId: string): AbortSignal {
    const cancelled = new AbortController();
    this.running.set(jobId, cancelled);
    return cancelled.signal;
  }

  end(jobId: string): void {
    this.running.delete(jobId);
  }

  /** Stops the work on a job whose state in the database says that it is no longer wanted. */
  cancel(jobId: string): void {
    this.running.get(jobId)?.abort(new DOMException('the job was aborted', 'AbortError'));
  }
}
