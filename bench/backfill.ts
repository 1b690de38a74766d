import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ident, join, sql, withInlinedValues } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { startWorkerChild, type WorkerChild } from '@lockstep/harness/worker-child';
import { type Figures, median, rounded } from './figures.ts';
import type { BenchOptions } from './isolation.ts';

const rounds = 3;
const pageRows = 100_000;
const fastIntervalMs = 200;
const usualIntervalMs = 3_000;
/** In more time an HTTP client no longer waits for the answer. */
const generatedAtOnce = 1_000_000;
const fillMsMax = 3_600_000;

/**
 * A backfill by Bulk against `curl` of the same result pages, piped into psql's `\copy` of the same table with its
 * indexes: from the moment at which the job's results are ready. Filled again, every row differs in one column.
 */
export async function backfill({ rows }: BenchOptions): Promise<Figures> {
  await using harness = await openEndToEndHarness({
    org: { records: 1_000, apiLimit: 10_000_000 },
    sobjects: ['Account'],
    intervalMs: fastIntervalMs,
  });
  const [sobject, at] = ['Account', '2025-06-01T00:00:00Z'];
  for (let left = rows; left > 0; left -= generatedAtOnce)
    await harness.org.control('/records/generate', { sobject, at, count: Math.min(left, generatedAtOnce) });
  const count = await harness.countInOrg('Account');
  const fills: Fill[] = [];
  const refills: Fill[] = [];
  const copies: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await startAnew(harness, 'empty');
    fills.push(await fill(harness));
    copies.push(await copyMs(harness));
    await startAnew(harness, 'changed');
    refills.push(await fill(harness));
  }
  await harness.control.control.db.query(sql`UPDATE lockstep.sync SET interval_ms = ${usualIntervalMs}`);
  await startAnew(harness, 'empty');
  const usual = await fill(harness);
  const ratios = (list: readonly Fill[]) => median(list.map(({ ms }, round) => (copies[round] ?? 0) / ms));
  const perSecond = (ms: number) => Math.round(count / (ms / 1000));
  return {
    ratio_to_copy: { value: rounded(ratios(fills)), unit: 'ratio' },
    refill_ratio_to_copy: { value: rounded(ratios(refills)), unit: 'ratio' },
    api_calls_per_million: {
      value: rounded((Math.max(...fills.map(({ requests }) => requests)) / count) * 1_000_000, 1),
      unit: 'requests',
    },
    peak_rss_mb: {
      value: Math.round(Math.max(...[...fills, ...refills].map(({ rssMb }) => rssMb))),
      unit: 'MB',
    },
    rows_per_s: { value: perSecond(median(fills.map(({ ms }) => ms))), unit: 'rows/s' },
    rows_per_s_at_3s: { value: perSecond(usual.ms), unit: 'rows/s' },
    copy_rows_per_s: { value: perSecond(median(copies)), unit: 'rows/s' },
    rows: { value: count, unit: 'rows' },
  };
}

interface Fill {
  /** From the job's results to the last row. */
  ms: number;
  /** Of the backfill, from creating the job on. */
  requests: number;
  rssMb: number;
}

async function fill(harness: EndToEndHarness): Promise<Fill> {
  await using worker = startWorkerChild(harness, `bench-${Date.now()}`);
  await worker.says('bulk results ready', fillMsMax);
  const began = performance.now();
  await worker.says('bulk backfill complete', fillMsMax);
  const ms = performance.now() - began;
  const requests = worker.log().split('\n').filter(isBackfillRequest).length;
  return { ms, requests, rssMb: await peakRssMb(worker) };
}

const isBackfillRequest = (line: string) =>
  line.includes('"salesforce answered"') && line.includes('"kind":"backfill"');

