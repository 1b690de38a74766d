import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { apiStatus, postForm, requestToken } from '@lockstep/harness/sign-in';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { integration, demo } = org.credentials;
const demoForm = {
  grant_type: 'password',
  client_id: demo.clientId,
  client_secret: demo.clientSecret,
  username: demo.username,
  password: demo.password,
};
const endpoint = '/services/oauth2/token';

test('the integration user signs in with client credentials, in the form or the header', async () => {
  const { clientId, clientSecret } = integration;
  const inForm = await requestToken(org, {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const inHeader = await requestToken(org, { grant_type: 'client_credentials' }, { Authorization: basic });

  for (const { status, body } of [inForm, inHeader]) {
    assert.equal(status, 200);
    assert.equal(body.token_type, 'Bearer');
    assert.equal(body.instance_url, org.url);
    assert.equal(body.scope, 'api id');
    assert.equal(body.refresh_token, undefined);
    assert.ok(body.access_token?.startsWith(`${org.orgId.slice(0, 15)}!`));
    assert.match(body.issued_at ?? '', /^\d{13}$/);
    const signature = createHmac('sha256', clientSecret).update(`${body.id}${body.issued_at}`);
    assert.equal(body.signature, signature.digest('base64'));
    assert.equal(await apiStatus(org, body.access_token), 200);
  }
});

test('a password signs in with or without the security token appended, and gives no refresh token', async () => {
  for (const password of [demo.password, demo.password + demo.securityToken]) {
    const { status, body } = await requestToken(org, { ...demoForm, password });
    assert.equal(status, 200);
    assert.equal(body.refresh_token, undefined);
    assert.equal(await apiStatus(org, body.access_token), 200);
  }
});

test('usernames are case-insensitive', async () => {
  const { status } = await requestToken(org, { ...demoForm, username: demo.username.toUpperCase() });
  assert.equal(status, 200);
});

test('a failed sign-in says why in an OAuth error', async () => {
  const cases: [change: Record<string, string>, error: string, description: string][] = [
    [{ password: 'wrong' }, 'invalid_grant', 'authentication failure'],
    [{ password: demo.securityToken }, 'invalid_grant', 'authentication failure'],
    [{ password: '' }, 'invalid_grant', 'authentication failure'],
    [{ password: 'x'.repeat(100_000) }, 'invalid_grant', 'authentication failure'],
    [{ username: 'nobody\0@example.com' }, 'invalid_grant', 'authentication failure'],
    [{ username: `${demo.username}\0` }, 'invalid_grant', 'authentication failure'],
    [{ client_secret: 'wrong' }, 'invalid_client', 'invalid client credentials'],
    [{ client_id: 'wrong' }, 'invalid_client_id', 'client identifier invalid'],
    [{ client_id: `${demo.clientId}\0` }, 'invalid_client_id', 'client identifier invalid'],
    [{ grant_type: 'magic' }, 'unsupported_grant_type', 'grant type not supported'],
    [{ grant_type: '' }, 'unsupported_grant_type', 'grant type not supported'],
    [{ grant_type: 'client_credentials' }, 'invalid_grant', 'no client credentials user enabled'],
    [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant', 'expired access/refresh token'],
    [{ grant_type: 'authorization_code', code: 'x' }, 'invalid_grant', 'invalid authorization code'],
    [{ scope: 'api full' }, 'invalid_scope', 'the requested scope is not allowed'],
  ];
  for (const [change, error, description] of cases) {
    const answer = await requestToken(org, { ...demoForm, ...change });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, { error, error_description: description });
  }
});

test('an app can only sign in by its own flows', async () => {
  const { clientId, clientSecret } = integration;
  const { body } = await requestToken(org, { ...demoForm, client_id: clientId, client_secret: clientSecret });
  assert.deepEqual(body, { error: 'invalid_grant', error_description: 'authentication failure' });
});

test('a body that is not a form counts as empty', async () => {
  const unsupported = { error: 'unsupported_grant_type', error_description: 'grant type not supported' };
  const multipart = 'multipart/form-data; boundary=x';
  for (const [type, body] of [
    ['application/json', JSON.stringify(demoForm)],
    ['text/plain', new URLSearchParams(demoForm).toString()],
    [multipart, '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\npassword\r\n--x--\r\n'],
    ['application/x-www-form-urlencoded', ''],
    ['application/x-www-form-urlencoded', '%00=%ff&&&=&%'],
  ] as const) {
    const answer = await postForm(org, endpoint, body, { 'Content-Type': type });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, unsupported);
  }
});

test('parameters may be in the URL; the first of a repeated one counts', async () => {
  const query = new URLSearchParams(demoForm).toString();
  const inUrl = await postForm(org, `${endpoint}?${query}`, '');
  assert.equal(inUrl.status, 200);
  const repeated = await requestToken(org, `${query}&password=wrong&grant_type=magic`);
  assert.equal(repeated.status, 200);
});

test('the token endpoint accepts only POST, and no oversized body', async () => {
  const query = new URLSearchParams(demoForm).toString();
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const { status, json } = await org.request(method, `${endpoint}?${query}`, { token: null });
    assert.equal(status, 400);
    assert.deepEqual(json, { error: 'invalid_request', error_description: 'must use HTTP POST' });
  }
  const huge = await postForm(org, endpoint, `grant_type=password&x=${'y'.repeat(300_000)}`);
  assert.equal(huge.status, 413);
});

