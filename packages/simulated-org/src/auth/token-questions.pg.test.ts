import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { apiStatus, postForm, webTokens } from '@lockstep/harness/sign-in';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { web, demo } = org.credentials;
const introspect = async (token: string | undefined, app: { clientId: string; clientSecret: string } = web) =>
  postForm(org, '/services/oauth2/introspect', {
    token: token ?? '',
    client_id: app.clientId,
    client_secret: app.clientSecret,
  });

test('an app can find out what its access token may do, and until when', async () => {
  const tokens = await webTokens(org, { scope: 'api id refresh_token' });
  const { status, json } = await introspect(tokens.access_token);
  const { exp, iat, nbf, ...rest } = json as Record<string, unknown> & { iat: number };

  assert.equal(status, 200);
  assert.deepEqual(rest, {
    active: true,
    scope: 'api id refresh_token',
    client_id: web.clientId,
    username: demo.username,
    sub: tokens.id,
    token_type: 'access_token',
  });
  assert.equal(iat, Math.floor(Number(tokens.issued_at) / 1000));
  assert.equal(nbf, iat);
  assert.equal(exp, iat + 12 * 3600);
});

test('a refresh token is reported as one, and does not expire', async () => {
  const { refresh_token: token } = await webTokens(org);
  const { json } = await introspect(token);
  const { active, token_type: type, exp } = json as Record<string, unknown>;
  assert.deepEqual([active, type, exp], [true, 'refresh_token', undefined]);
});

test("a dead token, an unknown one and another app's are just not active", async () => {
  const { access_token: token } = await webTokens(org);
  assert.deepEqual((await introspect(token, demo)).json, { active: false });
  assert.deepEqual((await introspect('unknown\0')).json, { active: false });
  await postForm(org, '/services/oauth2/revoke', { token: token ?? '' });
  assert.deepEqual((await introspect(token)).json, { active: false });
});

test('only an app that sends its secret may inspect a token, by POST', async () => {
  const { access_token: token } = await webTokens(org);
  const wrong = await introspect(token, { clientId: web.clientId, clientSecret: 'wrong' });
  assert.equal(wrong.status, 400);
  assert.equal((wrong.json as { error: string }).error, 'invalid_client');
  assert.equal(((await introspect(undefined)).json as { error: string }).error, 'invalid_request');
  const get = await org.request('GET', `/services/oauth2/introspect?token=${token}`, { token: null });
  assert.deepEqual(get.json, { error: 'invalid_request', error_description: 'must use HTTP POST' });
});

test('a token is revoked by POST and by GET; revoking an access token ends only that one', async () => {
  const byPost = await webTokens(org);
  const posted = await postForm(org, '/services/oauth2/revoke', { token: byPost.access_token ?? '' });
  assert.equal(posted.status, 200);
  assert.equal(posted.text, '');
  assert.equal(await apiStatus(org, byPost.access_token), 401);
  assert.equal(((await introspect(byPost.refresh_token)).json as { active: boolean }).active, true);

  const byGet = await webTokens(org);
  const path = `/services/oauth2/revoke?token=${encodeURIComponent(byGet.access_token ?? '')}`;
  const got = await org.request('GET', path, { token: null });
  assert.equal(got.status, 200);
  assert.equal(await apiStatus(org, byGet.access_token), 401);
});

test('something that is not a token cannot be revoked', async () => {
  const { status, text } = await postForm(org, '/services/oauth2/revoke', { token: 'unknown' });
  assert.equal(status, 400);
  assert.equal(text, 'error=unsupported_token_type&error_description=this+token+type+is+not+supported');
  const { json } = await postForm(org, '/services/oauth2/revoke', { token: 'unknown', format: 'json' });
  assert.deepEqual(json, Object.fromEntries(new URLSearchParams(text)));
  const none = await postForm(org, '/services/oauth2/revoke', {});
  assert.equal(none.status, 400);
  const put = await org.request('PUT', '/services/oauth2/revoke?token=x', { token: null });
  assert.equal(put.status, 405);
});
