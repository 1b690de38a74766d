import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { notFound } from '../http/errors.ts';
import { ingestJobsAnswer } from './ingest-jobs.ts';
import { queryJobsAnswer } from './query-jobs.ts';

/** Bulk API 2.0: `/jobs/query` and `/jobs/ingest`. A request creates or reads a job; `worker.ts` does the work. */
export async function jobsAnswer(call: Call): Promise<Answer> {
  const [, kind, ...path] = call.path;
  if (kind === 'query') return queryJobsAnswer(call, path);
  if (kind === 'ingest') return ingestJobsAnswer(call, path);
  throw notFound();
}
