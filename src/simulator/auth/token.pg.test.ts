import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '../../../test/org.ts';
import { sql } from '../../lib/sql.ts';

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

async function grant(form: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await fetch(`${org.url}/services/oauth2/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

const works = async (token: string | null) =>
  (await org.request('GET', '/services/data/v62.0/limits', { token })).status;

test('the integration user signs in with client credentials, in the form or the header', async () => {
  const { clientId, clientSecret } = integration;
  const inForm = await grant({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const inHeader = await grant({ grant_type: 'client_credentials' }, { Authorization: basic });

  for (const { status, body } of [inForm, inHeader]) {
    assert.equal(status, 200);
    assert.equal(body.token_type, 'Bearer');
    assert.equal(body.instance_url, org.url);
    assert.equal(body.refresh_token, undefined);
    assert.ok(body.access_token?.startsWith(`${org.orgId.slice(0, 15)}!`));
    assert.match(body.issued_at ?? '', /^\d{13}$/);
    assert.equal(await works(body.access_token ?? ''), 200);
  }
});

test('a refresh token of the password grant gives new access tokens', async () => {
  const first = await grant(demoForm);
  const again = await grant({
    grant_type: 'refresh_token',
    client_id: demo.clientId,
    client_secret: demo.clientSecret,
    refresh_token: first.body.refresh_token ?? '',
  });

  assert.equal(again.status, 200);
  assert.equal(again.body.refresh_token, undefined);
  assert.notEqual(again.body.access_token, first.body.access_token);
  assert.equal(await works(again.body.access_token ?? ''), 200);
});

test('a sign-in that fails says why in the words of OAuth', async () => {
  const cases: [change: Record<string, string>, error: string, description: string][] = [
    [{ password: 'wrong' }, 'invalid_grant', 'authentication failure'],
    [{ username: 'nobody\0@example.com' }, 'invalid_grant', 'authentication failure'],
    [{ client_secret: 'wrong' }, 'invalid_client', 'invalid client credentials'],
    [{ client_id: 'wrong' }, 'invalid_client_id', 'client identifier invalid'],
    [{ grant_type: 'magic' }, 'unsupported_grant_type', 'grant type not supported'],
    [{ grant_type: 'client_credentials' }, 'invalid_grant', 'no client credentials user enabled'],
    [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant', 'expired access/refresh token'],
  ];
  for (const [change, error, description] of cases) {
    const answer = await grant({ ...demoForm, ...change });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, { error, error_description: description });
  }
  assert.equal((await grant({})).body.error, 'invalid_request');
});

test('a missing, unknown or expired token is refused as an invalid session', async () => {
  const { body } = await grant(demoForm);
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
    assert.equal(answer.headers.get('sforce-limit-info'), null);
  }
});

test('a token stays valid over a restart, and no secret stands in the database', async () => {
  const { body } = await grant(demoForm);

  await org.restart();

  assert.equal(await works(body.access_token ?? ''), 200);
  const [row] = await org.db.query<{ all: string }>(sql`
    SELECT concat((SELECT string_agg(app::text, ' ') FROM simulator.app AS app),
                  (SELECT string_agg(token::text, ' ') FROM simulator.token AS token),
                  (SELECT string_agg(password::text, ' ') FROM simulator.password AS password)) AS all`);
  for (const secret of [
    integration.clientSecret,
    demo.clientSecret,
    demo.password,
    body.access_token ?? '',
  ]) {
    assert.ok(!row?.all.includes(secret));
  }
});

test('identity and userinfo tell who a token belongs to', async () => {
  const { body } = await grant(demoForm);
  const headers = { Authorization: `Bearer ${body.access_token}` };

  const identity = (await (await fetch(body.id ?? '', { headers })).json()) as Record<string, unknown>;
  assert.equal(identity.organization_id, org.orgId);
  assert.equal(identity.username, demo.username);
  assert.match(JSON.stringify(identity.urls), /\/services\/data\/v\{version\}\/sobjects\//);

  const info = await fetch(`${org.url}/services/oauth2/userinfo`, { headers });
  assert.equal(((await info.json()) as { user_id: string }).user_id, identity.user_id);

  const missing = await fetch(body.id ?? '');
  assert.equal(missing.status, 403);
  assert.equal(await missing.text(), 'Missing_OAuth_Token');
  const bad = await fetch(body.id ?? '', { headers: { Authorization: 'Bearer x' } });
  assert.equal(await bad.text(), 'Bad_OAuth_Token');
});
