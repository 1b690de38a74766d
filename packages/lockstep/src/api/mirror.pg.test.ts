import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, localKey, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg, type TestOrg } from '@lockstep/harness/org';

/** The mirror of a sync by the API: its readers, and queries on it. No worker runs the sync. */

let org: TestOrg;
let api: ApiHarness;
const path = '/api/v1/syncs/acme';

before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  const { status } = await api.ask('POST', '/api/v1/syncs', newSyncOf(org));
  assert.equal(status, 201);
});

after(async () => {
  await api.ask('DELETE', path);
  await api[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const query = (text: string, headers = {}) => api.ask('POST', `${path}/query`, { query: text }, headers);

test('a reader is made with a password that is shown once, and works until it is deleted', async () => {
  const tried = await api.ask('POST', `${path}/readers?dry_run=true`, { name: 'reports' });
  assert.deepEqual([tried.status, tried.body.name], [200, 'reports'], JSON.stringify(tried.body));
  assert.deepEqual((await api.ask('GET', `${path}/readers`)).body.items, []);
  const made = await api.ask('POST', `${path}/readers`, { name: 'reports' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { mirror_url: url, ...shown } = made.body;
  const mirror = openDatabase({ url: String(url), applicationName: 'test' });
  assert.deepEqual(await mirror.query(sql`SELECT count(*) FROM salesforce.account`), [{ count: 0 }]);

  const { items } = (await api.ask('GET', `${path}/readers`)).body;
  assert.deepEqual(items, [shown]);
  assert.deepEqual(shown, tried.body);
  const password = new URL(String(url)).password;
  for (const seen of [await api.ask('GET', path), await api.ask('GET', `${path}/readers`)])
    assert.ok(!JSON.stringify(seen.body).includes(password));
  assert.ok(!api.control.log.text().includes(password));

  const again = await api.ask('POST', `${path}/readers`, { name: 'reports' });
  assert.deepEqual([again.status, again.body.kind], [409, 'not healthy']);
  const triedAgain = await api.ask('POST', `${path}/readers?dry_run=true`, { name: 'reports' });
  assert.deepEqual([triedAgain.status, triedAgain.body.detail], [409, again.body.detail]);
  assert.equal((await fetchStatus('DELETE', `${path}/readers/reports`)).status, 204);
  await assert.rejects(mirror.query(sql`SELECT 1`));
  await mirror.end();
  assert.equal((await api.ask('DELETE', `${path}/readers/reports`)).status, 404);
});

/** For answers without a body. */
const fetchStatus = (method: string, to: string) =>
  fetch(`${api.url}${to}`, { method, headers: api.headers });

test('a query answers with columns by place and values as the server writes them', async () => {
  const { status, body } = await query('SELECT 1.50 AS n, NULL AS n, true AS yes');
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body, { columns: ['n', 'n', 'yes'], rows: [['1.50', null, 't']], is_cut: false });
  assert.deepEqual((await query('SHOW default_transaction_read_only')).body.rows, [['on']]);
});

test('a long result is cut, and the server makes no more rows than are answered', async () => {
  const { body } = await query('SELECT generate_series(1, 1000000000)');
  assert.deepEqual([(body.rows as unknown[]).length, body.is_cut], [10_000, true]);
  const exact = await query('SELECT n FROM generate_series(1, 10000) AS n');
  assert.deepEqual([(exact.body.rows as unknown[]).length, exact.body.is_cut], [10_000, false]);
  const wide = await query(`SELECT repeat('x', 1000000) AS x FROM generate_series(1, 10000)`);
  assert.ok((wide.body.rows as unknown[]).length < 200);
  assert.equal(wide.body.is_cut, true);
});

test('a query that the server refuses is answered in its own words, with the place', async () => {
  const { status, body } = await query('SELECT id,\n  nme FROM salesforce.account');
  assert.deepEqual([status, body.code, body.kind], [422, '42703', 'database refused']);
  assert.match(String(body.detail), /column "nme" does not exist/);
  assert.deepEqual((body.lines as string[]).slice(0, 2), [
    'line 2:   nme FROM salesforce.account',
    `${' '.repeat(10)}^`,
  ]);
  const several = await query('SELECT 1; SELECT 2');
  assert.match(String(several.body.detail), /one query at a time/);
  const write = await query("INSERT INTO salesforce.account (id) VALUES ('001')");
  assert.deepEqual([write.status, write.body.code], [422, '25006']);
});

test('a key that may only read may query, and make no reader', async () => {
  const made = await api.ask('POST', '/api/v1/api-keys', { name: 'looker', scope: 'read' });
  const headers = { authorization: `Bearer ${String(made.body.key)}` };
  assert.notEqual(made.body.key, localKey);
  assert.equal((await query('SELECT 1', headers)).status, 200);
  const refused = await api.ask('POST', `${path}/readers`, { name: 'mine' }, headers);
  assert.deepEqual([refused.status, refused.body.code], [403, 'API-08']);
});
