import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from '@lockstep/foundation/sql';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { Agent, request } from 'undici';
import { type Figures, median, rounded } from './figures.ts';

const accounts = 200_000;
const bulkRounds = 5;
const writers = 4;
const writeMs = 5_000;
const collections = 40;
const collectionRows = 200;
const reads = 2_000;
const data = '/services/data/v62.0';

/** How fast the simulated org answers: it must not be the bottleneck of the other benchmarks. */
export async function org(): Promise<Figures> {
  await using org = await startOrg({ records: 1_000, apiLimit: 10_000_000 });
  const began = performance.now();
  await org.control('/records/generate', { sobject: 'Account', count: accounts });
  const generatedPerSecond = (accounts / (performance.now() - began)) * 1000;
  const caller = await openCaller(org);
  const fields = await storedFields(org);
  const rest = await pagesOf(caller, fields);
  const ratio = await bulkRatio(org, caller, fields);
  const writes = await writesPerSecond(caller);
  const collected = await collectionRowsPerSecond(caller);
  const get = await getMs(caller, await idOf(org));
  await caller.close();
  return {
    rest_rows_per_s: { value: Math.round(rest), unit: 'rows/s' },
    ...(ratio !== undefined && { bulk_ratio_to_copy: { value: rounded(ratio), unit: 'ratio' } }),
    writes_per_s: { value: Math.round(writes), unit: 'requests/s' },
    collection_rows_per_s: { value: Math.round(collected), unit: 'rows/s' },
    get_p50_ms: { value: rounded(get), unit: 'ms' },
    generated_rows_per_s: { value: Math.round(generatedPerSecond), unit: 'rows/s' },
    fields: { value: fields.length, unit: 'fields of an account' },
  };
}

interface Caller {
  json<Body>(method: 'GET' | 'POST', path: string, body?: object): Promise<Body>;
  download(path: string, file: string): Promise<void>;
  close(): Promise<void>;
}

async function openCaller(org: TestOrg): Promise<Caller> {
  const dispatcher = new Agent({ connections: writers, bodyTimeout: 0, headersTimeout: 0 });
  const headers = { authorization: `Bearer ${await org.token('demo')}`, 'content-type': 'application/json' };
  const send = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const answer = await request(`${org.url}${path}`, {
      method,
      headers,
      dispatcher,
      body: body ? JSON.stringify(body) : null,
    });
    if (answer.statusCode >= 300) throw new Error(`${method} ${path} was answered ${answer.statusCode}`);
    return answer.body;
  };
  return {
    json: async <Body>(...call: Parameters<typeof send>) => (await (await send(...call)).json()) as Body,
    download: (path, file) =>
      run('curl', ['-sf', '-H', `authorization: ${headers.authorization}`, '-o', file, `${org.url}${path}`]),
    close: () => dispatcher.close(),
  };
}

interface Field {
  name: string;
  type: string;
}

/** The fields that have a column and a CSV form, so that both sides of the ratio read the same. */
async function storedFields(org: TestOrg): Promise<string[]> {
  const { json } = await org.request('GET', `${data}/sobjects/Account/describe`);
  const columns = await org.db.query<{ name: string }>(sql`
    SELECT attname AS name FROM pg_attribute
     WHERE attrelid = 'org."Account"'::regclass AND attnum > 0 AND NOT attisdropped`);
  const stored = new Set(columns.map(({ name }) => name));
  return (json as { fields: Field[] }).fields
    .filter(({ name, type }) => stored.has(name) && !['base64', 'anyType', 'json'].includes(type))
    .map(({ name }) => name);
}

interface Page {
  records: unknown[];
  nextRecordsUrl?: string;
}

/** Rows per second in pages of 2,000, one request after another. The answers are parsed as JSON, as clients do. */
async function pagesOf(caller: Caller, fields: readonly string[]): Promise<number> {
  const began = performance.now();
  let rows = 0;
  let next: string | undefined = `${data}/query?q=SELECT+${fields.join()}+FROM+Account`;
  while (next !== undefined) {
    const page: Page = await caller.json<Page>('GET', next);
    rows += page.records.length;
    next = page.nextRecordsUrl;
  }
  return (rows / (performance.now() - began)) * 1000;
}

/**
 * The time of psql's \copy divided by that of a bulk job for the same rows, from its creation until curl has stored its
 * results: both sides end with a native program, so that the org is compared and not a client. Undefined if psql or
 * curl is not installed.
 */
async function bulkRatio(
  org: TestOrg,
  caller: Caller,
  fields: readonly string[],
): Promise<number | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    const ratios: number[] = [];
    for (let round = 0; round < bulkRounds; round++) {
      const copied = await timed(() => copy(org.databaseUrl, fields, join(folder, 'copy.csv')));
      const job = await timed(() => queryJob(caller, fields, join(folder, 'job.csv')));
      ratios.push(copied / job);
    }
    return median(ratios);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    process.stderr.write('bulk_ratio_to_copy is left out: psql or curl is not installed\n');
    return undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function copy(url: string, fields: readonly string[], file: string): Promise<void> {
  const columns = fields.map((name) => `"${name}"`).join(', ');
  const command = `\\copy (SELECT ${columns} FROM org."Account" WHERE NOT "IsDeleted") TO '${file}' CSV HEADER`;
  await run('psql', [url, '-q', '-c', command]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const [status] = await once(spawn(program, args, { stdio: 'inherit' }), 'close');
  if (status !== 0) throw new Error(`${program} ended with status ${status}`);
}

async function queryJob(caller: Caller, fields: readonly string[], file: string): Promise<void> {
  const query = `SELECT ${fields.join()} FROM Account`;
  const { id } = await caller.json<{ id: string }>('POST', `${data}/jobs/query`, {
    operation: 'query',
    query,
  });
  for (;;) {
    const { state } = await caller.json<{ state: string }>('GET', `${data}/jobs/query/${id}`);
    if (state === 'JobComplete') break;
    if (state === 'Failed') throw new Error('the job failed');
    await sleep(20);
  }
  await caller.download(`${data}/jobs/query/${id}/results?maxRecords=10000000`, file);
}

const newAccount = (number: number) => ({
  Name: `Written ${number}`,
  Industry: 'Energy',
  NumberOfEmployees: number,
});

/** Single creates, from several connections at once. */
async function writesPerSecond(caller: Caller): Promise<number> {
  const until = performance.now() + writeMs;
  let written = 0;
  const writer = async () => {
    for (; performance.now() < until; written++)
      await caller.json('POST', `${data}/sobjects/Account`, newAccount(written));
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return (written / writeMs) * 1000;
}

async function collectionRowsPerSecond(caller: Caller): Promise<number> {
  const records = Array.from({ length: collectionRows }, (_, number) => ({
    attributes: { type: 'Account' },
    ...newAccount(number),
  }));
  const tookMs = await timed(async () => {
    for (let sent = 0; sent < collections; sent++)
      await caller.json('POST', `${data}/composite/sobjects`, { records });
  });
  return ((collections * collectionRows) / tookMs) * 1000;
}

async function idOf(org: TestOrg): Promise<string> {
  const { json } = await org.request('GET', `${data}/query?q=SELECT+Id+FROM+Account+LIMIT+1`);
  return (json as { records: { Id: string }[] }).records[0]?.Id ?? '';
}

async function getMs(caller: Caller, id: string): Promise<number> {
  const took: number[] = [];
  for (let read = 0; read < reads; read++)
    took.push(await timed(() => caller.json('GET', `${data}/sobjects/Account/${id}`)));
  return median(took);
}
