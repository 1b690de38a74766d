import { type Answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { refused } from '../http/errors.ts';
import { parseId } from '../write/ids.ts';
import { jobJson, printed } from './job-answers.ts';
import { invalidJob } from './refusals.ts';
import { isExpired, type JobKind, listJobs } from './storage.ts';

/** `GET /jobs/query` and `GET /jobs/ingest`: the user's jobs, a thousand per page, newest first. */
const listRows = 1000;

/** Null: jobs of the first Bulk API, of which the org has none. */
const kindsOfTypes: Readonly<Record<string, JobKind | null>> = {
  v2query: 'query',
  v2ingest: 'ingest',
  classic: null,
  bigobjectingest: null,
};

export async function jobList(call: Call, kind: JobKind): Promise<Answer> {
  const { parameters } = call;
  const type = parameter(call, 'jobType', Object.keys(kindsOfTypes));
  const listed = type === null ? kind : (kindsOfTypes[type] ?? null);
  // All jobs are parallel, and only in the first Bulk API could clients request PK chunking.
  const isNone =
    parameter(call, 'concurrencyMode', ['parallel', 'serial']) === 'serial' ||
    parameter(call, 'isPkChunkingEnabled', ['true', 'false']) === 'true';
  const after = readLocator(parameters.get('queryLocator'));
  const found =
    listed === null || isNone ? [] : await listJobs(call.db, listed, call.userId, after, listRows + 1);
  const jobs = found.slice(0, listRows);
  const last = found.length > listRows ? jobs.at(-1) : undefined;
  return printed({
    done: !last,
    records: jobs.filter((job) => !isExpired(job, call.org.clock.now())).map((job) => jobJson(job, true)),
    nextRecordsUrl: last ? nextUrl(call, kind, last.id) : null,
  });
}

/** In lower case; Salesforce accepts any case. */
function parameter(call: Call, name: string, allowed: readonly string[]): string | null {
  const value = call.parameters.get(name)?.toLowerCase() ?? null;
  if (value !== null && !allowed.includes(value)) throw invalidJob(`Invalid value for ${name}`);
  return value;
}

/** The Id of the last job on the preceding page. */
function readLocator(locator: string | null): string | null {
  if (locator === null) return null;
  const id = parseId(locator);
  if (!id) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator');
  return id;
}

function nextUrl(call: Call, kind: JobKind, lastId: string): string {
  const parameters = new URLSearchParams(call.parameters);
  parameters.set('queryLocator', lastId);
  return `${dataPath(call.version, 'jobs', kind)}?${parameters.toString()}`;
}