async function peakRssMb({ pid }: WorkerChild): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** As if the object had never been read, with an empty table or with one whose rows all lack a value. */
async function startAnew({ admin }: EndToEndHarness, table: 'empty' | 'changed'): Promise<void> {
  if (table === 'empty') await admin.query(sql`TRUNCATE salesforce.account`);
  else {
    await admin.query(sql`ALTER TABLE salesforce.account DROP COLUMN name`);
    await admin.query(sql`ALTER TABLE salesforce.account ADD COLUMN name text`);
  }
  await admin.query(sql`DELETE FROM _lockstep.cursor`);
  await admin.query(sql`DELETE FROM _lockstep.bulk_page`);
  await admin.query(sql`DELETE FROM _lockstep.fence`);
  await admin.query(sql`
    UPDATE _lockstep.checkpoint
       SET state = 'queued', backfilled_at = NULL, rows = (SELECT count(*) FROM salesforce.account)`);
  await admin.query(sql`CHECKPOINT`);
}

/** The time in which curl and psql store the results of a job of their own in a table of their own. */
async function copyMs(harness: EndToEndHarness): Promise<number> {
  const { admin, org, sync } = harness;
  const columns = await admin.query<{ field: string; column: string }>(sql`
    SELECT field, column_name AS column FROM _lockstep.column ORDER BY field <> 'Id', ordinal`);
  const token = await org.token('integration');
  const urls = await resultUrls(
    harness,
    token,
    columns.map(({ field }) => field),
  );
  await admin.query(sql`DROP TABLE IF EXISTS salesforce.copied`);
  await admin.query(sql`CREATE TABLE salesforce.copied (LIKE salesforce.account INCLUDING ALL)`);
  await admin.query(sql`CHECKPOINT`);
  const names = join(columns.map(({ column }) => ident(column)));
  const copy = withInlinedValues(
    sql`\\copy salesforce.copied (${names}) FROM STDIN (FORMAT csv, FORCE_NULL (${names}))`,
  );
  const curls = urls.map((url) => `curl -sf --compressed -H "$AUTH" '${url}' | tail -n +2`).join('; ');
  const database = harness.control.database.url.replace(/\/[^/]*(\?|$)/, `/${databaseOf(sync)}$1`);
  const began = performance.now();
  const shell = spawn('bash', ['-c', `set -o pipefail; { ${curls}; } | psql -q "$DB" -c "$COPY"`], {
    stdio: 'inherit',
    env: { ...process.env, AUTH: `Authorization: Bearer ${token}`, DB: database, COPY: copy },
  });
  const [status] = await once(shell, 'close');
  if (status !== 0) throw new Error(`curl and psql ended with status ${status}`);
  return performance.now() - began;
}

const databaseOf = ({ destination }: EndToEndHarness['sync']) => destination.database;

async function resultUrls(
  { org }: EndToEndHarness,
  token: string,
  fields: readonly string[],
): Promise<string[]> {
  const query = `SELECT ${fields.join()} FROM Account`;
  const created = await org.request('POST', `${dataPath}/jobs/query`, {
    token,
    body: { operation: 'query', query },
  });
  if (created.status !== 200) throw new Error(`no job was created: ${created.text}`);
  const { id } = created.json as { id: string };
  const job = `${dataPath}/jobs/query/${id}`;
  for (let state = ''; state !== 'JobComplete'; await sleep(200)) {
    const { json, text } = await org.request('GET', job, { token });
    ({ state } = json as { state: string });
    if (state !== 'InProgress' && state !== 'UploadComplete' && state !== 'JobComplete')
      throw new Error(`the job ended: ${text}`);
  }
  const urls: string[] = [];
  let next: string | null = `${job}/resultPages?maxRecords=${pageRows}`;
  while (next) {
    const { json } = await org.request('GET', next, { token });
    const listed = json as { resultPages: { resultUrl: string }[]; nextRecordsUrl: string | null };
    urls.push(...listed.resultPages.map(({ resultUrl }) => `${org.url}${resultUrl}`));
    next = listed.nextRecordsUrl;
  }
  return urls;
}
