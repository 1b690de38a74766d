import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());
afterEach(() => org.control('/faults/delete', {}));

const data = '/services/data/v62.0';

interface TokenAnswer {
  access_token: string;
  refresh_token: string;
  instance_url: string;
  id: string;
  error?: string;
}

async function signIn(form: Record<string, string>): Promise<TokenAnswer> {
  const { clientId, clientSecret } = org.credentials.demo;
  const answer = await fetch(`${org.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }),
  });
  return (await answer.json()) as TokenAnswer;
}
const byPassword = (username = org.credentials.demo.username, password = org.credentials.demo.password) =>
  signIn({ grant_type: 'password', username, password });
const statusWith = async (token: string, path = `${data}/limits`) =>
  (await org.request('GET', path, { token })).status;

test('access tokens of a user expire, the refresh token gives new ones', async () => {
  const { access_token: token, refresh_token: refresh } = await byPassword();
  const { clientId, clientSecret } = org.credentials.integration;
  const other = await signIn({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  await org.control('/signIn/expireTokens', { user: 'demo' });
  assert.equal(await statusWith(token), 401);
  assert.equal(await statusWith(other.access_token), 200);
  const again = await signIn({ grant_type: 'refresh_token', refresh_token: refresh });
  assert.equal(await statusWith(again.access_token), 200);
  const { expired } = await org.control<{ expired: number }>('/signIn/expireTokens', {});
  assert.ok(expired >= 2);
  assert.equal(await statusWith(other.access_token), 401);
});

test('the next token answer names another instance_url', async () => {
  await org.control('/signIn/instanceUrl', { url: 'http://169.254.169.254/' });
  assert.equal((await byPassword('nobody@example.com')).error, 'invalid_grant');
  await org.control('/signIn/instanceUrl', { url: 'http://169.254.169.254/' });
  assert.equal((await byPassword()).instance_url, 'http://169.254.169.254/');
  assert.equal((await byPassword()).instance_url, org.url);
});

test('a new org under the same URL has another id everywhere, and knows none of the old tokens', async () => {
  const before = await byPassword();
  const { orgId } = await org.control<{ orgId: string }>('/org/changeId', { id: '00D000000000062' });
  assert.equal(orgId, '00D000000000062EAA');
  assert.equal(await statusWith(before.access_token), 401);
  assert.equal(
    (await signIn({ grant_type: 'refresh_token', refresh_token: before.refresh_token })).error,
    'invalid_grant',
  );

  const { access_token: token, id } = await byPassword();
  assert.ok(token.startsWith('00D000000000062!'));
  assert.ok(id.startsWith(`${org.url}/id/${orgId}/`));
  const identity = await org.request('GET', new URL(id).pathname, { token });
  assert.equal((identity.json as { organization_id: string }).organization_id, orgId);
  const userInfo = await org.request('GET', '/services/oauth2/userinfo', { token });
  assert.equal((userInfo.json as { organization_id: string }).organization_id, orgId);

  const named = await org.request('GET', `${data}/query?q=SELECT+Id+FROM+Organization`, { token });
  assert.deepEqual(
    (named.json as { records: { Id: string }[] }).records.map(({ Id }) => Id),
    [orgId],
  );

  await org.restart();
  assert.ok((await byPassword()).id.includes(orgId));
  assert.notEqual((await org.control('/org/changeId', {})).orgId, orgId);
});

test('retired versions are gone until they are restored', async () => {
  const { access_token: token } = await byPassword();
  const served = async () =>
    ((await org.request('GET', '/services/data', { token: null })).json as { version: string }[]).map(
      ({ version }) => version,
    );
  await org.control('/org/retireVersions', { until: 62 });
  const gone = await org.request('GET', `${data}/limits`, { token });
  assert.deepEqual(
    [gone.status, (gone.json as { errorCode: string }[])[0]?.errorCode],
    [410, 'UNSUPPORTED_API_VERSION'],
  );
  assert.equal(await statusWith(token, '/services/data/v63.0/limits'), 200);
  assert.equal((await served())[0], '63.0');
  await org.control('/org/retireVersions', { until: 0 });
  assert.equal(await statusWith(token), 200);
  assert.ok((await served()).includes('62.0'));
});

test('a new user signs in with the password that the org returns', async () => {
  const added = await org.control<{ id: string; username: string; password: string }>('/org/addUser', {
    username: 'new.person@example.com',
    values: { FirstName: 'New', LastName: 'Person' },
  });
  const { access_token: token, id } = await byPassword(added.username, added.password);
  assert.ok(id.endsWith(added.id));
  const { Name, IsActive } = (await org.request('GET', `${data}/sobjects/User/${added.id}`, { token }))
    .json as Record<string, unknown>;
  assert.deepEqual([Name, IsActive], ['New Person', true]);
  await assert.rejects(org.control('/org/addUser', { username: added.username }), /DUPLICATE_VALUE/);
});

test('the daily requests run out at the limit that was set, and the answers say how many are left', async () => {
  const { access_token: token } = await byPassword();
  await org.control('/limits', { dailyMax: 1000, dailyUsed: 999 });
  const last = await org.request('GET', `${data}/limits`, { token });
  assert.equal(last.headers.get('sforce-limit-info'), 'api-usage=1000/1000');
  const refused = await org.request('GET', `${data}/limits`, { token });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /TotalRequests Limit exceeded/);
  await org.control('/limits', { dailyUsed: 0 });
  assert.equal(await statusWith(token), 200);
});

test('when as many requests as allowed take longer than 20 s, the next one is refused', async () => {
  const { access_token: token } = await byPassword();
  await org.control('/clock/rate', { rate: 0 });
  await org.control('/limits', { longMax: 2, longUsed: 1 });
  assert.equal(await statusWith(token), 200);

  const { id } = await org.control<{ id: string }>('/faults', {
    match: { path: '*/query' },
    effect: { hang: 'before' },
  });
  const long = org.request('GET', `${data}/query?q=SELECT+Id+FROM+User`, { token });
  const fired = async () => (await org.control<{ faults: { fired: number }[] }>('/faults')).faults[0]?.fired;
  while ((await fired()) !== 1);
  assert.equal(await statusWith(token), 200);
  await org.control('/clock/advance', { ms: 20_001 });
  const refused = await org.request('GET', `${data}/limits`, { token });
  assert.deepEqual(
    [refused.status, refused.json],
    [
      403,
      [
        {
          message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
          errorCode: 'REQUEST_LIMIT_EXCEEDED',
        },
      ],
    ],
  );
  await org.control('/limits', { longUsed: 0 });
  await org.control('/faults/release', { id });
  assert.equal((await long).status, 200);
  assert.equal((await org.control('/limits')).longUsed, 0);
});

test('an app can be registered, its refresh tokens rotated, and its grant revoked', async () => {
  const app = { clientId: 'endpoint-app', clientSecret: 'secret', flows: ['authorization_code'] };
  await org.control('/signIn/app', {
    ...app,
    redirectUris: ['http://127.0.0.1:1/back'],
    scopes: ['api', 'refresh_token'],
  });
  await org.control('/signIn/rotation', { clientId: 'endpoint-app', on: true });
  await assert.rejects(org.control('/signIn/rotation', { clientId: 'none', on: true }), /there is no app/);
  assert.deepEqual(await org.control('/signIn/revoke', { clientId: 'endpoint-app' }), { revoked: 0 });
  await assert.rejects(org.control('/signIn/app', { ...app, redirectUris: ['not absolute'] }), /redirect/i);
});

test('a user signs in with a password that the control API gave', async () => {
  const { password } = await org.control<{ password: string }>('/signIn/password', { user: 'demo' });
  const { clientId, clientSecret, username } = org.credentials.demo;
  const signIn = (given: string) =>
    fetch(`${org.url}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: clientId,
        client_secret: clientSecret,
        username,
        password: given,
      }),
    });
  assert.equal((await signIn(password)).status, 200);
  assert.equal((await signIn(org.credentials.demo.password)).status, 400);
});
