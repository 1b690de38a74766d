import type { JobSignals } from './job-signals.ts';
import type { JobKind } from './storage.ts';

/**
 * What should go wrong with a job, requested by its Id or for the next job created. A job may have several faults.
 * They last until they are lifted or the process ends.
 */
export type JobFault =
  /** Ends in the state Failed, with this message. */
  | { kind: 'fail'; errorMessage: string }
  /** Stays in the state InProgress while other jobs overtake it. Continues when the fault is lifted. */
  | { kind: 'stay' }
  /** Ends in the state Aborted as if somebody else had requested it. */
  | { kind: 'abort' }
  /** Every locator of its results is refused. */
  | { kind: 'expire-locators' }
  /** Its results answer 404. */
  | { kind: 'lose-results' }
  /** The columns of its results come in the reverse of the selected order. */
  | { kind: 'reorder-columns' }
  /** Sforce-NumberOfRecords is too high by this number, or too low if it is negative. */
  | { kind: 'miscount'; by: number };

type Kind = JobFault['kind'];
type FaultOf<K extends Kind> = Extract<JobFault, { kind: K }>;

export class JobFaults {
  private readonly ofJobs = new Map<string, readonly JobFault[]>();
  private readonly ofNext: Record<JobKind, readonly JobFault[]> = { query: [], ingest: [] };
  private readonly signals: JobSignals;

  constructor(signals: JobSignals) {
    this.signals = signals;
  }

  arm(jobId: string, fault: JobFault): void {
    this.ofJobs.set(jobId, [...(this.ofJobs.get(jobId) ?? []), fault]);
  }

  armNext(kind: JobKind, fault: JobFault): void {
    this.ofNext[kind] = [...this.ofNext[kind], fault];
  }

  /** A job was created: it gets the faults that waited for the next one. */
  begin(kind: JobKind, jobId: string): void {
    for (const fault of this.ofNext[kind]) this.arm(jobId, fault);
    this.ofNext[kind] = [];
  }

  find<K extends Kind>(jobId: string, kind: K): FaultOf<K> | undefined {
    return this.ofJobs.get(jobId)?.find((fault): fault is FaultOf<K> => fault.kind === kind);
  }

  /** The jobs with a `stay` fault. */
  get staying(): string[] {
    return [...this.ofJobs.keys()].filter((jobId) => this.find(jobId, 'stay'));
  }

  /** Ends the faults of the job; without an Id, of all jobs. */
  lift(jobId?: string): void {
    if (jobId === undefined) {
      this.ofJobs.clear();
      this.ofNext.query = [];
      this.ofNext.ingest = [];
    } else this.ofJobs.delete(jobId);
    this.signals.wake('query');
    this.signals.wake('ingest');
  }
}
