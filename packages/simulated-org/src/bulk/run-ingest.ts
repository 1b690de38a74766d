import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { OrgError } from '../http/errors.ts';
import type { Writer } from '../org.ts';
import { type Org } from '../org.ts';
import { sobjectsSeenBy } from '../schema/access.ts';
import type { SObjectDef, SObjects } from '../schema/schema.ts';
import { attempts } from '../write/attempts.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { toStored } from '../write/stored-text.ts';
import { csvForm, csvValues } from './csv.ts';
import { batchRecordsMax } from './daily-limits.ts';
import { type Applied, applyRecord, errorText, type IngestPlan, planIngest } from './ingest-plan.ts';
import { invalidBatch } from './refusals.ts';
import { changeJob, type Job } from './storage.ts';
import { uploadRecords } from './upload.ts';

/**
 * Runs an ingest job: its records in batches of 200, one transaction each, by the same path as a request's writes.
 * The count of processed records commits with them, so that an interrupted job continues after them.
 */
const batchRecords = 200;

export async function runIngestJob(org: Org, job: Job, signal: AbortSignal): Promise<void> {
  const by: Writer = { org, userId: job.user_id, ...(job.client !== null && { client: job.client }) };
  const sobjects = await sobjectsSeenBy(org, job.user_id);
  const def = sobjects.get(job.object.toLowerCase());
  if (!def) throw invalidBatch(`Unable to find object: ${job.object}`);
  const records = uploadRecords(org.db, job);
  const first = await records.next();
  // jsforce's tests upload nothing, not even a header, and a real org completes the job.
  if (!first.done) await runRecords(by, job, { sobjects, def, header: first.value, records }, signal);
  await changeJob(org.db, job.id, ['InProgress'], { state: 'JobComplete' }, org.clock.now());
}

interface Upload {
  sobjects: SObjects;
  def: SObjectDef;
  header: readonly string[];
  records: AsyncIterable<readonly string[]>;
}

/** Until the last one, or until the job is no longer in progress. */
async function runRecords(
  by: Writer,
  job: Job,
  { sobjects, def, header, records }: Upload,
  signal: AbortSignal,
): Promise<void> {
  await keepHeader(by.org.db, job, header);
  const plan = planIngest(sobjects, job, def, header);
  let number = 0;
  let batch: BatchRecord[] = [];
  for await (const values of records) {
    number += 1;
    if (number <= job.records_processed) continue;
    if (number % batchRecordsMax === 1) by.org.bulkLimits.spendIngestBatch();
    if (values.length !== header.length) {
      throw invalidBatch(`Record ${number} has ${values.length} fields and the header ${header.length}`);
    }
    batch.push({ number, values });
    if (batch.length < batchRecords) continue;
    signal.throwIfAborted();
    if (!(await runBatch(by, job, plan, batch))) return;
    batch = [];
  }
  if (batch.length > 0) await runBatch(by, job, plan, batch);
}

const keepHeader = (tx: Tx, job: Job, header: readonly string[]): Promise<unknown> =>
  tx.query(sql`
    UPDATE simulator.bulk_job SET header = ${toStored(csvValues(header, csvForm(job)))} WHERE id = ${job.id}`);

interface BatchRecord {
  /** From 1. */
  number: number;
  values: readonly string[];
}

interface Outcome {
  number: number;
  id: string | null;
  created: boolean;
  error: string | null;
  line: string;
}

/** False if the job is no longer in progress: then nothing is written. */
function runBatch(by: Writer, job: Job, plan: IngestPlan, batch: readonly BatchRecord[]): Promise<boolean> {
  const began = performance.now();
  return writeTransaction(by.org, async (tx) => {
    const [wanted] = await tx.query(sql`
      SELECT FROM simulator.bulk_job WHERE id = ${job.id} AND state = 'InProgress' FOR UPDATE`);
    if (!wanted) return false;
    const form = csvForm(job);
    const works = batch.map(
      ({ values }) =>
        () =>
          applyRecord(tx, by, plan, values),
    );
    const outcomes: Outcome[] = [];
    for await (const outcome of attempts(tx, works)) {
      const { number, values } = batch[outcomes.length] as BatchRecord;
      outcomes.push({ number, line: toStored(csvValues(values, form)), ...endOf(outcome) });
    }
    await keepOutcomes(tx, job, outcomes);
    await tx.query(sql`
      UPDATE simulator.bulk_job
         SET records_processed = records_processed + ${outcomes.length},
             records_failed    = records_failed + ${outcomes.filter(({ error }) => error !== null).length},
             processing_ms     = processing_ms + ${Math.round(performance.now() - began)}
       WHERE id = ${job.id}`);
    return true;
  });
}

type End = Omit<Outcome, 'number' | 'line'>;

/** A failed record does not affect the others; an unavailable server ends the batch. */
function endOf(outcome: Applied | OrgError): End {
  if (!(outcome instanceof OrgError)) return { id: outcome.id, created: outcome.created, error: null };
  const text = errorText(outcome);
  if (text === undefined) throw outcome;
  return { id: null, created: false, error: toStored(text) };
}

/** One statement for the whole batch. */
const keepOutcomes = (tx: Tx, job: Job, outcomes: readonly Outcome[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO simulator.bulk_outcome (job_id, row_number, record_id, created, error, line)
    SELECT ${job.id}, one.number, one.id, one.created, one.error, one.line
      FROM jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb)
        AS one (number bigint, id text, created boolean, error text, line text)`);
