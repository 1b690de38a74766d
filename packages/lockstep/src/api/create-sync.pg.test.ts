import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { newSyncOf, openApiOn } from '@lockstep/harness/api-harness';
import { openOrgApi } from '@lockstep/harness/org-api';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { openControl } from '../control/index.ts';
import { newSyncId } from '../core/ids.ts';
import { createPrivateDatabase } from '../postgres/index.ts';

const { org, api } = await openOrgApi();

const wanted = (change: object = {}) => newSyncOf(org, change);
const create = (body: object, headers: Record<string, string> = {}, query = '') =>
  api.ask('POST', `/api/v1/syncs${query}`, body, headers);
const names = async () =>
  ((await api.ask('GET', '/api/v1/syncs')).body.items as { name: string }[]).map(({ name }) => name);
const hasDatabase = async (id: string) =>
  (await api.control.control.db.query(sql`SELECT FROM pg_database WHERE datname = ${`lockstep_${id}`}`))
    .length === 1;

test('a dry run signs in and describes the objects, and makes nothing', async () => {
  const { status, body } = await create(wanted(), {}, '?dry_run=true');
  assert.equal(status, 200);
  assert.equal(body.org_id, org.orgId);
  assert.deepEqual(
    (body.objects as { sobject: string; table_name: string }[]).map(({ sobject, table_name }) => [
      sobject,
      table_name,
    ]),
    [
      ['Account', 'account'],
      ['Contact', 'contact'],
    ],
  );
  assert.deepEqual(body.skipped, []);
  assert.deepEqual(await names(), []);
});

test('without objects the usual ones are taken, and those that the user cannot read are skipped with the reason', async () => {
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  const { objects: _, ...rest } = wanted({ name: 'usual' });
  const taken = ['Account', 'Contact', 'Opportunity', 'User', 'Product2'];
  const { body } = await create(rest, {}, '?dry_run=true');
  assert.deepEqual(
    (body.objects as { sobject: string }[]).map(({ sobject }) => sobject),
    taken,
  );
  assert.deepEqual(body.skipped, [
    { object: 'Lead', reason: 'the org does not have it, or does not show it to the user' },
  ]);
  const made = await create(rest);
  assert.deepEqual([made.status, made.body.objects], [201, taken], JSON.stringify(made.body));
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/usual')).status, 200);

  const none = { read: false };
  const objects = Object.fromEntries([...taken, 'Lead'].map((name) => [name, none]));
  await org.control('/users/rights', { user: 'integration', objects });
  const refused = await create(rest);
  assert.deepEqual([refused.status, refused.body.code], [400, 'CFG-01'], JSON.stringify(refused.body));
  await org.control('/users/rights', { user: 'integration' });
});

test('a sync can be created with all its settings, and a version that the org does not know is refused', async () => {
  const settings = { paused: true, stop_at_percent: 70, on_database_down: 'forward', foreign_keys: false };
  const more = { interval_ms: 900, fields_left_out: ['*.Description'], api_version: '62.0' };
  const { status, body } = await create(wanted({ name: 'set', ...settings, ...more }));
  assert.equal(status, 201, JSON.stringify(body));
  for (const [member, value] of Object.entries({ ...settings, ...more }))
    assert.deepEqual(body[member], value, member);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/set')).status, 200);

  const unknown = await create(wanted({ api_version: '12.0' }));
  assert.equal(unknown.status, 400);
  assert.match(String(unknown.body.detail), /do not both know version "12\.0"/);
  assert.match(String(unknown.body.next), /^Both know: \d\d\.0/);
});

test('a sync is created, and its secret is shown nowhere', async () => {
  const { status, headers, body } = await create(wanted({ name: 'first', interval_ms: 1_500 }));
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual([body.name, body.objects, body.interval_ms], ['first', ['Account', 'Contact'], 1_500]);
  const found = await api.ask('GET', headers.get('location') ?? '');
  const aside = await api.ask('GET', '/api/v1/syncs/first/set-aside?objects=account');
  const { as_of: _, ...noneAside } = aside.body;
  assert.deepEqual([aside.status, noneAside], [200, { rows: 0, groups: [], items: [] }]);
  const objects = await api.ask('GET', '/api/v1/syncs/first/objects');
  const states = (objects.body.items as { state: string }[]).map(({ state }) => state);
  assert.deepEqual(states, ['queued', 'queued']);
  const snapshot = (await api.ask('GET', '/api/v1/syncs/first/snapshot')).body;
  assert.deepEqual([snapshot.sync, snapshot.objects], [found.body, objects.body.items]);
  assert.deepEqual(found.body, body);
  const secret = org.credentials.integration.clientSecret;
  const said = [JSON.stringify(body), JSON.stringify(found.body), api.control.log.text()];
  for (const text of said) assert.ok(!text.includes(secret));
  const [stored] = await api.control.control.db.query<{ rows: string }>(
    sql`SELECT coalesce(string_agg(k::text, ''), '') AS rows FROM lockstep.idempotency_key k`,
  );
  assert.ok(!stored?.rows.includes(secret));
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/first')).status, 200);
});

