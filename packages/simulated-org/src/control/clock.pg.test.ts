import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const hourMs = 3_600_000;

const now = async () => Date.parse((await org.control<{ now: string }>('/clock')).now);
const query = (soql: string, path: string, token: string) =>
  org.request('GET', `${data}/${path}?q=${encodeURIComponent(soql)}`, { token });
const records = (answer: { json: unknown }) =>
  (answer.json as { records: Record<string, unknown>[] }).records;

async function create(token: string): Promise<string> {
  const body = { Name: 'By the clock' };
  const created = await org.request('POST', `${data}/sobjects/Account`, { token, body });
  return (created.json as { id: string }).id;
}

test('stamps and the Date of answers follow a clock that stands still', async () => {
  await org.control('/clock/rate', { rate: 0 });
  await org.control('/clock/set', { to: '2031-05-06T07:08:09Z' });
  assert.deepEqual(await org.control('/clock'), { now: '2031-05-06T07:08:09.000Z', rate: 0 });

  const token = await freshToken();
  const id = await create(token);

  const row = await org.request('GET', `${data}/sobjects/Account/${id}`, { token });
  assert.equal(row.headers.get('date'), 'Tue, 06 May 2031 07:08:09 GMT');
  const { SystemModstamp, CreatedDate } = row.json as Record<string, string>;
  assert.deepEqual(
    [SystemModstamp, CreatedDate],
    ['2031-05-06T07:08:09.000+0000', '2031-05-06T07:08:09.000+0000'],
  );
});

test('advancing by an hour moves the time by an hour', async () => {
  const before = await now();
  await org.control('/clock/advance', { ms: hourMs });
  assert.equal((await now()) - before, hourMs);
});

test('a token and a locator expire by the clock', async () => {
  await org.control('/clock/set', { to: '2031-06-01T00:00:00Z' });
  const token = await freshToken();
  const writes = Array.from({ length: 201 }, () => ({ create: 'Product2', values: { Name: 'Many' } }));
  await org.control('/records/write', { writes });
  const first = await org.request('GET', `${data}/query?q=${encodeURIComponent('SELECT Id FROM Product2')}`, {
    token,
    headers: { 'Sforce-Query-Options': 'batchSize=200' },
  });
  const { nextRecordsUrl } = first.json as { nextRecordsUrl: string };
  assert.equal((await org.request('GET', nextRecordsUrl, { token })).status, 200);

  await org.control('/clock/advance', { ms: 47 * hourMs });
  assert.equal((await org.request('GET', nextRecordsUrl, { token })).status, 401);
  assert.equal((await org.request('GET', nextRecordsUrl, { token: await freshToken() })).status, 200);

  await org.control('/clock/advance', { ms: 2 * hourMs });
  const late = await org.request('GET', nextRecordsUrl, { token: await freshToken() });
  assert.match(late.text, /INVALID_QUERY_LOCATOR/);
});

async function freshToken(): Promise<string> {
  const { clientId, clientSecret } = org.credentials.integration;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const answer = await fetch(`${org.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

test('a deleted record leaves the recycle bin and the delete log after 15 days', async () => {
  await org.control('/clock/set', { to: '2031-07-01T00:00:00Z' });
  const token = await freshToken();
  const id = await create(token);
  const soql = `SELECT Id FROM Account WHERE Id = '${id}'`;
  await org.request('DELETE', `${data}/sobjects/Account/${id}`, { token });

  await org.control('/clock/advance', { ms: 14 * 24 * hourMs });
  const within = await freshToken();
  assert.equal(records(await query(soql, 'queryAll', within)).length, 1);

  await org.control('/clock/advance', { ms: 2 * 24 * hourMs });
  const later = await freshToken();
  assert.equal(records(await query(soql, 'queryAll', later)).length, 0);
  const log = await org.request(
    'GET',
    `${data}/sobjects/Account/deleted?start=2031-07-02T00:01:00Z&end=2031-07-16T00:00:00Z`,
    { token: later },
  );
  assert.deepEqual((log.json as { deletedRecords: unknown[] }).deletedRecords, []);
});

const isThere = async (id: string) =>
  (await org.db.query(sql`SELECT FROM org."Account" WHERE "Id" = ${id}`)).length > 0;

async function createDeleted(): Promise<string> {
  const token = await freshToken();
  const id = await create(token);
  await org.request('DELETE', `${data}/sobjects/Account/${id}`, { token });
  return id;
}

test('the recycle bin is swept automatically as time passes', async () => {
  await org.control('/clock/set', { to: '2031-08-01T00:00:00Z' });
  const id = await createDeleted();
  await org.control('/clock/set', { to: '2031-08-15T23:00:00Z' });
  assert.ok(await isThere(id));
  await org.control('/clock/rate', { rate: 86_400 });
  for (let tries = 0; await isThere(id); tries++) assert.ok(tries < 20_000, 'an hour is 42 ms');
  await org.control('/clock/rate', { rate: 0 });
});

test('a sweep waits for nobody: if a row is locked, the bin stays as it is until the next sweep', async () => {
  await org.control('/clock/set', { to: '2031-09-01T00:00:00Z' });
  const [gone, locked] = [await createDeleted(), await createDeleted()];
  const { id } = await org.control<{ id: string }>('/transactions/open', { writes: [{ undelete: locked }] });
  await org.control('/clock/set', { to: '2031-09-17T00:00:00Z' });
  assert.ok(await isThere(gone));
  await org.control('/transactions/commit', { id });
  await org.control('/recycleBin/sweep', {});
  assert.deepEqual([await isThere(gone), await isThere(locked)], [false, true]);
});

test('the day of the limits follows the clock', async () => {
  const token = await freshToken();
  await org.control('/limits', { dailyUsed: 500 });
  await query('SELECT Id FROM Account LIMIT 1', 'query', token);
  assert.equal((await org.control('/limits')).dailyUsed, 501);
  await org.control('/clock/advance', { ms: 24 * hourMs });
  assert.equal((await org.control('/limits')).dailyUsed, 0);
});

test('a restart neither sets the clock back nor starts a stopped one', async () => {
  await org.control('/clock/set', { to: '2032-01-01T00:00:00Z' });
  await org.restart();
  assert.deepEqual(await org.control('/clock'), { now: '2032-01-01T00:00:00.000Z', rate: 0 });
});

test('at a rate of 3600 an hour is over within a second', async () => {
  await org.control('/clock/rate', { rate: 3600 });
  const before = await now();
  let tries = 0;
  while ((await now()) - before < hourMs) {
    assert.ok(++tries < 20_000, 'the clock runs');
  }
  await org.control('/clock/set', { to: '2026-01-01T00:00:00Z' });
  await org.control('/clock/rate', { rate: 1 });
  assert.ok((await now()) < Date.UTC(2026, 0, 1, 1));
});
