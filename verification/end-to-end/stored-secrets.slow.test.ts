/**
 * What the control database stores, after everything has been done that fills its tables: each table is read whole, by
 * the catalogue, and none contains a secret, a record's value or a query, except sealed. Nor do logs and metrics.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type ApiAnswer, type ApiHarness, newSyncOf, openApiOn } from '@lockstep/harness/api-harness';
import { dumpControl, linesWith } from '@lockstep/harness/control-dump';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { webTokens } from '@lockstep/harness/sign-in';
import {
  makeSetupToken,
  openCredential,
  openReaderUrl,
  openWriterUrl,
  readActivity,
  readProxiedRequests,
} from 'lockstep/control';

const canary = 'CANARY2c7e91d';

test('no table of the control database contains a secret, a value of a record or a query, except sealed, nor does a log', async (t) => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead', 'Account'] });
  const { control, org } = harness;
  await using api = await openApiOn(control, [new URL(org.url).host], {
    proxyUrl: new URL(harness.base).origin,
  });
  const secrets = new Map<string, string>([['canary', canary]]);
  const token = (await makeSetupToken(control.control))?.token ?? '';
  secrets.set('set-up token', token);
  const atFirst = await dumpControl(control.control.db);

  harness.startWorker();
  await harness.untilComplete();
  await usePeople(api, token, secrets);
  await useCredentials(harness, api, secrets);
  await useMirror(harness, api, secrets);
  await useProxy(harness, api);
  await useOperations(harness, api);

  secrets.set('key of the control database', control.keyBytes.toString('base64'));
  secrets.set('client secret', org.credentials.integration.clientSecret);
  secrets.set('client secret of the web app', org.credentials.web.clientSecret);
  for (const user of ['demo', 'integration'] as const) secrets.set(`token of ${user}`, await org.token(user));
  await control.control.usage.flush();
  await readActivity(control.control, harness.sync.id, { limit: 1 });
  await readProxiedRequests(control.control, harness.sync.id, { limit: 1 });
  const atLast = await dumpControl(control.control.db);
  assert.deepEqual(
    atLast.empty.filter((table) => atFirst.empty.includes(table)),
    [],
    'every table was filled',
  );
  const server = process.env.TEST_POSTGRES_LOG;
  if (!server) t.diagnostic('the database server is not ours: its log is not checked');
  const sinks = {
    'tables at first': atFirst.text,
    'tables at last': atLast.text,
    log: control.log.text(),
    'log of the database server': server ? await readFile(server, 'utf8') : '',
    metrics: await harness.metrics(),
  };
  for (const [name, secret] of secrets) {
    assert.ok(secret.length >= 8, name);
    for (const [sink, text] of Object.entries(sinks))
      assert.deepEqual(linesWith(text, secret), [], `${name} in ${sink}`);
  }
});

const accepted = ({ status, body }: ApiAnswer): ApiAnswer['body'] => {
  assert.ok(status < 300, JSON.stringify(body));
  return body;
};

/** The administrator with its password and sessions, keys of programs. */
async function usePeople(api: ApiHarness, token: string, secrets: Map<string, string>): Promise<void> {
  const nobody = { authorization: '' };
  const password = `${canary} is a long phrase`;
  await api.ask('POST', '/api/v1/session', { password }, nobody);
  const setUp = await api.ask('POST', '/api/v1/setup', { token, password, email: 'ops@example.com' }, nobody);
  accepted(setUp);
  const [, cookie = ''] = /=([^;]+)/.exec(setUp.headers.get('set-cookie') ?? '') ?? [];
  secrets.set('cookie', cookie);
  await api.ask('POST', '/api/v1/session', { password: `${canary} is wrong` }, nobody);
  const { key } = accepted(await api.ask('POST', '/api/v1/api-keys', { name: 'program', scope: 'write' }));
  secrets.set('key of a program', String(key));
  accepted(await api.ask('GET', '/api/v1/syncs', undefined, { authorization: `Bearer ${String(key)}` }));
  await api.ask('GET', '/api/v1/syncs', undefined, { authorization: `Bearer ${canary}` });
}

/** Credentials of each flow, given, refused, replaced by Salesforce and held; sign-ins in a browser; key pairs. */
async function useCredentials(
  { org, sync, control }: EndToEndHarness,
  api: ApiHarness,
  secrets: Map<string, string>,
): Promise<void> {
  const withLogin = new URL(org.url);
  withLogin.username = canary;
  withLogin.password = canary;
  const login_url = `${withLogin.href}?sid=${canary}`;
  accepted(await api.ask('POST', '/api/v1/jwt-keys', { name: 'pair' }));
  const signIn = { login_url, client_id: 'app', client_secret: canary };
  const begun = await api.ask('POST', '/api/v1/sign-ins', signIn);
  if (begun.status < 300)
    secrets.set('ticket', new URL(String(begun.body.start_url)).searchParams.get('ticket') ?? '');

  const wrong = { flow: 'client credentials', client_id: canary, client_secret: canary };
  const headers = { 'idempotency-key': randomUUID() };
  const refused = newSyncOf(org, { login_url, name: 'other', credential: wrong });
  assert.ok((await api.ask('POST', '/api/v1/syncs', refused, headers)).status >= 400);
  await api.ask('POST', '/api/v1/org-checks', { login_url, credential: wrong });
  const other = newSyncOf(org, { login_url, name: 'other' });
  const { id } = accepted(await api.ask('POST', '/api/v1/syncs', other, { 'idempotency-key': randomUUID() }));
  accepted(await api.ask('DELETE', `/api/v1/syncs/${String(id)}`));

  const { clientId: client_id, clientSecret: client_secret } = org.credentials.web;
  const given = async () => {
    const { access_token = '', refresh_token = '' } = await webTokens(org, { scope: 'api refresh_token' });
    secrets.set(`access token ${secrets.size}`, access_token);
    secrets.set(`refresh token ${secrets.size}`, refresh_token);
    return { flow: 'refresh token', client_id, client_secret, refresh_token };
  };
  await org.control('/signIn/rotation', { clientId: client_id, on: true });
  const held = newSyncOf(org, { name: 'held', credential: await given() });
  accepted(await api.ask('POST', '/api/v1/syncs?dry_run=true', held));
  const path = `/api/v1/syncs/${sync.id}/credential`;
  accepted(await api.ask('PUT', path, { login_url, credential: await given() }));
  await org.control('/signIn/rotation', { clientId: client_id, on: false });
  assert.ok((await api.ask('PUT', path, { credential: wrong })).status >= 400);
  const stored = await openCredential(control.control, sync.id);
  assert.equal(stored.flow, 'refresh token');
  secrets.set('refresh token that is used', stored.refreshToken);
}

