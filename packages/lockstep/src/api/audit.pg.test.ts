/** The audit log: every change, by whom, and no secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ApiHarness, newSyncOf, openApi, withSyncs } from '@lockstep/harness/api-harness';
import { startOrg } from '@lockstep/harness/org';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import type { AuditEntryView } from '../contract/audit.ts';
import { makeSetupToken } from '../control/index.ts';
import { makeSignInLink } from '../operations/sign-in-link.ts';
import { openApiDocument } from './server.ts';

const password = 'CANARY41f0 is a long phrase';
const next = `${password}!`;
const nobody = { authorization: '' };

async function entries(api: ApiHarness, query = ''): Promise<AuditEntryView[]> {
  const { status, body } = await api.ask('GET', `/api/v1/audit?limit=500${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.items as AuditEntryView[];
}

async function setUp(api: ApiHarness): Promise<void> {
  const made = await makeSetupToken(api.control.control);
  const { status } = await api.ask('POST', '/api/v1/setup', { token: made?.token, password }, nobody);
  assert.equal(status, 201);
}

async function signIn(api: ApiHarness): Promise<{ id: string; headers: Record<string, string> }> {
  const { status, headers, body } = await api.ask('POST', '/api/v1/session', { password: next }, nobody);
  assert.equal(status, 201, JSON.stringify(body));
  const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
  return { id: String(body.id), headers: { cookie, 'x-lockstep-csrf': String(body.csrf_token) } };
}

/** As if PostgreSQL could not hold a record. */
async function setAsideOne({ control }: ApiHarness, syncId: string): Promise<void> {
  const url = databaseUrl(control.database.url, { database: `lockstep_${syncId}` });
  const mirror = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  await mirror.query(sql`
    INSERT INTO _lockstep.quarantine (stream_no, id, code, record)
    SELECT stream_no, '001000000000001AAA', 'DATA-04', '{}' FROM _lockstep.checkpoint WHERE sobject = 'Account'`);
  await mirror.end();
}

/** A request of each route that changes something, in this order. What stands in braces comes from earlier answers. */
const changes: Record<string, { method: string; path: string; body?: object }> = {
  createSync: { method: 'POST', path: '/syncs' },
  changeSync: { method: 'PATCH', path: '/syncs/acme', body: { paused: true } },
  beginOperation: { method: 'POST', path: '/syncs/acme/operations', body: { kind: 'flush' } },
  withdrawOperation: { method: 'DELETE', path: '/operations/{operation}' },
  tryWrite: {
    method: 'POST',
    path: '/syncs/acme/trial',
    body: { object: 'Account', id: '001000000000001AAA', token: 'CANARY41f0' },
  },
  retrySetAside: { method: 'POST', path: '/syncs/acme/set-aside/retry', body: {} },
  createReader: { method: 'POST', path: '/syncs/acme/readers', body: { name: 'reports' } },
  deleteReader: { method: 'DELETE', path: '/syncs/acme/readers/reports' },
  createApiKey: { method: 'POST', path: '/api-keys', body: { name: 'deploy', scope: 'write' } },
  createProxyKey: {
    method: 'POST',
    path: '/syncs/acme/proxy-keys',
    body: { name: 'deploy', scope: 'write' },
  },
  revokeProxyKey: { method: 'DELETE', path: '/syncs/acme/proxy-keys/deploy' },
  revokeApiKey: { method: 'DELETE', path: '/api-keys/deploy' },
  setUp: { method: 'POST', path: '/setup', body: { token: '{token}', password } },
  signIn: { method: 'POST', path: '/session', body: { password } },
  signInByLink: { method: 'POST', path: '/session/by-link', body: { secret: '{link}' } },
  changePassword: { method: 'POST', path: '/password', body: { current: password, new: next } },
  signOut: { method: 'DELETE', path: '/session' },
  beginSignIn: { method: 'POST', path: '/sign-ins', body: { login_url: '{orgUrl}', client_id: 'app' } },
  createJwtKey: { method: 'POST', path: '/jwt-keys', body: { name: 'acme' } },
  deleteJwtKey: { method: 'DELETE', path: '/jwt-keys/acme' },
  addObjects: { method: 'POST', path: '/syncs/acme/objects', body: { objects: ['Lead'] } },
  removeObject: { method: 'DELETE', path: '/syncs/acme/objects/Lead' },
  setApiVersion: { method: 'PUT', path: '/syncs/acme/api-version', body: { api_version: '63.0' } },
  recopySync: { method: 'POST', path: '/syncs/acme/recopy', body: {} },
  replaceCredential: { method: 'PUT', path: '/syncs/acme/credential' },
  checkDestination: {
    method: 'POST',
    path: '/destinations/check',
    body: { url: 'postgres://w:w@localhost:1/crm', reader_url: 'postgres://r:r@localhost:1/crm' },
  },
  replaceDestination: {
    method: 'PUT',
    path: '/syncs/own/destination',
    body: { url: '{ownUrl}', reader_url: '{ownReaderUrl}' },
  },
  dropFormerDatabase: { method: 'DELETE', path: '/syncs/own/former-database' },
  endSession: { method: 'DELETE', path: '/sessions/{session}' },
  deleteSync: { method: 'DELETE', path: '/syncs/acme' },
};
/** Not among them, although the method could change something. */
const changeNothing = ['queryMirror', 'sqlForDestination', 'findOrgObjects', 'findOrgFields', 'checkOrg'];

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}

