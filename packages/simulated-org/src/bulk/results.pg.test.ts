import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { toStored } from '../write/stored-text.ts';
import { readCsv } from './test-csv.ts';
import { errorOf, queryJobs } from './test-jobs.ts';

const org = await startOrg({ records: 9000 });
after(() => org[Symbol.asyncDispose]());

const { jobs, create, completed, reached, results } = queryJobs(org);

// Texts that look like the end of a record, in every record, and a table large enough to be read in parts.
const awkward = 'a"\n"b",\r\n""';
await org.db.query(sql`UPDATE org."Contact" SET "Description" = ${awkward}, "Department" = ''`);
await org.db.script('ALTER TABLE org."Contact" SET (fillfactor = 10)');
await org.db.script('VACUUM (FULL, ANALYZE) org."Contact"');

const live = async (): Promise<string[]> => {
  const [row] = await org.db.query<{ ids: string[] }>(
    sql`SELECT array_agg("Id" ORDER BY "Id") AS ids FROM org."Contact" WHERE NOT "IsDeleted"`,
  );
  return row?.ids ?? [];
};

async function paged(id: string, rows: number): Promise<string[][]> {
  const all: string[][] = [];
  let parameters = `?maxRecords=${rows}`;
  for (;;) {
    const page = await results(id, parameters);
    const [, ...lines] = readCsv(page.text);
    assert.equal(page.headers.get('sforce-numberofrecords'), String(lines.length));
    all.push(...lines);
    const locator = page.headers.get('sforce-locator');
    if (locator === 'null') return all;
    parameters = `?maxRecords=${rows}&locator=${locator}`;
  }
}

test('pages of any size give every record once and complete, also from a table that is read in parts', async () => {
  const ids = await live();
  const [table] = await org.db.query<{ pages: number }>(
    sql`SELECT relpages AS pages FROM pg_class WHERE oid = 'org."Contact"'::regclass`,
  );
  assert.ok((table?.pages ?? 0) >= 1000 && ids.length > 2500);
  const id = await completed('SELECT Id, Description, Department FROM Contact');
  const whole = readCsv((await results(id)).text).slice(1);
  assert.deepEqual(new Set(whole.map(([rowId = '']) => rowId)), new Set(ids));
  assert.equal(whole.length, ids.length);
  assert.ok(whole.every(([, description, department]) => description === awkward && department === ''));

  for (const rows of [7, 999, 1000, 1001, 2699, 5000]) assert.deepEqual(await paged(id, rows), whole);
});

test('pages of lines that end with CRLF are cut at the same positions', async () => {
  const id = await completed('SELECT Id, Description FROM Contact ORDER BY Id', { lineEnding: 'CRLF' });
  const text = (await results(id)).text;
  const whole = readCsv(text).slice(1);
  assert.ok(text.startsWith('"Id","Description"\r\n') && text.endsWith('"\r\n'));
  assert.deepEqual(await paged(id, 1234), whole);
  assert.deepEqual(
    whole.map(([rowId]) => rowId),
    await live(),
  );
});

test('characters that Postgres cannot store are returned as they were, wherever a page begins', async () => {
  const strange = 'x\0y\uE001ä🙂';
  await org.db.query(sql`
    UPDATE org."Lead" SET "Description" = ${toStored(strange)} WHERE "Id" IN (
      SELECT "Id" FROM org."Lead" ORDER BY "Id" LIMIT 700)`);
  const id = await completed('SELECT Description, Id FROM Lead ORDER BY Id');
  const whole = readCsv((await results(id)).text).slice(1);
  assert.equal(whole[0]?.[0], strange);
  assert.deepEqual(await paged(id, 601), whole);
});

test('a job aborted while its parts are written leaves no file', async () => {
  const session = await org.db.session();
  await session.script('BEGIN; LOCK TABLE org."Contact" IN ACCESS EXCLUSIVE MODE');
  const { id } = await create('SELECT Id FROM Contact');
  await reached(id, 'InProgress');
  await org.request('PATCH', `${jobs}/${id}`, { body: { state: 'Aborted' } });
  // The worker is free as soon as the job's sessions have ended.
  await completed('SELECT Id FROM User');
  await session.close();

  assert.equal((await results(id)).status, 400);
  assert.ok(!readdirSync(org.resultFolder).some((name) => name.startsWith(id)));
  assert.equal((await reached(id, 'Aborted')).numberRecordsProcessed, 0);
});

test('HEAD returns the headers of a page and no body', async () => {
  const id = await completed('SELECT Id FROM Contact');
  const answer = await org.request('HEAD', `${jobs}/${id}/results?maxRecords=10`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
  assert.equal(answer.headers.get('sforce-numberofrecords'), '10');
  assert.equal(answer.headers.get('sforce-locator'), 'MTA');
  assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/);
});

test("a longer result's locator is not valid for a shorter one", async () => {
  const long = await completed('SELECT Id FROM Contact');
  const short = await completed('SELECT Id FROM User LIMIT 2');
  const locator = (await results(long, '?maxRecords=2000')).headers.get('sforce-locator');
  assert.equal((await results(long, `?locator=${locator}`)).status, 200);
  for (const part of ['results', 'resultPages']) {
    const answer = await org.request('GET', `${jobs}/${short}/${part}?locator=${locator}`);
    assert.equal(answer.status, 400);
    assert.equal(errorOf(answer)?.errorCode, 'INVALID_QUERY_LOCATOR');
  }
});

test('a compressed page is the same page', async () => {
  const id = await completed('SELECT Id, Description FROM Contact');
  const packed = await results(id, '?maxRecords=1500', { 'Accept-Encoding': 'gzip' });
  const plain = await results(id, '?maxRecords=1500', { 'Accept-Encoding': 'identity' });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal(packed.text, plain.text);
});