test('fields whose values the mirror does not have are named with the reason', async () => {
  const objects = ['Account', 'Invoice__c', 'Document', 'ContentDocument', 'ContentDocumentLink'];
  const { status, body } = await create(wanted({ name: 'fields', objects }));
  assert.equal(status, 201, JSON.stringify(body));
  const { items } = (await api.ask('GET', '/api/v1/syncs/fields/objects')).body as {
    items: { sobject: string; fields_without_value: Record<string, string | null>[] }[];
  };
  const named = new Map(
    items.flatMap(({ sobject, fields_without_value: fields }) =>
      fields.map(({ field, type, column_name: column, note }) => [
        `${sobject}.${field}`,
        [type, column, note] as const,
      ]),
    ),
  );
  const parts = 'is made of other fields, which have columns of their own';
  assert.deepEqual(named.get('Account.BillingAddress'), ['address', null, parts]);
  assert.deepEqual(named.get('Invoice__c.Place__c'), ['location', null, parts]);
  const [type, column, note] = named.get('Invoice__c.Tax_Number__c') ?? [];
  assert.deepEqual([type, column], ['encryptedstring', null]);
  assert.match(note ?? '', /^is encrypted/);
  assert.deepEqual(named.get('Document.Body')?.slice(0, 2), ['base64', 'body']);

  const refused = await api.ask('DELETE', '/api/v1/syncs/fields/objects/ContentDocument');
  assert.equal(refused.status, 400, JSON.stringify(refused.body));
  assert.match(String(refused.body.detail), /ContentDocumentLink is read by the records of ContentDocument/);
  assert.match(String(refused.body.next), /objects remove ContentDocumentLink/);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/fields')).status, 200);
});

test('each thing that is wrong is named with its member and what to do, and nothing is made', async () => {
  const { credential } = wanted();
  const wrong = 'https://not-salesforce.example.com';
  const address = { host: 'localhost', port: 1, database: 'crm', tls: 'off' };
  const logins = { writer: { user: 'w', password: 'w' }, reader: { user: 'w', password: 'r' } };
  const jwt = { flow: 'jwt bearer', client_id: 'app', username: 'a@example.com' };
  const nowhere = { url: 'postgres://w:w@localhost:1/crm', reader_url: 'postgres://r:r@localhost:1/crm' };
  for (const [change, status, code, field] of [
    [{ objects: ['Acount'] }, 404, 'SCH-09', 'objects.0'],
    [{ objects: ['Account', 'Name'] }, 422, 'SCH-06', 'objects.1'],
    [{ objects: [' '] }, 400, 'CFG-01', 'objects'],
    [{ login_url: wrong }, 403, 'ORG-04', 'login_url'],
    [{ login_url: undefined }, 400, '', 'login_url'],
    [{ login_url: 'http://127.0.0.1:1' }, 403, 'ORG-04', 'login_url'],
    [{ credential: { ...credential, client_secret: 'wrong' } }, 422, 'SF-07', 'credential'],
    [{ credential: { ...jwt, private_key: 'none' } }, 400, '', 'credential.private_key'],
    [{ credential: { ...jwt, key: 'none' } }, 404, '', 'credential.key'],
    [{ credential: { flow: 'web server', sign_in: 'none' } }, 404, '', 'credential.sign_in'],
    [{ api_version: '31.0' }, 400, '', 'api_version'],
    [{ destination: { ...nowhere } }, 422, 'DB-02', 'destination.url'],
    [{ destination: { ...nowhere, reader_url: nowhere.url } }, 400, '', 'destination.reader_url'],
    [{ destination: { ...nowhere, ca: 'none' } }, 400, '', 'destination.ca'],
    [{ destination: { ...address, ...logins } }, 400, '', 'destination.reader'],
    [{ destination: { ...address, ...logins, host: 'db.example.com' } }, 400, '', 'destination.tls'],
    [{ name: 'a/b' }, 400, 'API-01', 'name'],
    [{ name: newSyncId() }, 400, 'API-01', 'name'],
    [{ objects: [] }, 400, 'API-01', 'objects'],
    [{ interval_ms: 10 }, 400, 'API-01', 'interval_ms'],
  ] as const) {
    for (const query of ['', '?dry_run=true']) {
      const answer = await create(wanted(change), {}, query);
      const told = JSON.stringify(answer.body);
      assert.deepEqual([answer.status, answer.body.code], [status, code], told);
      const errors = answer.body.errors as { field: string; reason: string }[];
      assert.deepEqual([errors.length, errors[0]?.field], [1, field], told);
      assert.notEqual(errors[0]?.reason, '');
      assert.notEqual(answer.body.next, '');
    }
  }
  assert.deepEqual(await names(), []);
});

