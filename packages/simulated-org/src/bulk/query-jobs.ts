import { type Answer, dataPath, noContent } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, notFound } from '../http/errors.ts';
import { recordId } from '../write/ids.ts';
import { toStored } from '../write/stored-text.ts';
import { csvForm } from './csv.ts';
import { headerLine } from './csv-columns.ts';
import { bodyOf, formOf, jobJson, jobPrefix, printed, requireJob, textOf } from './job-answers.ts';
import { jobList } from './job-list.ts';
import { invalidLocator, locatorOf, type Page, readPage } from './pages.ts';
import { compileBulkQuery } from './query-check.ts';
import { otherVersion, wrongState } from './refusals.ts';
import { changeJob, deleteJob, insertJob, type Job, partsOf } from './storage.ts';

/** `/jobs/query` and below. */
export async function queryJobsAnswer(call: Call, path: readonly string[]): Promise<Answer> {
  const [id, part, ...more] = path;
  if (more.length > 0) throw notFound();
  if (id === undefined) {
    if (call.method === 'POST') return createQueryJob(call);
    if (call.method === 'GET') return jobList(call, 'query');
    throw methodNotAllowed(call.method, ['GET', 'POST', 'HEAD']);
  }
  const job = await requireJob(call, 'query', id);
  if (part === undefined) return queryJobAnswer(call, job);
  if (part !== 'results' && part !== 'resultPages') throw notFound();
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  return part === 'results' ? results(call, job) : resultPages(call, job);
}

async function createQueryJob(call: Call): Promise<Answer> {
  const body = bodyOf(call);
  const operation = textOf(body, 'operation', ['query', 'queryAll']);
  const form = formOf(body);
  const soql = toStored(textOf(body, 'query'));
  const now = call.org.clock.now();
  const includeDeleted = operation === 'queryAll';
  const compiled = compileBulkQuery(call.sobjects, {
    soql,
    includeDeleted,
    version: call.version,
    now,
    userId: call.userId,
  });
  call.org.bulkLimits.requireQueryJob();
  const number = await call.org.numbers.next(call.db);
  const job = await insertJob(
    call.db,
    {
      id: recordId(jobPrefix, number),
      kind: 'query',
      user_id: call.userId,
      client: call.client ?? null,
      operation,
      object: compiled.sobject,
      query: soql,
      external_id_field: null,
      assignment_rule_id: null,
      ...form,
      api_version: call.version,
      state: 'UploadComplete',
      header: headerLine(compiled.columns, csvForm(form)),
    },
    now,
  );
  call.org.bulkLimits.countQueryJob();
  call.org.jobFaults.begin('query', job.id);
  call.org.jobs.wake('query');
  return printed(jobJson(job, false));
}

async function queryJobAnswer(call: Call, job: Job): Promise<Answer> {
  switch (call.method) {
    case 'GET':
      return printed(jobJson(job, true));
    case 'PATCH': {
      textOf(bodyOf(call), 'state', ['Aborted']);
      const change = { state: 'Aborted' } as const;
      const now = call.org.clock.now();
      const aborted = await changeJob(call.db, job.id, ['UploadComplete', 'InProgress'], change, now);
      if (!aborted) throw wrongState('Aborting already Completed Job not allowed');
      call.org.jobs.cancel(job.id);
      return printed(jobJson(aborted, true));
    }
    case 'DELETE': {
      const ended = ['UploadComplete', 'JobComplete', 'Aborted', 'Failed'] as const;
      if (!(await call.write((tx) => deleteJob(tx, job.id, ended)))) {
        throw wrongState('A job that is in progress cannot be deleted; abort it first');
      }
      await call.org.results.remove(job.id);
      return noContent;
    }
    default:
      throw methodNotAllowed(call.method, ['GET', 'PATCH', 'DELETE', 'HEAD']);
  }
}

function requireResults(call: Call, job: Job): void {
  const { jobFaults } = call.org;
  if (jobFaults.find(job.id, 'lose-results')) throw notFound();
  if (job.api_version !== call.version) throw otherVersion(job.api_version);
  if (job.state !== 'JobComplete') throw wrongState(`The job has no results: its state is ${job.state}`);
  if (call.parameters.has('locator') && jobFaults.find(job.id, 'expire-locators')) throw invalidLocator();
}

function results(call: Call, job: Job): Answer {
  requireResults(call, job);
  const page = readPage(call.parameters, job.records_processed);
  const next = page.from + page.rows;
  const isEnd = next >= job.records_processed;
  const tooMany = call.org.jobFaults.find(job.id, 'miscount')?.by ?? 0;
  return {
    status: 200,
    body: null,
    headers: {
      'Content-Type': 'text/csv',
      'Sforce-Locator': isEnd ? 'null' : locatorOf(next),
      'Sforce-NumberOfRecords': String(page.rows + tooMany),
    },
    stream: pageText(call, job, page),
  };
}

async function* pageText(call: Call, job: Job, { from, rows }: Page): AsyncGenerator<string | Buffer> {
  yield (job.header ?? '') + csvForm(job).lineEnding;
  yield* call.org.results.read(job.id, await partsOf(call.db, job.id), from, from + rows);
}

const resultPagesSince = 58;
const pagesAtOnce = 5;

/** The locators of the next five pages, which can be read in parallel. */
function resultPages(call: Call, job: Job): Answer {
  if (Number(call.version) < resultPagesSince) throw notFound();
  requireResults(call, job);
  const { parameters } = call;
  const maxRecords = parameters.get('maxRecords');
  const size = maxRecords === null ? '' : `&maxRecords=${maxRecords}`;
  const place = (part: string, from: number) =>
    `${dataPath(call.version, 'jobs', 'query', job.id, part)}?locator=${locatorOf(from)}${size}`;
  const pages: { resultUrl: string }[] = [];
  const total = job.records_processed;
  let { from, rows } = readPage(parameters, total);
  do {
    pages.push({ resultUrl: place('results', from) });
    from += rows;
  } while (from < total && pages.length < pagesAtOnce);
  const isDone = from >= total;
  return printed({
    resultPages: pages,
    nextRecordsUrl: isDone ? null : place('resultPages', from),
    done: isDone,
  });
}
