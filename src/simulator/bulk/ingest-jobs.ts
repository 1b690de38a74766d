import { sql } from '../../lib/sql.ts';
import { type Answer, type Call, noContent } from '../answer.ts';
import { methodNotAllowed, notFound, OrgError, refused } from '../errors.ts';
import { recordId } from '../ids.ts';
import { fieldNamed, isIdLookup, type SObjectDef } from '../schema.ts';
import { nextRecordNumber } from '../storage.ts';
import { fromStored } from '../stored-text.ts';
import { csvForm, csvValues } from './csv.ts';
import { bodyOf, formOf, jobJson, jobPrefix, printed, requireJob, textOf } from './job-answers.ts';
import { jobList } from './job-list.ts';
import { entityUnsupported, hasBulk, invalidJob, wrongState } from './refusals.ts';
import { changeJob, deleteJob, insertJob, type Job } from './storage.ts';
import { hasUpload, storeUpload, uploadTextAfter } from './upload.ts';

/** `/jobs/ingest` and below: a job is made, its file put, the upload closed; then the worker takes it. */
const operations = ['insert', 'update', 'upsert', 'delete', 'hardDelete'];
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
      return resultsAnswer(call, job, part);
    default:
      throw notFound();
  }
}

async function createIngestJob(call: Call): Promise<Answer> {
  const body = bodyOf(call);
  const operation = textOf(body, 'operation', operations);
  const form = formOf(body);
  const name = textOf(body, 'object');
  const def = call.org.sobjects.get(name.toLowerCase());
  if (!hasBulk(name, def)) throw entityUnsupported(name);
  if (!def) throw refused('INVALIDENTITY', `Unable to find object: ${name}`);
  const number = await nextRecordNumber(call.db);
  const job = await insertJob(
    call.db,
    {
      id: recordId(jobPrefix, number),
      kind: 'ingest',
      user_id: call.userId,
      operation,
      object: def.name,
      query: null,
      external_id_field: operation === 'upsert' ? keyField(def, body) : null,
      assignment_rule_id: null,
      ...form,
      api_version: call.version,
      state: 'Open',
      header: null,
    },
    call.org.clock.now(),
  );
  return printed(jobJson(job, false));
}

function keyField(def: SObjectDef, body: Record<string, unknown>): string {
  const name = textOf(body, 'externalIdFieldName');
  const field = fieldNamed(def, name);
  if (!field || !isIdLookup(field)) {
    throw invalidJob(
      `Field name provided, ${name} does not match an External ID, Salesforce Id, or indexed field for ${def.name}`,
    );
  }
  return field.name;
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
  const closed = await changeJob(
    call.db,
    job.id,
    ['Open'],
    { state: 'UploadComplete' },
    call.org.clock.now(),
  );
  if (!closed) throw wrongState('Closing already Completed Job not allowed');
  call.org.jobs.wake('ingest');
  return closed;
}

async function putFile(call: Call, job: Job): Promise<Answer> {
  if (call.method !== 'PUT') throw methodNotAllowed(call.method, ['PUT']);
  const file = call.body;
  if (!Buffer.isBuffer(file)) {
    throw new OrgError(415, 'UNSUPPORTED_MEDIA_TYPE', "Content type not supported. Use 'text/csv'.");
  }
  return call.write(async (tx) => {
    const [open] = await tx.query(sql`
      SELECT FROM simulator.bulk_job WHERE id = ${job.id} AND state = 'Open' FOR UPDATE`);
    if (!open) throw wrongState(`Data cannot be added to a job whose state is ${job.state}`);
    if (await hasUpload(tx, job.id)) {
      throw invalidJob(
        `Found multiple contents for job: <${job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job and make sure you only do 'PUT' once on a given Job.`,
      );
    }
    await storeUpload(tx, job.id, file);
    return { status: 201, body: null };
  });
}

function resultsAnswer(call: Call, job: Job, part: string): Answer {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  if (!ended.some((state) => state === job.state)) {
    throw wrongState(`The job has no results: its state is ${job.state}`);
  }
  const stream = part === 'unprocessedrecords' ? unprocessedText(call, job) : outcomeText(call, job, part);
  return { status: 200, body: null, headers: { 'Content-Type': 'text/csv' }, stream };
}

const outcomesAtOnce = 1000;

async function* outcomeText(call: Call, job: Job, part: string): AsyncGenerator<string> {
  const form = csvForm(job);
  const isFailed = part === 'failedResults';
  const added = csvValues(['sf__Id', isFailed ? 'sf__Error' : 'sf__Created'], form);
  yield [added, ...(job.header === null ? [] : [fromStored(job.header)])].join(form.delimiter) +
    form.lineEnding;
  for (let after = 0; ; ) {
    const rows = await call.db.query<OutcomeRow>(sql`
      SELECT row_number AS number, record_id, created, error, line FROM simulator.bulk_outcome
       WHERE job_id = ${job.id} AND row_number > ${after} AND (error IS NOT NULL) = ${isFailed}
       ORDER BY row_number LIMIT ${outcomesAtOnce}`);
    const lines = rows.map(({ record_id, created, error, line }) => {
      const own = csvValues([record_id ?? '', isFailed ? (error ?? '') : String(created)], form);
      return `${own}${form.delimiter}${line}${form.lineEnding}`;
    });
    yield fromStored(lines.join(''));
    after = rows.at(-1)?.number ?? 0;
    if (rows.length < outcomesAtOnce) return;
  }
}

interface OutcomeRow {
  number: number;
  record_id: string | null;
  created: boolean;
  error: string | null;
  line: string;
}

async function* unprocessedText(call: Call, job: Job): AsyncGenerator<string> {
  if (job.header !== null) yield fromStored(job.header) + csvForm(job).lineEnding;
  yield* uploadTextAfter(call.db, job, job.header === null ? 0 : 1 + job.records_processed);
}
