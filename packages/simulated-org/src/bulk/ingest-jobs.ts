import { type Answer, noContent } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, notFound, unsupportedMedia } from '../http/errors.ts';
import { ingestResults } from './ingest-results.ts';
import { bodyOf, jobJson, printed, requireJob, textOf } from './job-answers.ts';
import { jobList } from './job-list.ts';
import { createIngestJob } from './new-ingest-job.ts';
import { invalidJob, wrongState } from './refusals.ts';
import { changeJob, deleteJob, type Job, type JobState } from './storage.ts';
import { claimUpload, giveUpUpload, storeUpload } from './upload.ts';

/** `/jobs/ingest` and below: a job is created, its file uploaded, the upload closed; then the worker runs it. */
const ended = ['JobComplete', 'Failed', 'Aborted'] as const;

export async function ingestJobsAnswer(call: Call, path: readonly string[]): Promise<Answer> {
  const [id, part, ...more] = path;
  if (more.length > 0) throw notFound();
  if (id === undefined) {
    if (call.method === 'POST') return createIngestJob(call);
    if (call.method === 'GET') return jobList(call, 'ingest');
    throw methodNotAllowed(call.method, ['GET', 'POST', 'HEAD']);
  }
  const job = await requireJob(call, 'ingest', id);
  switch (part) {
    case undefined:
      return ingestJobAnswer(call, job);
    case 'batches':
      return putFile(call, job);
    case 'successfulResults':
    case 'failedResults':
    case 'unprocessedrecords':
      return ingestResults(call, job, part);
    case 'unprocessedRecords': // not the documented spelling, but that of several clients
      return ingestResults(call, job, 'unprocessedrecords');
    default:
      throw notFound();
  }
}

async function ingestJobAnswer(call: Call, job: Job): Promise<Answer> {
  switch (call.method) {
    case 'GET':
      return printed(jobJson(job, true));
    case 'PATCH': {
      const state = textOf(bodyOf(call), 'state', ['UploadComplete', 'Aborted']);
      return printed(jobJson(await (state === 'Aborted' ? abort(call, job) : closeUpload(call, job)), true));
    }
    case 'DELETE':
      if (!(await call.write((tx) => deleteJob(tx, job.id, ['UploadComplete', ...ended])))) {
        throw wrongState('A job that is open or in progress cannot be deleted; abort it first');
      }
      return noContent;
    default:
      throw methodNotAllowed(call.method, ['GET', 'PATCH', 'DELETE', 'HEAD']);
  }
}

async function abort(call: Call, job: Job): Promise<Job> {
  const open = ['Open', 'UploadComplete', 'InProgress'] as const;
  const aborted = await changeJob(call.db, job.id, open, { state: 'Aborted' }, call.org.clock.now());
  if (!aborted) throw wrongState('Aborting already Completed Job not allowed');
  call.org.jobs.cancel(job.id);
  return aborted;
}

async function closeUpload(call: Call, job: Job): Promise<Job> {
  if (job.upload === 'coming') throw wrongState('Closing a job whose data is being uploaded not allowed');
  const now = call.org.clock.now();
  const closed = await changeJob(call.db, job.id, ['Open'], { state: 'UploadComplete' }, now);
  if (!closed) throw wrongState('Closing already Completed Job not allowed');
  call.org.jobs.wake('ingest');
  return closed;
}

async function putFile(call: Call, job: Job): Promise<Answer> {
  if (call.method !== 'PUT') throw methodNotAllowed(call.method, ['PUT']);
  if (!call.file) {
    throw unsupportedMedia("Content type not supported. Use 'text/csv'.");
  }
  const claim = await claimUpload(call.db, job.id);
  if (!claim) throw notFound();
  if (claim.state !== 'Open') throw cannotAdd(claim.state);
  if (!claim.isOurs) {
    throw invalidJob(
      `Found multiple contents for job: <${job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job and make sure you only do 'PUT' once on a given Job.`,
    );
  }
  try {
    if (!(await storeUpload(call.db, job.id, call.file))) throw cannotAdd('Aborted');
  } catch (error) {
    await giveUpUpload(call.db, job.id);
    throw error;
  }
  return { status: 201, body: null };
}

const cannotAdd = (state: JobState) => wrongState(`Data cannot be added to a job whose state is ${state}`);
