/**
 * Query jobs of Bulk API 2.0, one request at a time: a job is created, asked about until it has ended, and its results
 * are read page by page ("Query Jobs" in the Bulk API 2.0 guide).
 */
import { z } from 'zod';
import type { CsvSlice } from '../core/csv-slice.ts';
import { Fault } from '../core/faults.ts';
import type { Salesforce } from './client.ts';
import { sliceRecords } from './csv-records.ts';
import { errorCodeOf, faultOf, parseJsonOrUndefined } from './faults.ts';
import type { Purpose } from './request.ts';
import type { Answer, Usage } from './transport.ts';

/** A job, and the version of the API that all requests for it must name. */
export interface BulkJobName {
  id: string;
  /** `/services/data/v62.0` */
  dataPath: string;
  /** That its requests are counted under. */
  purpose: Purpose;
}

/** `lost`: its answer shows that the job or its results are gone, so only another job helps. */
export type BulkRefusal =
  /** Salesforce does not read this object, or these fields, by Bulk. */
  | { kind: 'unsupported'; reason: string }
  /** No more jobs today. */
  | { kind: 'exhausted'; reason: string }
  | { kind: 'lost'; reason: string };

type Refused = { refused: BulkRefusal };
type Counted<Result> = { usage: Usage | null } & Result;

const jobSchema = z.object({
  id: z.string().regex(/^750[0-9A-Za-z]{12,15}$/),
  state: z.string(),
  numberRecordsProcessed: z.int().nonnegative().optional(),
  errorMessage: z.string().nullish(),
});

/**
 * Creates a job that reads records that are not deleted, in no order.
 *
 * @throws Fault of a request that got no answer, or that a limit or a refused credential stopped
 */
export async function createQueryJob(
  salesforce: Salesforce,
  {
    soql,
    includeDeleted,
    purpose = 'backfill',
  }: { soql: string; includeDeleted: boolean; purpose?: Purpose },
  signal: AbortSignal,
): Promise<Counted<{ job: BulkJobName } | Refused>> {
  const { dataPath } = salesforce;
  const body = JSON.stringify({
    operation: includeDeleted ? 'queryAll' : 'query',
    query: soql,
    contentType: 'CSV',
    columnDelimiter: 'COMMA',
    lineEnding: 'LF',
  });
  const path = `${dataPath}/jobs/query`;
  const answer = await salesforce.request({ method: 'POST', path, body, purpose }, signal);
  const { usage } = answer;
  if (answer.status >= 300) return { usage, refused: refusalOfNewJob(answer) };
  const { id } = jobOf(answer);
  return { usage, job: { id, dataPath: salesforce.dataPath, purpose } };
}

export interface BulkJobState {
  state: 'waiting' | 'running' | 'complete' | 'failed' | 'aborted';
  /** Records that it has read so far; in the end, all of them. */
  records: number;
  /** Why it failed, as one of Salesforce's words such as `QUERY_TIMEOUT`: never its message, which quotes the query. */
  reason: string | null;
}

const states: Record<string, BulkJobState['state']> = {
  Open: 'waiting',
  UploadComplete: 'waiting',
  InProgress: 'running',
  JobComplete: 'complete',
  Failed: 'failed',
  Aborted: 'aborted',
};

/** @throws Fault as {@link createQueryJob}; `DATA-03`: the answer cannot be read */
export async function readQueryJob(
  salesforce: Salesforce,
  { id, dataPath, purpose }: BulkJobName,
  signal: AbortSignal,
): Promise<Counted<BulkJobState | Refused>> {
  const path = `${dataPath}/jobs/query/${id}`;
  const answer = await salesforce.request({ method: 'GET', path, purpose }, signal);
  const { usage } = answer;
  if (answer.status !== 200) return { usage, refused: refusalOfJob(answer) };
  const job = jobOf(answer);
  const state = states[job.state];
  if (!state) throw new Fault('DATA-03', { where: 'the state of a Bulk job' });
  const { numberRecordsProcessed: records } = job;
  // Without it a complete job would look like an empty table.
  if (state === 'complete' && records === undefined) throw new Fault('DATA-03', { where: 'a Bulk job' });
  return { usage, state, records: records ?? 0, reason: reasonOf(job.errorMessage) };
}

/** Gives a job up that has not ended. It may have ended by now, or be gone: that is as good. */
export async function abortQueryJob(
  salesforce: Salesforce,
  { id, dataPath, purpose }: BulkJobName,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ state: 'Aborted' });
  const path = `${dataPath}/jobs/query/${id}`;
  await salesforce.request({ method: 'PATCH', path, body, purpose }, signal);
}

/** The paths of some result pages, which may be read in any order, and where the list goes on; null: it is complete. */
export interface ResultPages {
  paths: readonly string[];
  next: string | null;
}

/** The guide's table and its example disagree about the name of `nextRecordsUrl`. */
const pagesSchema = z.object({
  resultPages: z.array(z.object({ resultUrl: z.string() })),
  nextRecordsUrl: z.string().nullish(),
  nextRecordUrl: z.string().nullish(),
  done: z.boolean(),
});

/**
 * Up to five more result pages. Before version 58.0, without a request, only the first.
 *
 * @param next  where the list goes on; null: from its beginning
 * @throws Fault as {@link readQueryJob}
 */
