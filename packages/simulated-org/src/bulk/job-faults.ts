import type { JobSignals } from './job-signals.ts';
import type { JobKind } from './storage.ts';

/**
 * What shall go wrong with a job, asked for by its Id or for the next job that is made. Several may be asked of one
 * job. They last until they are lifted or the process ends.
 */
export type JobFault =
  /** Ends in the state Failed, with this message. */
  | { kind: 'fail'; errorMessage: string }
  /** Stays in the state InProgress; other jobs overtake it. Lifted, it goes on. */
  | { kind: 'stay' }
  /** Ends in the state Aborted as if somebody else had asked for it. */
  | { kind: 'abort' }
  /** Every locator of its results is refused. */
  | { kind: 'expire-locators' }
  /** Its results answer 404. */
  | { kind: 'lose-results' }
  /** The columns of its results come in the reverse of the order in which they were selected. */
  | { kind: 'reorder-columns' }
  /** Sforce-NumberOfRecords says so many more than there are, or fewer. */
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

  askOf(jobId: string, fault: JobFault): void {
    this.ofJobs.set(jobId, [...(this.ofJobs.get(jobId) ?? []), fault]);
  }

  askOfNext(kind: JobKind, fault: JobFault): void {
    this.ofNext[kind] = [...this.ofNext[kind], fault];
  }

  /** A job is made, and is the next one. */
  begin(kind: JobKind, jobId: string): void {
    for (const fault of this.ofNext[kind]) this.askOf(jobId, fault);
    this.ofNext[kind] = [];
  }

  find<K extends Kind>(jobId: string, kind: K): FaultOf<K> | undefined {
    return this.ofJobs.get(jobId)?.find((fault): fault is FaultOf<K> => fault.kind === kind);
  }

  /** The jobs that stay as they are. */
  get staying(): string[] {
    return [...this.ofJobs.keys()].filter((jobId) => this.find(jobId, 'stay'));
  }

  /** Nothing more goes wrong with the job; without an Id, with any job. */
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
