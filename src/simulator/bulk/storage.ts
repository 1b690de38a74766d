import type { Tx } from '../../lib/database.ts';
import { ident, type Sql, sql } from '../../lib/sql.ts';

/**
 * Bulk jobs as the database keeps them: a job outlives the process, and so does what it has done. A query job's result
 * is a table of its own, one row a record with its text, dropped with the job; an ingest job's is a row in
 * `bulk_outcome` for each record of its upload.
 */
export type JobKind = 'query' | 'ingest';
export type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'Aborted' | 'JobComplete' | 'Failed';

export interface Job {
  id: string;
  kind: JobKind;
  user_id: string;
  operation: string;
  object: string;
  /** The SOQL of a query job, as it is stored. */
  query: string | null;
  external_id_field: string | null;
  column_delimiter: string;
  line_ending: string;
  /** As in the URL: `62.0`. */
  api_version: string;
  state: JobState;
  error_message: string | null;
  /** As answers print them. */
  created: string;
  modified: string;
  /** Epoch ms. */
  created_ms: number;
  records_processed: number;
  records_failed: number;
  retries: number;
  processing_ms: number;
  /** The first line of the results as CSV, without a line ending and without what the org adds for an upload. */
  header: string | null;
}

/** Also for an org that was made before it had jobs. */
export async function createJobTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.bulk_job (
      id                text PRIMARY KEY,
      kind              text NOT NULL CHECK (kind IN ('query', 'ingest')),
      user_id           text NOT NULL,
      operation         text NOT NULL,
      object            text NOT NULL,
      query             text,
      external_id_field text,
      column_delimiter  text NOT NULL,
      line_ending       text NOT NULL,
      api_version       text NOT NULL,
      state             text NOT NULL,
      error_message     text,
      created_at        timestamptz NOT NULL,
      modified_at       timestamptz NOT NULL,
      records_processed bigint NOT NULL DEFAULT 0,
      records_failed    bigint NOT NULL DEFAULT 0,
      retries           integer NOT NULL DEFAULT 0,
      processing_ms     bigint NOT NULL DEFAULT 0,
      header            text)`);
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.bulk_upload (
      job_id text NOT NULL REFERENCES simulator.bulk_job ON DELETE CASCADE,
      number integer NOT NULL,
      data   bytea NOT NULL,
      PRIMARY KEY (job_id, number))`);
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.bulk_outcome (
      job_id     text NOT NULL REFERENCES simulator.bulk_job ON DELETE CASCADE,
      row_number bigint NOT NULL,
      record_id  text,
      created    boolean NOT NULL,
      error      text,
      line       text NOT NULL,
      PRIMARY KEY (job_id, row_number))`);
}

/** A table `(n, line)`, records counted from 1. */
export const resultTable = (jobId: string): Sql => ident('simulator', `result ${jobId}`);

const printed = (column: Sql): Sql =>
  sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"')`;

const jobColumns = sql`
  id, kind, user_id, operation, object, query, external_id_field, column_delimiter, line_ending, api_version, state,
  error_message, ${printed(sql`created_at`)} AS created, ${printed(sql`modified_at`)} AS modified,
  floor(extract(epoch FROM created_at) * 1000)::bigint AS created_ms, records_processed, records_failed, retries,
  processing_ms, header`;

export type NewJob = Pick<
  Job,
  | 'id'
  | 'kind'
  | 'user_id'
  | 'operation'
  | 'object'
  | 'query'
  | 'external_id_field'
  | 'column_delimiter'
  | 'line_ending'
  | 'api_version'
  | 'state'
  | 'header'
>;

/** @param now  the org's time, epoch ms; kept as whole seconds */
export async function insertJob(tx: Tx, job: NewJob, now: number): Promise<Job> {
  const at = new Date(Math.floor(now / 1000) * 1000).toISOString();
  const [row] = await tx.query<Job>(sql`
    INSERT INTO simulator.bulk_job (id, kind, user_id, operation, object, query, external_id_field, column_delimiter,
                                    line_ending, api_version, state, header, created_at, modified_at)
    VALUES (${job.id}, ${job.kind}, ${job.user_id}, ${job.operation}, ${job.object}, ${job.query},
            ${job.external_id_field}, ${job.column_delimiter}, ${job.line_ending}, ${job.api_version}, ${job.state},
            ${job.header}, ${at}, ${at})
    RETURNING ${jobColumns}`);
  return row as Job;
}

export async function findJob(tx: Tx, kind: JobKind, id: string, userId: string): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job WHERE id = ${id} AND kind = ${kind} AND user_id = ${userId}`);
  return job;
}

/** The user's jobs, the newest first. */
export const listJobs = (
  tx: Tx,
  kind: JobKind,
  userId: string,
  offset: number,
  count: number,
): Promise<Job[]> =>
  tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job WHERE kind = ${kind} AND user_id = ${userId}
     ORDER BY created_at DESC, id DESC LIMIT ${count} OFFSET ${offset}`);

/** What the worker takes up next: also what an earlier process has left in progress. */
export async function nextJob(tx: Tx, kind: JobKind): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job
     WHERE kind = ${kind} AND state IN ('UploadComplete', 'InProgress') ORDER BY created_at, id LIMIT 1`);
  return job;
}

interface JobChange {
  state: JobState;
  errorMessage?: string;
  recordsProcessed?: number;
  processingMs?: number;
}

/** Undefined where the job is gone or in none of the states `from`. */
export async function changeJob(
  tx: Tx,
  id: string,
  from: readonly JobState[],
  change: JobChange,
  now: number,
): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(sql`
    UPDATE simulator.bulk_job
       SET state             = ${change.state},
           error_message     = coalesce(${change.errorMessage ?? null}, error_message),
           records_processed = coalesce(${change.recordsProcessed ?? null}, records_processed),
           processing_ms     = processing_ms + ${change.processingMs ?? 0},
           modified_at       = ${new Date(Math.floor(now / 1000) * 1000).toISOString()}
     WHERE id = ${id} AND state = ANY(${from as string[]})
    RETURNING ${jobColumns}`);
  return job;
}

/** With its upload, outcomes and result. Does nothing to a job in another state. */
export async function deleteJob(tx: Tx, id: string, from: readonly JobState[]): Promise<boolean> {
  const deleted = await tx.query(sql`
    DELETE FROM simulator.bulk_job WHERE id = ${id} AND state = ANY(${from as string[]}) RETURNING id`);
  if (deleted.length > 0) await tx.query(sql`DROP TABLE IF EXISTS ${resultTable(id)}`);
  return deleted.length > 0;
}

/**
 * A crash of the server empties the tables of results: such a job says so rather than serve no rows. To be done before
 * the first request.
 */
export async function failLostResults(tx: Tx, now: number): Promise<void> {
  const jobs = await tx.query<{ id: string }>(sql`
    SELECT id FROM simulator.bulk_job WHERE kind = 'query' AND state = 'JobComplete' AND records_processed > 0`);
  for (const { id } of jobs) {
    const rows = await tx.query(sql`SELECT FROM ${resultTable(id)} LIMIT 1`);
    if (rows.length > 0) continue;
    const errorMessage = 'UNKNOWN_EXCEPTION : The results of this job were lost';
    await changeJob(tx, id, ['JobComplete'], { state: 'Failed', errorMessage }, now);
  }
}