/** Logins of the mirror, queries of people, a database of somebody's own. */
async function useMirror(
  { sync, control }: EndToEndHarness,
  api: ApiHarness,
  secrets: Map<string, string>,
): Promise<void> {
  const path = `/api/v1/syncs/${sync.id}`;
  const reader = accepted(await api.ask('POST', `${path}/readers`, { name: 'app' }));
  secrets.set('password of a reader', new URL(String(reader.mirror_url)).password);
  secrets.set('password that reads', new URL(await openReaderUrl(control.control, sync)).password);
  secrets.set('password that writes', new URL(await openWriterUrl(control.control, sync)).password);
  for (const query of [`SELECT '${canary}'`, `SELECT ${canary} FROM lead`, `SELECT '${canary}'::int`])
    await api.ask('POST', `${path}/query`, { query });
  await using own = await openOwnDatabase();
  const wrong = new URL(own.url);
  wrong.password = canary;
  secrets.set('password of a database of somebody', new URL(own.url).password);
  for (const url of [own.url, wrong.href])
    await api.ask('POST', '/api/v1/destinations/check', {
      destination: own.form({ url }),
      ...own.form({ url }),
    });
}

/** Writes, reads and refused requests, with the canary wherever a caller can put it. */
async function useProxy(harness: EndToEndHarness, api: ApiHarness): Promise<void> {
  const leads = `${dataPath}/sobjects/Lead`;
  const created = await harness.call('POST', leads, { LastName: canary, Company: canary });
  const { id } = JSON.parse(created.text) as { id: string };
  await harness.call('GET', `${leads}/${id}?fields=LastName&note=${canary}`);
  const soql = encodeURIComponent(`SELECT Id FROM Lead WHERE Company = '${canary}'`);
  await harness.call('GET', `${dataPath}/query?q=${soql}`);
  await harness.call('PATCH', `${leads}/External__c/${canary}`, { LastName: canary });
  await harness.call('PATCH', `${leads}/${id}`, { NumberOfEmployees: canary });
  await harness.call('PATCH', `${dataPath}/sobjects/${canary}/${id}`, { Name: canary });
  for (const bearer of [`00D000000000000!${canary}`, canary]) {
    const headers = { authorization: `Bearer ${bearer}` };
    await fetch(`${harness.base}${leads}/${id}`, { method: 'DELETE', headers });
    const trial = { object: 'Lead', id, token: bearer };
    await api.ask('POST', `/api/v1/syncs/${harness.sync.id}/trial`, trial);
  }
  const trial = { object: 'Lead', id, token: await harness.org.token('demo') };
  accepted(await api.ask('POST', `/api/v1/syncs/${harness.sync.id}/trial`, trial));
}

/** What a sync reports: checks that repair, records that its tables refuse, work that fails. */
async function useOperations(harness: EndToEndHarness, api: ApiHarness): Promise<void> {
  const { admin, sync, control } = harness;
  await admin.script(
    `UPDATE salesforce.account SET name = '${canary}' WHERE id = (SELECT min(id) FROM salesforce.account)`,
  );
  const path = `/api/v1/syncs/${sync.id}/operations`;
  for (const work of [{ kind: 'verify', level: 'content' }, { kind: 'flush' }]) {
    const begun = await api.ask('POST', path, work, { 'idempotency-key': randomUUID() });
    const { id } = accepted(begun);
    let state = '';
    while (state !== 'done' && state !== 'failed') {
      await systemClock.sleep(50);
      state = String((await api.ask('GET', `/api/v1/operations/${String(id)}`)).body.state);
    }
    assert.equal(state, 'done');
  }
  await admin.script(
    'ALTER TABLE salesforce.account ADD CONSTRAINT short_names CHECK (length(name) < 5) NOT VALID',
  );
  const set = control.log.next('rows set aside');
  await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: canary });
  await set;
  await admin.script(`
    ALTER TABLE salesforce.account DROP CONSTRAINT short_names;
    ALTER TABLE _lockstep.sync ADD CONSTRAINT ${canary} CHECK (epoch = 0 AND sync_id <> '${canary}') NOT VALID`);
  accepted(await api.ask('PATCH', `/api/v1/syncs/${sync.id}`, { paused: true }));
  const stops = harness.nextSyncProblem('DB-17');
  accepted(
    await api.ask('PATCH', `/api/v1/syncs/${sync.id}`, { paused: false, fields_left_out: ['Lead.Fax'] }),
  );
  await stops;
  const [problem] = await control.control.db.query(sql`SELECT FROM lockstep.sync_problem`);
  assert.ok(problem);
}
