import { WakeSignal } from '@lockstep/foundation/wake-signal';
import type { JobKind } from './storage.ts';

/** What requests tell the worker of this process. */
export class JobSignals {
  readonly signals: Readonly<Record<JobKind, WakeSignal>> = {
    query: new WakeSignal(),
    ingest: new WakeSignal(),
  };
  private readonly running = new Map<string, AbortController>();

  wake(kind: JobKind): void {
    this.signals[kind].notify();
  }

  /** Aborts when the job is cancelled, until it is told that the work has ended. */
  begin(jobId: string): AbortSignal {
    const cancelled = new AbortController();
    this.running.set(jobId, cancelled);
    return cancelled.signal;
  }

  end(jobId: string): void {
    this.running.delete(jobId);
  }

  /** Ends the work on a job that, as the database says, is no longer wanted. */
  cancel(jobId: string): void {
    this.running.get(jobId)?.abort(new DOMException('the job was aborted', 'AbortError'));
  }
}
