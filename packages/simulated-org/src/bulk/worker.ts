import { sql } from '@lockstep/foundation/sql';
import { asOrgError } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { toStored } from '../write/stored-text.ts';
import { JobFailure } from './refusals.ts';
import { runIngestJob } from './run-ingest.ts';
import { runQueryJob } from './run-query.ts';
import {
  changeJob,
  deleteJob,
  endedStates,
  expiredJobs,
  type Job,
  type JobKind,
  nextJob,
} from './storage.ts';

/**
 * Runs the jobs, one of each kind at a time, oldest first. The database has everything known about a job, so a new
 * process continues where another stopped.
 */
const idleMs = 3_600_000;
const retryMs = 1000;
const retriesMax = 15;

/** Runs until the signal aborts. `onDefect` gets errors that no client should be able to cause. */
export async function runJobs(
  org: Org,
  signal: AbortSignal,
  onDefect: (error: unknown) => void,
): Promise<void> {
  await Promise.all((['query', 'ingest'] as const).map((kind) => runLane(org, kind, signal, onDefect)));
}

async function runLane(
  org: Org,
  kind: JobKind,
  signal: AbortSignal,
  onDefect: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const job = await nextJob(org.db, kind, org.jobFaults.staying);
      if (job) await runJob(org, job, signal, onDefect);
      else {
        await dropExpired(org, kind);
        await org.jobs.signals[kind].wait(org.clock, idleMs, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!asOrgError(error)) onDefect(error);
      await org.clock.real.sleep(retryMs, signal).catch(() => undefined); // not by the org's clock
    }
  }
}

async function runJob(
  org: Org,
  job: Job,
  signal: AbortSignal,
  onDefect: (error: unknown) => void,
): Promise<void> {
  const either = AbortSignal.any([signal, org.jobs.begin(job.id)]);
  try {
    const now = org.clock.now();
    const taken = await changeJob(
      org.db,
      job.id,
      ['UploadComplete', 'InProgress'],
      { state: 'InProgress' },
      now,
    );
    if (!taken || (await isFaulted(org, taken))) return;
    await (job.kind === 'query' ? runQueryJob(org, taken, either) : runIngestJob(org, taken, either));
  } catch (error) {
    if (job.kind === 'query') await org.results.remove(job.id);
    if (either.aborted) return;
    await giveUp(org, job, error, onDefect);
  } finally {
    org.jobs.end(job.id);
  }
}

/** True if a fault keeps the job from running. */
async function isFaulted(org: Org, { id }: Job): Promise<boolean> {
  if (org.jobFaults.find(id, 'stay')) return true;
  const fault = org.jobFaults.find(id, 'fail');
  if (fault) throw new JobFailure(fault.errorMessage);
  if (!org.jobFaults.find(id, 'abort')) return false;
  await changeJob(org.db, id, ['InProgress'], { state: 'Aborted' }, org.clock.now());
  return true;
}

/** A short outage of the database does not fail the job. */
async function giveUp(org: Org, job: Job, error: unknown, onDefect: (error: unknown) => void): Promise<void> {
  const known = asOrgError(error);
  if (known?.status === 503 && job.retries < retriesMax) {
    await org.db.query(sql`UPDATE simulator.bulk_job SET retries = retries + 1 WHERE id = ${job.id}`);
    throw error;
  }
  if (!known && !(error instanceof JobFailure)) onDefect(error);
  const errorMessage =
    error instanceof JobFailure
      ? error.message
      : known
        ? `${known.entry.errorCode} : ${known.entry.message}`
        : 'UNKNOWN_EXCEPTION : An unexpected error occurred';
  const change = { state: 'Failed', errorMessage: toStored(errorMessage) } as const;
  await changeJob(org.db, job.id, ['InProgress'], change, org.clock.now());
}

async function dropExpired(org: Org, kind: JobKind): Promise<void> {
  for (const id of await expiredJobs(org.db, kind, org.clock.now())) {
    if (await deleteJob(org.db, id, endedStates)) await org.results.remove(id);
  }
}
