import { sql } from '@lockstep/foundation/sql';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { methodNotAllowed, notFound } from '../http/errors.ts';
import { fromStored } from '../write/stored-text.ts';
import { csvForm, csvValues } from './csv.ts';
import { wrongState } from './refusals.ts';
import type { Job } from './storage.ts';
import { uploadTextAfter } from './upload.ts';

/** The outcomes of an ingest job's records: three files, which together have as many lines as the job has records. */
const ended = ['JobComplete', 'Failed', 'Aborted'] as const;

export function ingestResults(call: Call, job: Job, part: string): Answer {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  if (call.org.jobFaults.find(job.id, 'lose-results')) throw notFound();
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
