import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, test } from 'node:test';
import { certificateOf } from '@lockstep/harness/certificate';
import { appOf, connect, refusalOf, unsigned, webApp } from '@lockstep/harness/jsforce';
import { startOrg } from '@lockstep/harness/org';
import { Browser } from '@lockstep/harness/sign-in';
import { Connection, OAuth2 } from 'jsforce';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, integration } = org.credentials;
const names = 'SELECT Id FROM User LIMIT 1';

/** Logs the demo user in at an app's authorization page, allows, and returns the parameters that the app receives. */
async function allow(authorizationUrl: string): Promise<URLSearchParams> {
  const browser = new Browser(org);
  const login = await browser.begin(new URL(authorizationUrl).search.slice(1));
  const consent = await browser.submit(login, { username: demo.username, password: demo.password });
  const { location } = await browser.submit(consent, { decision: 'allow' });
  return location?.searchParams ?? assert.fail('the browser is sent back to the app');
}

/** Signed in through the whole web-server flow. */
async function webConnection(): Promise<Connection> {
  const conn = unsigned(org, { oauth2: { ...webApp(org), useVerifier: true } });
  const given = await allow(conn.oauth2.getAuthorizationUrl({ scope: 'api id refresh_token', state: 'x y' }));
  assert.equal(given.get('state'), 'x y');
  await conn.authorize(given.get('code') ?? '');
  return conn;
}

test('a SOAP login opens the REST API until the logout', async () => {
  const conn = unsigned(org, { instanceUrl: '' });
  const user = await conn.login(demo.username, demo.password);
  const { accessToken, instanceUrl } = conn;
  assert.equal(user.organizationId, org.orgId);
  assert.equal(instanceUrl, org.url);
  assert.equal((await conn.identity()).user_id, user.id);
  await conn.logout();
  assert.equal(conn.accessToken, null);
  const refusal = await refusalOf(unsigned(org, { accessToken: accessToken ?? '' }).query(names));
  assert.equal(refusal.errorCode, 'INVALID_SESSION_ID');
});

test('a SOAP login with a wrong password is refused with the text of the fault', async () => {
  const { message } = await refusalOf(unsigned(org).login(demo.username, 'wrong & <false>'));
  assert.equal(message, 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.');
});

test('an expired login session is renewed without the caller noticing', async () => {
  const conn = unsigned(org);
  await conn.login(demo.username, `${demo.password}${demo.securityToken}`);
  const first = conn.accessToken;
  await org.control('/signIn/expireTokens', { user: 'demo' });
  assert.equal((await conn.query(names)).totalSize, 1);
  assert.notEqual(conn.accessToken, first);
});

test('a user and a password sign in by OAuth', async () => {
  const conn = unsigned(org, { oauth2: appOf(demo) });
  const user = await conn.login(demo.username, demo.password);
  assert.equal(user.url, `${org.url}/id/${org.orgId}/${user.id}`);
  assert.equal((await conn.query(names)).totalSize, 1);
  const refusal = await refusalOf(unsigned(org, { oauth2: appOf(demo) }).login(demo.username, 'wrong'));
  assert.deepEqual([refusal.name, refusal.message], ['invalid_grant', 'authentication failure']);
});

test('the web-server flow with PKCE gives a session that renews itself', async () => {
  const conn = await webConnection();
  const first = conn.accessToken;
  assert.ok(conn.refreshToken);
  assert.equal(conn.userInfo?.organizationId, org.orgId);
  const renewed: string[] = [];
  conn.on('refresh', (token: string) => renewed.push(token));
  await org.control('/signIn/expireTokens', { user: 'demo' });
  const answers = await Promise.all([conn.query(names), conn.query(names), conn.limits()]);
  assert.equal(answers[0].totalSize, 1);
  assert.deepEqual(renewed, [conn.accessToken]);
  assert.notEqual(conn.accessToken, first);
});

test('a code is refused without the verifier of its challenge', async () => {
  const oauth2 = new OAuth2({ ...webApp(org), useVerifier: true });
  const code = (await allow(oauth2.getAuthorizationUrl())).get('code') ?? '';
  const refusal = await refusalOf(new OAuth2(webApp(org)).requestToken(code));
  assert.equal(refusal.name, 'invalid_grant');
});

test('a refresh after the user revoked the grant fails with the reason', async () => {
  const conn = await webConnection();
  await org.control('/signIn/revoke', { user: 'demo' });
  const { message } = await refusalOf(conn.query(names));
  assert.equal(message, 'Unable to refresh session due to: expired access/refresh token');
});

test('a logout ends the access token, and one with the refresh token ends the whole grant', async () => {
  const conn = await webConnection();
  const accessToken = conn.accessToken ?? '';
  const refreshToken = conn.refreshToken ?? '';
  await conn.logout();
  const reopened = unsigned(org, { oauth2: webApp(org), accessToken, refreshToken });
  assert.equal((await reopened.query(names)).totalSize, 1);
  await reopened.logout(true);
  assert.equal((await refusalOf(new OAuth2(webApp(org)).refreshToken(refreshToken))).name, 'invalid_grant');
});

test('a token that the org never issued cannot be revoked', async () => {
  const refusal = await refusalOf(new OAuth2(webApp(org)).revokeToken('00D!never'));
  assert.equal(refusal.name, 'unsupported_token_type');
});

test('a refresh function of the caller is asked for a new token', async () => {
  const token = await org.token('integration');
  const conn = unsigned(org, {
    accessToken: 'an expired one',
    refreshFn: (_conn, callback) => callback(null, token),
  });
  assert.equal((await conn.query(names)).totalSize, 1);
});

test('client credentials sign in the app’s user', async () => {
  const conn = unsigned(org, { oauth2: appOf(integration) });
  await conn.authorize({ grant_type: 'client_credentials' });
  assert.equal((await conn.identity()).username, integration.username);
  assert.equal(conn.refreshToken, undefined);
});

test('an assertion signed with the app’s key signs in an approved user', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api', 'id'],
    certificatePem: certificateOf(rsa),
    approvedUsers: ['demo'],
  });
  const claims = {
    iss: 'jwt-app',
    sub: demo.username,
    aud: 'https://login.salesforce.com',
    exp: Math.floor(Date.now() / 1000) + 180,
  };
  const signed = [{ alg: 'RS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const conn = unsigned(org, { instanceUrl: '' });
  await conn.authorize({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${signed}.${sign('RSA-SHA256', Buffer.from(signed), rsa.privateKey).toString('base64url')}`,
  });
  assert.equal((await conn.identity()).username, demo.username);
});

test('the identity and the user info say who is signed in', async () => {
  const conn = await connect(org, { accessToken: await org.token('integration') });
  const identity = await conn.identity();
  assert.equal(identity.id, `${org.url}/id/${org.orgId}/${identity.user_id}`);
  assert.equal(identity.organization_id, org.orgId);
  assert.equal(identity.username, integration.username);
  assert.equal(identity.urls.rest, `${org.url}/services/data/v{version}/`);
  assert.ok(identity.photos.picture);
  assert.deepEqual(conn.userInfo, {
    id: identity.user_id,
    organizationId: org.orgId,
    url: identity.id,
  });
  const info = await conn.request<Record<string, string>>('/services/oauth2/userinfo');
  assert.equal(info.preferred_username, integration.username);
  assert.equal(info.user_id, identity.user_id);
});