test('every route that changes something is audited, and no request that changes nothing', async () => {
  const { paths } = (await openApiDocument()) as Document;
  const routes = Object.values(paths).flatMap((path) => Object.entries(path));
  const changing = routes.filter(([method]) => method !== 'get').map(([, { operationId }]) => operationId);
  assert.deepEqual(
    changing.toSorted(),
    [...Object.keys(changes), ...changeNothing].toSorted(),
    'add a request of the new route to this test',
  );

  await using org = await startOrg({ records: 100 });
  await using own = await openOwnDatabase();
  const signInLink = makeSignInLink(systemClock);
  await using api = await openApi([new URL(org.url).host], { signInLink });
  const inOwn = await api.ask(
    'POST',
    '/api/v1/syncs',
    newSyncOf(org, { name: 'own', destination: own.form() }),
  );
  assert.equal(inOwn.status, 201);
  // What a private database has left behind.
  await api.control.control.db.query(sql`CREATE ROLE ${ident(`lockstep_${String(inOwn.body.id)}_owner`)}`);
  const known: Record<string, string> = {
    orgUrl: org.url,
    ownUrl: own.url,
    ownReaderUrl: own.readerUrl,
    link: signInLink.secret,
    token: (await makeSetupToken(api.control.control))?.token ?? '',
  };
  for (const [operation, { method, path, body }] of Object.entries(changes)) {
    const { credential } = newSyncOf(org);
    const given = { createSync: newSyncOf(org), replaceCredential: { credential } }[operation] ?? body;
    if (operation === 'recopySync') await org.control('/org/changeId', {});
    const browser = operation === 'signOut' ? await signIn(api) : null;
    if (operation === 'endSession') known.session = (await signIn(api)).id;
    const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? '');
    const answer = await fetch(`${api.url}/api/v1${filled(path)}`, {
      method,
      headers: { ...(browser?.headers ?? api.headers), ...(given && { 'content-type': 'application/json' }) },
      ...(given && { body: filled(JSON.stringify(given)) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${operation}: ${text}`);
    const { id = '' } = (text === '' ? {} : JSON.parse(text)) as { id?: string };
    if (operation === 'createSync') await setAsideOne(api, id);
    if (operation === 'beginOperation') known.operation = id;

    const entry = (await entries(api)).find((one) => one.request_id === answer.headers.get('x-request-id'));
    assert.equal(entry?.operation, operation);
    assert.deepEqual([entry.refusal, entry.address], [null, '127.0.0.1']);
    const who = ['setUp', 'signIn', 'signInByLink', 'signOut'].includes(operation)
      ? 'administrator'
      : 'this machine';
    assert.equal(entry.who, who, operation);
    const isOfSync = path.startsWith('/syncs') || path.startsWith('/operations');
    const name = path.startsWith('/syncs/own/') ? 'own' : 'acme';
    assert.equal(entry.sync?.name, isOfSync ? name : undefined, operation);
  }

  const before = await entries(api);
  await api.ask('GET', '/api/v1/syncs');
  await api.ask('POST', '/api/v1/syncs?dry_run=true', newSyncOf(org));
  await api.ask('PATCH', '/api/v1/syncs/none', { paused: true });
  await api.ask('POST', '/api/v1/api-keys', { name: '' });
  assert.deepEqual(await entries(api), before);
});

test('a change of settings is noted with what it changed, and who made it from where', async () => {
  await using api = await withSyncs(['acme', 'other']);
  const { body: made } = await api.ask('POST', '/api/v1/api-keys', { name: 'deploy', scope: 'write' });
  const asKey = { authorization: `Bearer ${String(made.key)}` };
  const changed = await api.ask(
    'PATCH',
    '/api/v1/syncs/acme',
    { interval_ms: 900, stop_at_percent: 80 },
    asKey,
  );
  assert.equal(changed.status, 200);
  await api.ask('PATCH', '/api/v1/syncs/other', { paused: true });
  const [entry, ...more] = await entries(api, '&sync=acme');
  assert.equal(more.length, 0);
  const { id, at, ...rest } = entry ?? assert.fail('there is an entry');
  assert.match(id, /^\d+$/);
  assert.ok(
    Math.abs(Date.parse(at) - Date.parse((await api.ask('GET', '/api/v1/audit')).body.as_of as string)) <
      60_000,
  );
  assert.deepEqual(rest, {
    who: 'key deploy',
    address: '127.0.0.1',
    operation: 'changeSync',
    sync: { id: changed.body.id, name: 'acme' },
    thing: null,
    before: { interval_ms: 3_000, stop_at_percent: 90 },
    after: { interval_ms: 900, stop_at_percent: 80 },
    refusal: null,
    request_id: changed.headers.get('x-request-id'),
  });
  const [created] = (await entries(api, '&who=this%20machine')).toReversed();
  assert.deepEqual(
    [created?.operation, created?.thing, created?.after],
    ['createApiKey', 'deploy', { scope: 'write' }],
  );
});

test('a repeated request with the same Idempotency-Key is one change', async () => {
  await using api = await withSyncs(['acme']);
  const begin = () =>
    api.ask(
      'POST',
      '/api/v1/syncs/acme/operations',
      { kind: 'verify', level: 'ids' },
      { 'idempotency-key': 'once' },
    );
  const first = await begin();
  assert.equal((await begin()).headers.get('idempotency-replayed'), 'true');
  const all = await entries(api);
  assert.deepEqual(
    all.map(({ operation, thing, after }) => [operation, thing, after]),
    [['beginOperation', first.body.id, { kind: 'verify', level: 'ids' }]],
  );
});

test('the audit log is read in pages from the newest on, by sync, person and time, and for 30 days', async () => {
  await using api = await withSyncs(['acme']);
  for (const interval_ms of [1_000, 2_000, 3_000, 4_000, 5_000])
    await api.ask('PATCH', '/api/v1/syncs/acme', { interval_ms });
  const paces: unknown[] = [];
  let last: string | null = '';
  while (last !== null) {
    const { body } = await api.ask('GET', `/api/v1/audit?limit=2${last && `&after=${last}`}`);
    paces.push(...(body.items as AuditEntryView[]).map(({ after }) => after?.interval_ms));
    last = body.next as string | null;
  }
  assert.deepEqual(paces, [5_000, 4_000, 3_000, 2_000, 1_000]);

  const { db } = api.control.control;
  await db.query(sql`
    UPDATE lockstep.audit_entry SET at = at - interval '2 days' WHERE after @> '{"interval_ms": 1000}'`);
  const since = (await api.ask('GET', '/api/v1/audit')).body.as_of as string;
  const yesterday = new Date(Date.parse(since) - 86_400_000).toISOString();
  assert.equal((await entries(api, `&since=${yesterday}`)).length, 4);
  assert.equal((await entries(api, '&sync=none')).length, 0);
  assert.equal((await entries(api, '&who=administrator')).length, 0);
  await api.ask('DELETE', '/api/v1/syncs/acme');
  assert.equal((await entries(api, '&sync=acme')).length, 6, 'also when the sync is gone');

  await db.query(sql`UPDATE lockstep.audit_entry SET at = at - interval '29 days'`);
  await api.ask('POST', '/api/v1/api-keys', { name: 'any', scope: 'read' });
  assert.equal((await entries(api)).length, 6, 'the one of 31 days ago is gone');
});

test('refused sign-ins are noted, and a refused set-up', async () => {
  await using api = await openApi();
  await api.ask('POST', '/api/v1/setup', { token: 'wrong', password, email: 'a@example.com' }, nobody);
  await setUp(api);
  await api.ask('POST', '/api/v1/setup', { token: 'wrong', password }, nobody);
  await api.ask('POST', '/api/v1/session', { password: 'wrong' }, nobody);
  assert.deepEqual(
    (await entries(api))
      .toReversed()
      .map(({ who, operation, refusal, after }) => [who, operation, refusal, after]),
    [
      ['nobody', 'setUp', 'API-11', null],
      ['administrator', 'setUp', null, {}],
      ['nobody', 'setUp', 'API-12', null],
      ['nobody', 'signIn', 'API-13', null],
    ],
  );
});

test('no password, token, key, cookie or credential is stored in the clear or logged', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const token = (await makeSetupToken(api.control.control))?.token ?? '';
  const made = await api.ask('POST', '/api/v1/setup', { token, password }, nobody);
  await api.ask('POST', '/api/v1/session', { password: 'CANARY41f0 wrong' }, nobody);
  await api.ask('POST', '/api/v1/password', { current: password, new: 'CANARY41f0 the next one' });
  await api.ask('POST', '/api/v1/setup', { token: 'CANARY41f0', password }, nobody);
  assert.equal((await api.ask('POST', '/api/v1/syncs', newSyncOf(org))).status, 201);
  const reader = await api.ask('POST', '/api/v1/syncs/acme/readers', { name: 'reports' });
  const key = await api.ask('POST', '/api/v1/api-keys', { name: 'deploy', scope: 'read' });
  const proxyKey = await api.ask('POST', '/api/v1/syncs/acme/proxy-keys', { name: 'app', scope: 'write' });
  const secrets = {
    canary: 'CANARY41f0',
    token,
    cookie: made.headers.get('set-cookie')?.split(';')[0]?.split('=')[1] ?? '',
    csrf: String(made.body.csrf_token),
    credential: org.credentials.integration.clientSecret,
    reader: new URL(String(reader.body.mirror_url)).password,
    key: String(key.body.key).slice('lsk_'.length + 13),
    proxyKey: String(proxyKey.body.key).slice('lsp_'.length + 13),
  };
  const stored = await dumpOf(api.control.control.db);
  assert.match(stored, /createReader/);
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret.length >= 10, name);
    assert.ok(!stored.includes(secret), `${name} is in the database`);
    assert.ok(!api.control.log.text().includes(secret), `${name} is in the log`);
  }
});

/** Every row of every table of the control database, as text. */
async function dumpOf(db: Database): Promise<string> {
  const tables = await db.query<{ name: string }>(
    sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'lockstep'`,
  );
  const rows: string[] = [];
  for (const { name } of tables)
    for (const { row } of await db.query<{ row: string }>(
      sql`SELECT t::text AS row FROM ${ident('lockstep', name)} AS t`,
    ))
      rows.push(row);
  return rows.join('\n');
}
