import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { apiStatus, Browser, requestToken } from '@lockstep/harness/sign-in';
import { registerApp } from './apps.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, web } = org.credentials;
const ask = (change: Record<string, string> = {}) =>
  requestToken(org, {
    response_type: 'device_code',
    client_id: web.clientId,
    scope: 'api refresh_token',
    ...change,
  });
/** Polls as if the device had waited long enough since the last poll. */
const poll = async (code: string | undefined, clientId = web.clientId) => {
  await org.db.query(sql`UPDATE simulator.device_code SET polled_at = polled_at - interval '5 seconds'`);
  return requestToken(org, { grant_type: 'device', client_id: clientId, code: code ?? '' });
};

async function decide(userCode: string | undefined, decision: 'allow' | 'deny') {
  const browser = new Browser(org);
  const login = await browser.connect(userCode ?? '');
  const consent = await browser.submit(login, { username: demo.username, password: demo.password });
  return browser.submit(consent, { decision });
}

test('a device gets its tokens once its user has entered the code and allowed access', async () => {
  const { status, body: device } = await ask();
  assert.equal(status, 200);
  assert.match(device.user_code ?? '', /^[2-9A-Z]{8}$/);
  assert.equal(device.verification_uri, `${org.url}/setup/connect`);
  assert.equal(device.interval, 5);
  assert.equal((await poll(device.device_code)).body.error, 'authorization_pending');

  const end = await decide(` ${device.user_code?.toLowerCase()} `, 'allow');
  assert.equal(end.status, 200);
  assert.match(end.html, /connected the device/);

  const { body } = await poll(device.device_code);
  assert.equal(body.scope, 'api refresh_token');
  assert.ok(body.refresh_token);
  assert.equal(await apiStatus(org, body.access_token), 200);
  assert.equal((await poll(device.device_code)).body.error, 'invalid_grant');
});

test('a device whose user denies access gets an error', async () => {
  const { body: device } = await ask();
  const end = await decide(device.user_code, 'deny');
  assert.match(end.html, /was not connected/);
  assert.equal((await poll(device.device_code)).body.error, 'access_denied');
});

test('a device that asks too often is told to slow down', async () => {
  const { body: device } = await ask();
  const form = { grant_type: 'device', client_id: web.clientId, code: device.device_code ?? '' };
  await requestToken(org, form);
  await org.db.query(sql`UPDATE simulator.device_code SET polled_at = now() + interval '1 hour'`);
  const { status, body } = await requestToken(org, form);
  assert.deepEqual([status, body.error], [400, 'slow_down']);
});

test('an expired code can be neither entered nor polled', async () => {
  const { body: device } = await ask();
  await org.db.query(sql`UPDATE simulator.device_code SET expires_at = now() - interval '1 second'`);
  assert.equal((await poll(device.device_code)).body.error, 'expired_token');
  assert.match((await new Browser(org).connect(device.user_code ?? '')).html, /Enter a valid code/);
});

test('a code is only valid for its own app, and only an app with the device flow gets one', async () => {
  await registerApp(org, { clientId: 'other', flows: ['device'], scopes: ['api'] });
  const { body: device } = await ask();
  assert.equal((await poll(device.device_code, 'other')).body.error, 'invalid_grant');
  assert.equal((await poll('unknown')).body.error, 'invalid_grant');
  assert.equal((await ask({ client_id: demo.clientId })).body.error, 'unsupported_response_type');
  assert.equal((await ask({ client_id: 'nobody' })).body.error, 'invalid_client_id');
  assert.equal((await ask({ client_secret: 'wrong' })).body.error, 'invalid_client');
  assert.equal((await ask({ scope: 'full' })).body.error, 'invalid_scope');
});

test('the page for the code shows a form, and refuses an invalid code', async () => {
  const empty = await org.request('GET', '/setup/connect', { token: null });
  assert.equal(empty.status, 200);
  assert.match(empty.text, /name="user_code"/);
  for (const code of ['', 'x', '\0', '<script>']) {
    const { status, html } = await new Browser(org).connect(code);
    assert.equal(status, 200);
    assert.match(html, /Enter a valid code/);
  }
  assert.equal((await org.request('POST', '/setup/connect', { token: null })).status, 405);
});