export async function listResultPages(
  salesforce: Salesforce,
  job: BulkJobName,
  { next, pageRows }: { next: string | null; pageRows: number },
  signal: AbortSignal,
): Promise<Counted<ResultPages | Refused>> {
  const below = `${job.dataPath}/jobs/query/${job.id}/`;
  if (!hasResultPages(job))
    return { usage: null, paths: [`${below}results?maxRecords=${pageRows}`], next: null };
  const path = next ?? `${below}resultPages?maxRecords=${pageRows}`;
  const answer = await salesforce.request({ method: 'GET', path, purpose: job.purpose }, signal);
  const { usage } = answer;
  if (answer.status !== 200) return { usage, refused: refusalOfJob(answer) };
  const read = pagesSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (!read.success) throw new Fault('DATA-03', { where: 'the result pages of a Bulk job' });
  const { resultPages, done, nextRecordsUrl, nextRecordUrl } = read.data;
  const following = done ? null : (nextRecordsUrl ?? nextRecordUrl);
  if (following === undefined) throw new Fault('DATA-03', { where: 'the result pages of a Bulk job' });
  const paths = resultPages.map(({ resultUrl }) => ownPath(resultUrl, below));
  return { usage, paths, next: following === null ? null : ownPath(following, below) };
}

const pagesSince = 58;

/** Whether the pages of a job are known before they are read. Without a list each page names the next one. */
export const hasResultPages = ({ dataPath }: BulkJobName): boolean =>
  Number(/v(\d+)\.0$/.exec(dataPath)?.[1]) >= pagesSince;

/** An answer may not send the session's token anywhere else. */
function ownPath(url: string, below: string): string {
  const path = url.startsWith('/') ? url : `/${url}`;
  const isBelow = path.startsWith(below) && !path.includes('..') && /^[!-~]*$/.test(path);
  if (!isBelow) throw new Fault('DATA-03', { where: 'the address of a result page' });
  return path;
}

export interface ResultPage {
  /** How many records the page has, by its header; null: a machine between has removed it. */
  records: number | null;
  /** The path of the next page; null: this is the last, or the header is missing. */
  next: string | null;
  /** Its records, as they arrive. */
  slices: AsyncIterable<CsvSlice>;
}

/**
 * Begins to read a result page.
 *
 * @param fields  what the job's query selects
 * @param sliceRows  how many records a slice has at most
 * @throws Fault as {@link readQueryJob}; while the slices are read `DATA-03` for damaged ones and `NET-01`
 */
export async function readResultPage(
  salesforce: Salesforce,
  job: BulkJobName,
  { path, fields, sliceRows }: { path: string; fields: readonly string[]; sliceRows: number },
  signal: AbortSignal,
): Promise<Counted<ResultPage | Refused>> {
  const asked = { method: 'GET', path, purpose: job.purpose, accept: 'text/csv' } as const;
  const { answer, body } = await salesforce.download(asked, signal);
  const { usage, headers } = answer;
  if (!body) return { usage, refused: refusalOfJob(answer) };
  const locator = headers['sforce-locator'];
  const count = headers['sforce-numberofrecords'];
  const hasNext = typeof locator === 'string' && locator !== 'null' && locator !== '';
  const { id, dataPath } = job;
  const size = /[?&]maxRecords=(\d+)/.exec(path)?.[1];
  const more = size === undefined ? '' : `&maxRecords=${size}`;
  return {
    usage,
    records: typeof count === 'string' && /^\d{1,12}$/.test(count) ? Number(count) : null,
    next: hasNext
      ? `${dataPath}/jobs/query/${id}/results?locator=${encodeURIComponent(locator)}${more}`
      : null,
    slices: sliceRecords(body, fields, sliceRows),
  };
}

function jobOf(answer: Answer) {
  const read = jobSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (!read.success) throw new Fault('DATA-03', { where: 'a Bulk job' });
  return read.data;
}

/** A message begins with a code, such as `InternalServerError : Retried more than fifteen times`. */
const reasonOf = (message: string | null | undefined): string | null =>
  /^\s*([A-Za-z][A-Za-z_]{2,60})\s*:/.exec(message ?? '')?.[1] ?? null;

/** Codes by which Salesforce refuses a job at its creation for what it asks. */
const unsupported = new Set([
  'INVALIDENTITY',
  'API_ERROR',
  'FEATURENOTENABLED',
  'FUNCTIONALITY_NOT_ENABLED',
  'INVALIDJOB',
  'MALFORMED_QUERY',
  'INVALID_TYPE_FOR_OPERATION',
  'NOT_FOUND',
  'API_DISABLED_FOR_ORG',
]);

const exhausted = new Set(['LIMIT_EXCEEDED', 'EXCEEDEDQUOTA', 'TOO_MANY_JOBS']);

/** @throws Fault of anything that another request would get as well, a refused field among it */
function refusalOfNewJob(answer: Answer): BulkRefusal {
  const code = errorCodeOf(answer.text);
  if (code !== null && answer.status < 500) {
    if (exhausted.has(code)) return { kind: 'exhausted', reason: code };
    if (unsupported.has(code)) return { kind: 'unsupported', reason: code };
    // Such as INVALID_FIELD: a page of a query is refused for the same reason, and that is looked into.
    if (answer.status === 400) return { kind: 'lost', reason: code };
  }
  throw faultOf(answer);
}

/** @throws Fault as {@link refusalOfNewJob} */
function refusalOfJob(answer: Answer): BulkRefusal {
  const isGone = [400, 404, 409, 410].includes(answer.status);
  if (isGone) return { kind: 'lost', reason: errorCodeOf(answer.text) ?? `status ${answer.status}` };
  throw faultOf(answer);
}
