import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import {
  apiStatus,
  authorization,
  codeOf,
  exchange,
  postForm,
  refreshing,
  requestToken,
  webTokens,
} from '@lockstep/harness/sign-in';
import { registerApp, setRotation } from './apps.ts';
import { expireAccessTokens, revokeGrant } from './tokens.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const store = { db: org.db, clock: systemClock };
const { web, demo, integration } = org.credentials;
const dead = { error: 'invalid_grant', error_description: 'expired access/refresh token' };
const refresh = (token: string | undefined, change = {}) => requestToken(org, refreshing(org, token, change));
const isSomebodyWaiting = async () => {
  const waiting = await org.db.query(sql`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
  return waiting.length > 0;
};
const setActive = (on: boolean) =>
  org.db.query(sql`UPDATE org."User" SET "IsActive" = ${on} WHERE "Username" = ${demo.username}`);

test('a refresh token gives new access tokens any number of times until its app turns rotation on', async () => {
  const first = await webTokens(org);
  for (const _ of [1, 2]) {
    const { status, body } = await refresh(first.refresh_token);
    assert.equal(status, 200);
    assert.equal(body.refresh_token, undefined);
    assert.equal(body.scope, first.scope);
    assert.notEqual(body.access_token, first.access_token);
    assert.equal(await apiStatus(org, body.access_token), 200);
  }
});

const rotating = async (test: () => Promise<void>): Promise<void> => {
  assert.equal(await setRotation(store, web.clientId, true), true);
  try {
    await test();
  } finally {
    assert.equal(await setRotation(store, web.clientId, false), true);
  }
};

test('with rotation each use gives a new refresh token, and the access tokens of earlier ones stay valid', async () => {
  assert.equal(await setRotation(store, 'nobody\0', true), false);
  await rotating(async () => {
    const first = await webTokens(org);
    const { body: second } = await refresh(first.refresh_token);
    const { body: third } = await refresh(second.refresh_token);
    assert.equal(new Set([first, second, third].map((one) => one.refresh_token)).size, 3);
    assert.equal(await apiStatus(org, first.access_token), 200);
    assert.equal(await apiStatus(org, third.access_token), 200);
  });
});

test('the reuse of a rotated refresh token ends its successor, and every access token of both', async () =>
  rotating(async () => {
    const other = await webTokens(org);
    const first = await webTokens(org);
    const { body: second } = await refresh(first.refresh_token);
    const { body: third } = await refresh(second.refresh_token);

    const foreign = { client_id: demo.clientId, client_secret: demo.clientSecret };
    assert.deepEqual((await refresh(first.refresh_token, foreign)).body, dead);
    assert.equal(await apiStatus(org, third.access_token), 200, 'another app does not have the token');

    assert.deepEqual((await refresh(first.refresh_token)).body, dead);
    for (const tokens of [first, second, third]) assert.equal(await apiStatus(org, tokens.access_token), 401);
    assert.deepEqual((await refresh(third.refresh_token)).body, dead);
    assert.equal(await apiStatus(org, other.access_token), 200);
    assert.equal((await refresh(other.refresh_token)).status, 200);
  }));

test('of several uses of a rotated refresh token at once one succeeds, and the others end what it got', async () =>
  rotating(async () => {
    const { refresh_token: token } = await webTokens(org);
    const atOnce = await Promise.all([1, 2, 3].map(() => refresh(token)));
    const [won, ...more] = atOnce.filter(({ status }) => status === 200);
    assert.deepEqual(more, []);
    assert.equal(await apiStatus(org, won?.body.access_token), 401);
    assert.deepEqual((await refresh(won?.body.refresh_token)).body, dead);
  }));

test('a rotated refresh token is no longer active, cannot be revoked, and ends nothing but its own family', async () =>
  rotating(async () => {
    const first = await webTokens(org);
    const { body: second } = await refresh(first.refresh_token);
    const token = first.refresh_token ?? '';
    assert.equal((await postForm(org, '/services/oauth2/revoke', { token })).status, 400);
    const question = { token, client_id: web.clientId, client_secret: web.clientSecret };
    assert.deepEqual((await postForm(org, '/services/oauth2/introspect', question)).text, '{"active":false}');
    assert.equal(await apiStatus(org, second.access_token), 200);
  }));

test('a refresh token only works for its own app, which must send its secret', async () => {
  const { refresh_token: token } = await webTokens(org);
  const other = { client_id: demo.clientId, client_secret: demo.clientSecret };
  assert.deepEqual((await refresh(token, other)).body, dead);
  assert.equal((await refresh(token, { client_secret: '' })).body.error, 'invalid_client');
  assert.equal((await refresh(`${token}\0`)).body.error, 'invalid_grant');
});

test('an access token cannot be used as a refresh token, nor a refresh token as an access token', async () => {
  const { access_token: access, refresh_token: refreshToken } = await webTokens(org);
  assert.deepEqual((await refresh(access)).body, dead);
  assert.equal(await apiStatus(org, refreshToken), 401);
});

test("a user's sixth approval of an app ends the oldest, with its access tokens", async () => {
  await revokeGrant(store, {});
  const all = [];
  for (let i = 0; i < 5; i++) all.push(await webTokens(org));
  const [oldest, second] = all;
  assert.equal((await refresh(oldest?.refresh_token)).status, 200);

  await webTokens(org);

  assert.deepEqual((await refresh(oldest?.refresh_token)).body, dead);
  assert.equal(await apiStatus(org, oldest?.access_token), 401);
  assert.equal((await refresh(second?.refresh_token)).status, 200);
  assert.equal(await apiStatus(org, second?.access_token), 200);
});

test('sign-ins without a refresh token do not count towards the five', async () => {
  await revokeGrant(store, {});
  const kept = await webTokens(org);
  for (let i = 0; i < 5; i++) await webTokens(org, { scope: 'api' });
  assert.equal((await refresh(kept.refresh_token)).status, 200);
});

test('revoking a refresh token ends the access tokens that came from it, and no others', async () => {
  const [one, other] = [await webTokens(org), await webTokens(org)];
  const { body: renewed } = await refresh(one.refresh_token);

  const answer = await postForm(org, '/services/oauth2/revoke', { token: one.refresh_token ?? '' });

  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
  assert.deepEqual((await refresh(one.refresh_token)).body, dead);
  assert.equal(await apiStatus(org, one.access_token), 401);
  assert.equal(await apiStatus(org, renewed.access_token), 401);
  assert.equal(await apiStatus(org, other.access_token), 200);
});

test('access tokens expire on demand, of one user, one app or all, and refresh tokens outlive them', async () => {
  const tokens = await webTokens(org);
  const machine = await org.token('integration');
  assert.equal(await expireAccessTokens(store, { clientId: demo.clientId }), 0);
  assert.ok((await expireAccessTokens(store, { clientId: web.clientId })) > 0);
  assert.equal(await apiStatus(org, tokens.access_token), 401);
  assert.equal(await apiStatus(org, machine), 200);
  assert.equal((await refresh(tokens.refresh_token)).status, 200);

  assert.ok((await expireAccessTokens(store, {})) > 0);
  assert.equal(await apiStatus(org, machine), 401);
  assert.equal(await expireAccessTokens(store, { userId: 'nobody\0' }), 0);
});

test('a grant is revoked on demand, with its unused codes', async () => {
  const tokens = await webTokens(org);
  const code = await codeOf(org);
  assert.ok((await revokeGrant(store, { clientId: web.clientId })) > 0);
  assert.equal(await apiStatus(org, tokens.access_token), 401);
  assert.deepEqual((await refresh(tokens.refresh_token)).body, dead);
  assert.equal((await requestToken(org, exchange(org, code))).body.error, 'invalid_grant');
});

test('a refresh concurrent with the revocation of its grant is refused', async () => {
  const tokens = await webTokens(org);
  let meeting: ReturnType<typeof refresh> | undefined;
  await org.db.transaction(async (tx) => {
    await tx.query(sql`DELETE FROM simulator.approval WHERE client_id = ${web.clientId}`);
    meeting = refresh(tokens.refresh_token);
    while (!(await isSomebodyWaiting()));
  });
  assert.deepEqual((await meeting)?.body, dead);
});

test('a deactivated user can neither use nor get tokens, and can again once reactivated', async () => {
  const tokens = await webTokens(org);
  const code = await codeOf(org);
  const inactive = { error: 'invalid_grant', error_description: 'inactive user' };
  const password = {
    grant_type: 'password',
    client_id: demo.clientId,
    client_secret: demo.clientSecret,
    username: demo.username,
    password: demo.password,
  };
  await setActive(false);
  try {
    assert.equal(await apiStatus(org, tokens.access_token), 401);
    assert.deepEqual((await refresh(tokens.refresh_token)).body, inactive);
    assert.deepEqual((await requestToken(org, exchange(org, code))).body, inactive);
    assert.equal((await requestToken(org, password)).body.error_description, 'authentication failure');
  } finally {
    await setActive(true);
  }
  assert.equal(await apiStatus(org, tokens.access_token), 200);
  assert.equal((await refresh(tokens.refresh_token)).status, 200);
});

test('the user of client credentials must be active too', async () => {
  const runAs = (on: boolean) =>
    org.db.query(sql`UPDATE org."User" SET "IsActive" = ${on} WHERE "Username" = ${integration.username}`);
  const form = {
    grant_type: 'client_credentials',
    client_id: integration.clientId,
    client_secret: integration.clientSecret,
  };
  await runAs(false);
  const refused = await requestToken(org, form);
  await runAs(true);
  assert.equal(refused.body.error_description, 'inactive user');
  assert.equal((await requestToken(org, form)).status, 200);
});

test('an app without a secret signs in by code and challenge, and its answers have no signature', async () => {
  const [redirectUri = ''] = web.redirectUris;
  const clientId = 'public.app';
  await registerApp(store, {
    clientId,
    flows: ['authorization_code', 'password', 'client_credentials'],
    redirectUris: [redirectUri],
    scopes: ['full', 'refresh_token'],
    rotation: true,
  });
  const parameters = authorization(org, { client_id: clientId, scope: 'api offline_access' });
  const form = exchange(org, await codeOf(org, parameters), { client_id: clientId, client_secret: '' });
  const { status, body } = await requestToken(org, form);
  assert.equal(status, 200);
  assert.equal(body.signature, undefined);
  const again = await refresh(body.refresh_token, { client_id: clientId, client_secret: '' });
  assert.equal(again.status, 200);
  assert.ok(again.body.refresh_token);
  const guessed = await refresh(again.body.refresh_token, { client_id: clientId, client_secret: 'x' });
  assert.equal(guessed.body.error, 'invalid_client');
  for (const grant of ['password', 'client_credentials']) {
    const login = { username: demo.username, password: demo.password };
    const refused = await requestToken(org, { grant_type: grant, client_id: clientId, ...login });
    assert.equal(refused.body.error, 'invalid_grant');
  }
});
