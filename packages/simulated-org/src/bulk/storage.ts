import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { ResultPart } from './result-files.ts';

/**
 * Bulk jobs in the database: a job and its progress survive the process. The result of a query job is files
 * (result-files.ts), each with a row in `bulk_part`; that of an ingest job is a row in `bulk_outcome` for each record
 * of its upload.
 */
export type JobKind = 'query' | 'ingest';
export type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'Aborted' | 'JobComplete' | 'Failed';

export interface Job {
  id: string;
  kind: JobKind;
  user_id: string;
  /** The name that the client gives itself, for the log of the job's writes. */
  client: string | null;
  operation: string;
  object: string;
  /** The SOQL of a query job, in the form in which it is stored. */
  query: string | null;
  external_id_field: string | null;
  assignment_rule_id: string | null;
  column_delimiter: string;
  line_ending: string;
  /** As in the URL: `62.0`. */
  api_version: string;
  state: JobState;
  error_message: string | null;
  /** As formatted in answers. */
  created: string;
  modified: string;
  /** Epoch ms. */
  created_ms: number;
  records_processed: number;
  records_failed: number;
  retries: number;
  processing_ms: number;
  /** The state of an ingest job's file; null before there is one. */
  upload: 'coming' | 'complete' | null;
  /**
   * The first line of the results as CSV, without a line ending and without the columns that the org adds for an
   * upload.
   */
  header: string | null;
}

/** States in which a job may expire. An ingest job that nobody closes counts too. */
export const endedStates = ['Open', 'Aborted', 'JobComplete', 'Failed'] as const;

const keptMs = 7 * 86_400_000;

/**
 * A job that ended is kept for seven days, with its results.
 *
 * @param now  the org's time, epoch ms
 */
export const isExpired = ({ created_ms, state }: Job, now: number): boolean =>
  created_ms < now - keptMs && endedStates.some((ended) => ended === state);

export async function expiredJobs(tx: Tx, kind: JobKind, now: number): Promise<string[]> {
  const jobs = await tx.query<{ id: string }>(sql`
    SELECT id FROM simulator.bulk_job
     WHERE kind = ${kind} AND created_at < ${new Date(now - keptMs).toISOString()}`);
  return jobs.map(({ id }) => id);
}

/** Also runs for an org that was created before jobs existed. */
export async function createJobTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.bulk_job (
      id                text PRIMARY KEY,
      kind              text NOT NULL CHECK (kind IN ('query', 'ingest')),
      user_id           text NOT NULL,
      client            text,
      operation         text NOT NULL,
      object            text NOT NULL,
      query             text,
      external_id_field text,
      assignment_rule_id text,
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
      upload            text CHECK (upload IN ('coming', 'complete')),
      header            text)`);
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.bulk_part (
      job_id text NOT NULL REFERENCES simulator.bulk_job ON DELETE CASCADE,
      number integer NOT NULL,
      rows   bigint NOT NULL,
      bytes  bigint NOT NULL,
      marks  jsonb NOT NULL,
      PRIMARY KEY (job_id, number))`);
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

const printed = (column: Sql): Sql =>
  sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"')`;

const jobColumns = sql`
  id, kind, user_id, client, operation, object, query, external_id_field, assignment_rule_id, column_delimiter, line_ending,
  api_version, state, error_message, ${printed(sql`created_at`)} AS created, ${printed(sql`modified_at`)} AS modified,
  floor(extract(epoch FROM created_at) * 1000)::bigint AS created_ms, records_processed, records_failed, retries,
  processing_ms, upload, header`;

export type NewJob = Pick<
  Job,
  | 'id'
  | 'kind'
  | 'user_id'
  | 'client'
  | 'operation'
  | 'object'
  | 'query'
  | 'external_id_field'
  | 'assignment_rule_id'
  | 'column_delimiter'
  | 'line_ending'
  | 'api_version'
  | 'state'
  | 'header'
>;

/** @param now  the org's time, epoch ms; stored as whole seconds */
export async function insertJob(tx: Tx, job: NewJob, now: number): Promise<Job> {
  const at = new Date(Math.floor(now / 1000) * 1000).toISOString();
  const [row] = await tx.query<Job>(sql`
    INSERT INTO simulator.bulk_job (id, kind, user_id, client, operation, object, query, external_id_field, assignment_rule_id,
                                    column_delimiter, line_ending, api_version, state, header, created_at,
                                    modified_at)
    VALUES (${job.id}, ${job.kind}, ${job.user_id}, ${job.client}, ${job.operation}, ${job.object}, ${job.query},
            ${job.external_id_field}, ${job.assignment_rule_id}, ${job.column_delimiter}, ${job.line_ending}, ${job.api_version}, ${job.state},
            ${job.header}, ${at}, ${at})
    RETURNING ${jobColumns}`);
  return row as Job;
}

export async function findJob(tx: Tx, kind: JobKind, id: string, userId: string): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job WHERE id = ${id} AND kind = ${kind} AND user_id = ${userId}`);
  return job;
}

/** The user's jobs, newest first; only those older than the job `after` if that is given. */
export const listJobs = (
  tx: Tx,
  kind: JobKind,
  userId: string,
  after: string | null,
  count: number,
): Promise<Job[]> =>
  tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job
     WHERE kind = ${kind} AND user_id = ${userId} AND (${after}::text IS NULL OR id COLLATE "C" < ${after})
     ORDER BY id COLLATE "C" DESC LIMIT ${count}`);

/** The worker's next job, including those that an earlier process left in progress, except these. */
export async function nextJob(tx: Tx, kind: JobKind, except: readonly string[]): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(sql`
    SELECT ${jobColumns} FROM simulator.bulk_job
     WHERE kind = ${kind}
       AND (state = 'UploadComplete' OR (state = 'InProgress' AND id <> ALL(${except as string[]}::text[])))
     ORDER BY created_at, id LIMIT 1`);
  return job;
}

interface JobChange {
  state: JobState;
  errorMessage?: string;
  recordsProcessed?: number;
  processingMs?: number;
  header?: string;
}

/** Undefined if the job is gone or in none of the states `from`. */
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
           header            = coalesce(${change.header ?? null}, header),
           modified_at       = ${new Date(Math.floor(now / 1000) * 1000).toISOString()}
     WHERE id = ${id} AND state = ANY(${from as string[]})
    RETURNING ${jobColumns}`);
  return job;
}

/**
 * With its upload, outcomes and parts; the caller removes the result files. Does nothing for a job in another state.
 */
export async function deleteJob(tx: Tx, id: string, from: readonly JobState[]): Promise<boolean> {
  const deleted = await tx.query(sql`
    DELETE FROM simulator.bulk_job WHERE id = ${id} AND state = ANY(${from as string[]}) RETURNING id`);
  return deleted.length > 0;
}

export async function keepParts(tx: Tx, jobId: string, parts: readonly ResultPart[]): Promise<void> {
  for (const [number, { rows, bytes, marks }] of parts.entries()) {
    await tx.query(sql`
      INSERT INTO simulator.bulk_part (job_id, number, rows, bytes, marks)
      VALUES (${jobId}, ${number}, ${rows}, ${bytes}, ${JSON.stringify(marks)})`);
  }
}

export const partsOf = (tx: Tx, jobId: string): Promise<ResultPart[]> =>
  tx.query<ResultPart>(sql`
    SELECT rows, bytes, marks FROM simulator.bulk_part WHERE job_id = ${jobId} ORDER BY number`);
