import type { Session } from '../../lib/database.ts';
import { sql } from '../../lib/sql.ts';
import { sobjectsSeenBy } from '../access.ts';
import { dataPath } from '../answer.ts';
import type { Org } from '../org.ts';
import { csvForm } from './csv.ts';
import { csvLine, sessionSettings } from './csv-line.ts';
import { compileBulkQuery } from './query-check.ts';
import { changeJob, type Job, resultTable } from './storage.ts';

/**
 * Runs a query job: one statement writes the text of every record, numbered, into the job's table. So the result is
 * the org at one moment and stays what it is, whatever is written later. Commits all of it or nothing.
 */
export async function runQueryJob(org: Org, job: Job, signal: AbortSignal): Promise<void> {
  const session = await org.db.session();
  const [backend] = await session.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  let cancelled: Promise<unknown> | undefined;
  const cancel = () => {
    // Ends the session: to cancel its statement would do nothing between two statements.
    cancelled = org.db.query(sql`SELECT pg_terminate_backend(${backend?.pid ?? 0})`).catch(() => undefined);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    await writeResult(session, org, job);
  } finally {
    signal.removeEventListener('abort', cancel);
    await cancelled; // the number of a closed session could be another's
    await session.close();
  }
}

async function writeResult(session: Session, org: Org, job: Job): Promise<void> {
  const began = performance.now();
  const form = csvForm(job);
  const compiled = compileBulkQuery(await sobjectsSeenBy(org, job.user_id), {
    soql: job.query ?? '',
    includeDeleted: job.operation === 'queryAll',
    version: job.api_version,
    now: job.created_ms,
  });
  const line = csvLine(compiled.columns, form, `${dataPath(job.api_version, 'sobjects', compiled.sobject)}/`);
  const table = resultTable(job.id);

  await session.script('BEGIN');
  for (const [name, value] of Object.entries(sessionSettings)) {
    await session.query(sql`SELECT set_config(${name}, ${value}, true)`);
  }
  // The job can be made again, so its result need not survive a crash of the server.
  await session.query(sql`CREATE UNLOGGED TABLE ${table} (n bigint, line text)`);
  await session.query(sql`ALTER TABLE ${table} ALTER COLUMN line SET STORAGE EXTERNAL`);
  await session.query(sql`
    INSERT INTO ${table} (n, line)
    SELECT row_number() OVER (), line FROM (${compiled.select(sql`${line} AS line`)}) AS lines`);
  // A table that was never analysed is read through a B-tree, and from end to end where it only has a BRIN index.
  await session.query(sql`CREATE INDEX ON ${table} (n)`);
  const [written] = await session.query<{ rows: number }>(
    sql`SELECT coalesce(max(n), 0) AS rows FROM ${table}`,
  );
  const done = await changeJob(
    session,
    job.id,
    ['InProgress'],
    {
      state: 'JobComplete',
      recordsProcessed: written?.rows ?? 0,
      processingMs: Math.round(performance.now() - began),
    },
    org.clock.now(),
  );
  await session.script(done ? 'COMMIT' : 'ROLLBACK');
}