test('everything that is wrong is told at once, each with its repair, and as it is told by a dry run', async () => {
  await using own = await openOwnDatabase({ schema: 'crm' });
  await own.superuser.script(
    `CREATE TABLE crm.invoices (id int); ALTER ROLE ${own.prefix}_writer CONNECTION LIMIT 5`,
  );
  const made = await create(wanted({ name: 'first', objects: ['Account'] }));
  assert.equal(made.status, 201);
  const objects = ['Acount', 'Account', 'Name', 'Contct'];
  const all = { name: 'first', objects, api_version: '31.0', destination: own.form({ schema: 'crm' }) };
  const [tried, real] = [await create(wanted(all), {}, '?dry_run=true'), await create(wanted(all))];
  assert.deepEqual(tried.body.errors, real.body.errors);
  const errors = real.body.errors as { field: string; code: string; reason: string; next: string }[];
  assert.deepEqual(
    errors.map(({ field, code }) => `${field} ${code}`.trim()),
    [
      'name CFG-03',
      'api_version',
      'objects.0 SCH-09',
      'objects.2 SCH-06',
      'objects.3 SCH-09',
      'destination.schema DB-10',
      'destination.url DB-07',
    ],
  );
  assert.deepEqual([real.status, real.body.code, real.body.detail], [400, 'CFG-03', errors[0]?.reason]);
  for (const { field, reason, next } of errors) assert.ok(reason !== '' && next !== '', field);
  assert.match(errors[4]?.reason ?? '', /no object Contct .* Near: Contact/);
  assert.match(errors[6]?.next ?? '', /As the owner of the database, run: ALTER ROLE .* CONNECTION LIMIT 40/);

  // Without its org the database is tried all the same.
  const { credential } = wanted();
  const unsigned = { ...all, name: 'other', credential: { ...credential, client_secret: 'wrong' } };
  const two = (await create(wanted(unsigned))).body.errors as typeof errors;
  assert.deepEqual(
    two.map(({ field }) => field),
    ['credential', 'destination.schema', 'destination.url'],
  );
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/first')).status, 200);
});

test('a server that lets Lockstep make no database says so in the dry run', async () => {
  const { control, database, key, log } = api.control;
  const login = `limited_${newSyncId()}`;
  const [own] = await database.db.query<{ role: string }>(sql`SELECT current_user::text AS role`);
  await database.db.script(
    `CREATE ROLE ${login} LOGIN CREATEROLE PASSWORD 'limited'; GRANT ${own?.role} TO ${login}`,
  );
  const url = databaseUrl(database.url, { user: login, password: 'limited' });
  const { clock } = control;
  const limited = await openControl({ url, key, applicationName: 'test', clock, log: log.log });
  const other = await openApiOn({ ...api.control, control: limited }, [new URL(org.url).host]);
  for (const query of ['?dry_run=true', '']) {
    const { status, body } = await other.ask('POST', `/api/v1/syncs${query}`, wanted());
    assert.deepEqual([status, body.code], [503, 'DB-06'], JSON.stringify(body));
    assert.match(String(body.detail), new RegExp(`${login} lacks CREATEDB`));
  }
  await other[Symbol.asyncDispose]();
  await limited.end();
  await database.db.query(sql`DROP ROLE ${ident(login)}`);
});

test('a creation that is repeated with its key makes one sync, and a name that is taken is refused', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const first = await create(wanted({ name: 'twice' }), key);
  const again = await create(wanted({ name: 'twice' }), key);
  assert.deepEqual([again.status, again.body], [201, first.body]);
  const taken = await create(wanted({ name: 'twice' }));
  assert.deepEqual([taken.status, taken.body.code], [400, 'CFG-03']);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/twice')).status, 200);
});

test('what a killed process has begun to create is taken up by a repetition with the same key', async () => {
  const { db } = api.control.control;
  const key = randomUUID();
  const id = newSyncId();
  // As it stands when the process dies between making the database and recording the sync.
  const probe = await create(wanted({ name: 'killed', objects: ['Acount'] }), { 'idempotency-key': key });
  assert.equal(probe.status, 404);
  await createPrivateDatabase(db, id, { writerPassword: 'old', readerPassword: 'old' }, (database) =>
    openDatabase({ url: databaseUrl(api.control.database.url, { database }), applicationName: 'test' }),
  );
  const fresh = randomUUID();
  const made = await create(wanted({ name: 'killed' }), { 'idempotency-key': fresh });
  assert.equal(made.status, 201);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/killed')).status, 200);
  await db.query(sql`
    UPDATE lockstep.idempotency_key SET status = NULL, body = NULL, subject = ${id} WHERE key = ${fresh}`);

  const taken = await create(wanted({ name: 'killed' }), { 'idempotency-key': fresh });
  assert.deepEqual([taken.status, taken.body.id], [201, id]);
  assert.equal(await hasDatabase(id), true);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/killed')).status, 200);
  assert.equal(await hasDatabase(id), false);
});
