/** How a sync is connected by the API: each flow, signing in in a browser, and replacing the credential. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { Browser, pastedToken, rotateTokens } from '@lockstep/harness/sign-in';

let org: TestOrg;
let api: ApiHarness;
const appId = 'lockstep-app';
before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  await org.control('/signIn/app', {
    clientId: appId,
    flows: ['authorization_code'],
    redirectUris: [`http://localhost:${api.port}/oauth/callback`],
    scopes: ['api', 'refresh_token'],
  });
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const begin = (change: object = {}) =>
  api.ask('POST', '/api/v1/sign-ins', { login_url: org.url, client_id: appId, ...change });
const stateOf = async (id: unknown) => (await api.ask('GET', `/api/v1/sign-ins/${String(id)}`)).body;

interface Visited {
  status: number;
  location: string;
  cookie: string;
  html: string;
  headers: Headers;
}

/** A page of Lockstep in a browser, which comes there from another site. */
async function visit(url: string, cookie = ''): Promise<Visited> {
  const answer = await fetch(url.replace('//localhost:', '//127.0.0.1:'), {
    headers: { 'sec-fetch-site': 'cross-site', host: new URL(url).host, ...(cookie !== '' && { cookie }) },
    redirect: 'manual',
  });
  return {
    status: answer.status,
    location: answer.headers.get('location') ?? '',
    cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '',
    html: await answer.text(),
    headers: answer.headers,
  };
}

/** Logs in at Salesforce as the demo user and decides; returns where Salesforce sends the browser. */
async function decideAt(location: string, decision: 'allow' | 'deny'): Promise<string> {
  const browser = new Browser(org);
  const login = await browser.begin(new URL(location).searchParams.toString());
  const consent = await browser.submit(login, {
    username: org.credentials.demo.username,
    password: org.credentials.demo.password,
  });
  const decided = await browser.submit(consent, { decision });
  return decided.location?.toString() ?? '';
}

test('a person signs in in a browser, and the sign-in becomes the credential of a sync', async () => {
  const begun = await begin();
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  assert.equal(begun.body.redirect_uri, `http://localhost:${api.port}/oauth/callback`);
  assert.equal((await stateOf(begun.body.id)).state, 'waiting');

  const started = await visit(String(begun.body.start_url));
  assert.equal(started.status, 303);
  const asked = new URL(started.location).searchParams;
  assert.deepEqual(
    [asked.get('code_challenge_method'), asked.get('scope'), asked.get('code_challenge')?.length],
    ['S256', 'api refresh_token', 43],
  );
  const back = await decideAt(started.location, 'allow');
  const done = await visit(back, started.cookie);
  assert.equal(done.status, 200, done.html);
  assert.match(done.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const signIn = await stateOf(begun.body.id);
  assert.deepEqual([signIn.state, signIn.org_id], ['done', org.orgId]);

  const credential = { flow: 'web server', sign_in: begun.body.id };
  const made = await api.ask('POST', '/api/v1/syncs', {
    ...newSyncOf(org, { name: 'web', credential }),
    login_url: undefined,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const again = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name: 'web 2', credential }));
  assert.equal(again.status, 404, 'it belongs to the sync now');
  await api.ask('DELETE', '/api/v1/syncs/web');
});

test('the link, the state and the code work once, and only in the browser that followed the link', async () => {
  const { body } = await begin();
  const started = await visit(String(body.start_url));
  const twice = await visit(String(body.start_url), started.cookie);
  assert.equal(twice.status, 400);
  assert.match(twice.html, /SF-06/);

  const back = await decideAt(started.location, 'allow');
  for (const cookie of ['', 'lockstep-oauth=another']) {
    const other = await visit(back, cookie);
    assert.deepEqual([other.status, /SF-06/.test(other.html)], [400, true]);
  }
  assert.equal((await visit(back, started.cookie)).status, 200);
  const reloaded = await visit(back, started.cookie);
  assert.deepEqual([reloaded.status, /SF-06/.test(reloaded.html)], [400, true]);
  assert.equal((await stateOf(body.id)).state, 'done', 'a reload undoes nothing');

  const late = await begin();
  await api.control.control.db.query(
    sql`UPDATE lockstep.sign_in SET expires_at = now() WHERE sign_in_id = ${String(late.body.id)}`,
  );
  assert.match((await visit(String(late.body.start_url))).html, /SF-06/);
});

test('the callback shows nothing of what it was sent, and no page of Lockstep may frame it', async () => {
  const { status, html, headers } = await visit(
    `http://localhost:${api.port}/oauth/callback?state=%3Cscript%3E&error=%3Cscript%3E`,
  );
  assert.equal(status, 400);
  assert.doesNotMatch(html, /<script/);
  assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
});

test('who waits for a sign-in is told that access was declined', async () => {
  const { body } = await begin();
  const started = await visit(String(body.start_url));
  const denied = await visit(await decideAt(started.location, 'deny'), started.cookie);
  assert.match(denied.html, /SF-11/);
  const { state, fault } = await stateOf(body.id);
  assert.deepEqual([state, (fault as { code: string }).code], ['failed', 'SF-11']);
});