test('the answer is JSON, a form or XML, by the parameter or the header', async () => {
  const asForm = await postForm(org, endpoint, { ...demoForm, format: 'urlencoded' });
  assert.match(asForm.headers.get('content-type') ?? '', /^application\/x-www-form-urlencoded/);
  assert.equal(await apiStatus(org, new URLSearchParams(asForm.text).get('access_token') ?? ''), 200);

  const asXml = await postForm(org, endpoint, demoForm, { Accept: 'text/html, application/xml;q=0.9' });
  assert.match(asXml.headers.get('content-type') ?? '', /^application\/xml/);
  const token = /^<\?xml [^>]*\?><OAuth><access_token>([^<]+)<\/access_token>/.exec(asXml.text)?.[1];
  assert.equal(await apiStatus(org, token), 200);

  const asJson = await postForm(
    org,
    endpoint,
    { ...demoForm, format: 'json' },
    { Accept: 'application/xml' },
  );
  assert.match(asJson.headers.get('content-type') ?? '', /^application\/json/);
  assert.match(asJson.headers.get('cache-control') ?? '', /\bno-store\b/);

  const refused = await postForm(org, endpoint, { grant_type: 'magic', format: 'xml' });
  assert.match(refused.text, /<OAuth><error>unsupported_grant_type<\/error><error_description>/);
});

test('a missing, unknown or expired token is refused as an invalid session', async () => {
  const { body } = await requestToken(org, demoForm);
  const token = body.access_token ?? '';
  await org.db.query(
    sql`UPDATE simulator.token SET expires_at = now() - interval '1 second' WHERE kind = 'access'`,
  );
  for (const bad of [null, `${org.orgId.slice(0, 15)}!unknown`, token]) {
    const answer = await org.request('GET', '/services/data/v62.0/limits', { token: bad });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.json, [
      { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
    ]);
    assert.equal(answer.headers.get('www-authenticate'), 'Token');
    assert.equal(answer.headers.get('sforce-limit-info'), null);
  }
});

test('a token stays valid across a restart, and the database contains no secret', async () => {
  const { body } = await requestToken(org, demoForm);

  await org.restart();

  assert.equal(await apiStatus(org, body.access_token), 200);
  const [row] = await org.db.query<{ all: string }>(sql`
    SELECT concat((SELECT string_agg(app::text, ' ') FROM simulator.app AS app),
                  (SELECT string_agg(token::text, ' ') FROM simulator.token AS token),
                  (SELECT string_agg(password::text, ' ') FROM simulator.password AS password)) AS all`);
  for (const secret of [
    integration.clientSecret,
    demo.clientSecret,
    demo.password,
    demo.securityToken,
    body.access_token ?? '',
  ]) {
    assert.ok(!row?.all.includes(secret));
  }
});