test('who waits for a sign-in is told what the app lacks', async () => {
  const failed = async (clientId: string, answer: (location: string) => Promise<string>) => {
    const { body } = await begin({ client_id: clientId });
    const started = await visit(String(body.start_url));
    await visit(await answer(started.location), started.cookie);
    const { state, fault } = await stateOf(body.id);
    return [state, (fault as { code: string } | null)?.code];
  };
  const app = {
    flows: ['authorization_code'],
    redirectUris: [`http://localhost:${api.port}/oauth/callback`],
  };
  await org.control('/signIn/app', { ...app, clientId: 'no-refresh', scopes: ['api'] });
  const refused = async (location: string) =>
    (await new Browser(org).begin(new URL(location).searchParams.toString())).location?.toString() ?? '';
  assert.deepEqual(await failed('no-refresh', refused), ['failed', 'SF-12']);

  const allowed = (location: string) => decideAt(location, 'allow');
  const match = { path: '/services/oauth2/token' };
  const id = `${org.url}/id/${org.orgId}/005000000000001AAA`;
  const token = { access_token: 'canary', instance_url: org.url, id, token_type: 'Bearer' };
  await armFault(org, { match, effect: { respond: { status: 200, body: token } } });
  assert.deepEqual(await failed(appId, allowed), ['failed', 'SF-12']);

  const body =
    '{"error":"redirect_uri_mismatch","error_description":"redirect_uri must match configuration"}';
  await armFault(org, { match, effect: { respond: { status: 400, body } } });
  assert.deepEqual(await failed(appId, allowed), ['failed', 'SF-05']);

  const declined = (error: string) => (location: string) => {
    const asked = new URL(location).searchParams;
    const query = new URLSearchParams({ error, state: asked.get('state') ?? '' }).toString();
    return Promise.resolve(`http://localhost:${api.port}/oauth/callback?${query}`);
  };
  for (const [error, code] of [
    ['OAUTH_APP_BLOCKED', 'SF-03'],
    ['OAUTH_APPROVAL_ERROR_GENERIC', 'SF-03'],
    ['OAUTH_APP_ACCESS_DENIED', 'SF-04'],
    ['inactive_user', 'SF-13'],
    ['inactive_org', 'SF-13'],
    ['something_else', 'SF-01'],
  ] as const)
    assert.deepEqual(await failed(appId, declined(error)), ['failed', code], error);
});

test('a credential whose user may not use the API is refused with the reason', async () => {
  const body =
    '[{"message":"API is not enabled for this Organization or Partner","errorCode":"API_DISABLED_FOR_ORG"}]';
  const effect = { respond: { status: 403, body } };
  const fault = await armFault(org, { match: { path: '/services/data/*' }, times: null, effect });
  const { status, body: problem } = await api.ask(
    'POST',
    '/api/v1/syncs',
    newSyncOf(org, { name: 'no-api' }),
  );
  assert.deepEqual([status, problem.code], [422, 'PERM-01'], JSON.stringify(problem));
  await fault.end();
});

test('a key pair is made here; its certificate goes to the app, and a sync signs in by it', async () => {
  const { status, body } = await api.ask('POST', '/api/v1/jwt-keys', { name: 'acme' });
  assert.equal(status, 201, JSON.stringify(body));
  const certificate = new X509Certificate(String(body.certificate));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.subject, 'CN=Lockstep acme');
  assert.ok(certificate.validToDate.getFullYear() - new Date().getFullYear() >= 9);
  await org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    certificatePem: String(body.certificate),
    approvedUsers: ['integration'],
  });
  const { username } = org.credentials.integration;
  const credential = { flow: 'jwt bearer', client_id: 'jwt-app', username, key: 'acme' };
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name: 'jwt', credential }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const nobody = newSyncOf(org, { name: 'no', credential: { ...credential, key: 'other' } });
  assert.equal((await api.ask('POST', '/api/v1/syncs', nobody)).status, 404);
  const unusable = { ...credential, key: undefined, private_key: '-----BEGIN canary-----' };
  const refused = await api.ask(
    'POST',
    '/api/v1/syncs',
    newSyncOf(org, { name: 'no', credential: unusable }),
  );
  assert.equal(refused.status, 400);
  assert.doesNotMatch(JSON.stringify(refused.body), /canary/);
  await api.ask('DELETE', '/api/v1/syncs/jwt');
});

test('a refresh token that Salesforce replaces while it is tried can be given again', async () => {
  await using _rotation = await rotateTokens(org);
  const sync = newSyncOf(org, { name: 'pasted', credential: await pastedToken(org) });
  assert.equal((await api.ask('POST', '/api/v1/syncs?dry_run=true', sync)).status, 200);
  const misspelt = await api.ask('POST', '/api/v1/syncs', { ...sync, objects: ['Acount'] });
  assert.equal(misspelt.body.code, 'SCH-09');
  const made = await api.ask('POST', '/api/v1/syncs', sync);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await api.ask('DELETE', '/api/v1/syncs/pasted');
});

test('a credential is replaced by one of any flow, and refused if it is of another org', async () => {
  await using other = await startOrg({ records: 100 });
  await other.control('/org/changeId', {});
  await using elsewhere = await openApi([new URL(org.url).host, new URL(other.url).host]);
  assert.equal((await elsewhere.ask('POST', '/api/v1/syncs', newSyncOf(org))).status, 201);
  const path = '/api/v1/syncs/acme/credential';
  const { credential } = newSyncOf(other) as { credential: object };
  const wrong = await elsewhere.ask('PUT', path, { login_url: other.url, credential });
  assert.deepEqual([wrong.status, wrong.body.code], [422, 'ORG-01'], JSON.stringify(wrong.body));

  const own = await pastedToken(org);
  const dry = await elsewhere.ask('PUT', `${path}?dry_run=true`, { credential: own });
  assert.deepEqual([dry.status, dry.body.flow], [200, 'client credentials'], JSON.stringify(dry.body));
  const done = await elsewhere.ask('PUT', path, { credential: own });
  assert.deepEqual([done.status, done.body.flow], [200, 'refresh token'], JSON.stringify(done.body));
  await elsewhere.ask('DELETE', '/api/v1/syncs/acme');
});
