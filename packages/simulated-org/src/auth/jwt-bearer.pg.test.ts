import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { certificateOf } from '@lockstep/harness/certificate';
import { startOrg } from '@lockstep/harness/org';
import { apiStatus, authorization, codeOf, exchange, requestToken } from '@lockstep/harness/sign-in';
import { registerApp } from './apps.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, integration, web } = org.credentials;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const [redirectUri = ''] = web.redirectUris;
const base = {
  flows: ['authorization_code', 'jwt_bearer'] as const,
  clientSecret: 'secret',
  redirectUris: [redirectUri],
  scopes: ['api', 'id', 'refresh_token'],
  certificatePem: certificateOf(rsa),
};
const [demoUser] = await org.db.query<{ id: string }>(
  sql`SELECT "Id" AS id FROM org."User" WHERE "Username" = ${demo.username}`,
);
await registerApp(org, { ...base, clientId: 'approved', approvedUserIds: [demoUser?.id ?? ''] });
await registerApp(org, { ...base, clientId: 'asking' });

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const goodClaims = () => ({
  iss: 'approved',
  sub: demo.username,
  aud: 'https://login.salesforce.com',
  exp: inSeconds(180),
});

function assertion(claims: object, head: object = { alg: 'RS256' }, key: KeyObject = rsa.privateKey): string {
  const parts = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signed = parts.join('.');
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

const present = (text: string) =>
  requestToken(org, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: text });

test("an assertion signed with the certificate's key signs in an approved user", async () => {
  const { status, body } = await present(assertion(goodClaims()));
  assert.equal(status, 200);
  assert.equal(body.scope, 'api id');
  assert.equal(body.refresh_token, undefined);
  assert.equal(body.signature, undefined);
  assert.equal(body.id, `${org.url}/id/${org.orgId}/${demoUser?.id}`);
  assert.equal(await apiStatus(org, body.access_token), 200);
});

test('the expiry may be far in the future, as from a client that writes milliseconds', async () => {
  for (const exp of [inSeconds(3600), Date.now() + 300])
    assert.equal((await present(assertion({ ...goodClaims(), exp }))).status, 200);
});

test('the audience is a login host or this org; the expiry may be text', async () => {
  const { aud: _, ...rest } = goodClaims();
  for (const aud of ['https://test.salesforce.com', org.url, `${org.url}/services/oauth2/token`, [org.url]]) {
    const { status } = await present(assertion({ ...rest, aud, exp: String(inSeconds(60)) }));
    assert.equal(status, 200, String(aud));
  }
});

test('a wrong assertion is refused with the error for its fault', async () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const [head = '', payload = '', signature = ''] = assertion(goodClaims()).split('.');
  const forged = Buffer.from(JSON.stringify({ ...goodClaims(), sub: integration.username })).toString(
    'base64url',
  );
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const cases: [text: string, description: string][] = [
    ['', 'invalid assertion'],
    ['x.y.z', 'invalid assertion'],
    [`${head}.${payload}`, 'invalid assertion'],
    [`${head}.${payload}.${signature}.`, 'invalid assertion'],
    [`${none}.${payload}.`, 'invalid assertion'],
    [`${head}.${forged}.${signature}`, 'invalid assertion'],
    [assertion(goodClaims(), { alg: 'HS256' }), 'invalid assertion'],
    [assertion(goodClaims(), { alg: 'RS256' }, stranger), 'invalid assertion'],
    [assertion({ ...goodClaims(), exp: undefined }), 'invalid assertion'],
    [assertion({ ...goodClaims(), exp: 'soon' }), 'invalid assertion'],
    [assertion({ ...goodClaims(), exp: inSeconds(-1) }), 'expired authorization code'],
    [assertion({ ...goodClaims(), aud: 'https://example.com' }), 'audience is invalid'],
    [assertion({ ...goodClaims(), sub: 'nobody@example.com\0' }), "user hasn't approved this consumer"],
    [
      assertion({ ...goodClaims(), sub: integration.username }),
      'user is not admin approved to access this app',
    ],
  ];
  for (const [text, description] of cases) {
    const { status, body } = await present(text);
    assert.equal(status, 400);
    assert.deepEqual(body, { error: 'invalid_grant', error_description: description });
  }
  const unknown = await present(assertion({ ...goodClaims(), iss: 'nobody' }));
  assert.deepEqual(unknown.body, {
    error: 'invalid_client_id',
    error_description: 'client identifier invalid',
  });
});

test('an app that its users approve must first be approved with a refresh token', async () => {
  const claims = { ...goodClaims(), iss: 'asking' };
  const refused = { error: 'invalid_grant', error_description: "user hasn't approved this consumer" };
  const approve = async (scope: string) => {
    const code = await codeOf(org, authorization(org, { client_id: 'asking', scope }));
    await requestToken(org, exchange(org, code, { client_id: 'asking', client_secret: 'secret' }));
  };
  assert.deepEqual((await present(assertion(claims))).body, refused);
  await approve('api id');
  assert.deepEqual((await present(assertion(claims))).body, refused);
  await approve('api refresh_token');
  const { status, body } = await present(assertion(claims));
  assert.equal(status, 200);
  assert.equal(body.scope, 'api');
});

test('an app without a certificate or without the flow accepts no assertion', async () => {
  await registerApp(org, { ...base, clientId: 'bare', certificatePem: undefined });
  await registerApp(org, { ...base, clientId: 'other', flows: ['authorization_code'] });
  for (const iss of ['bare', 'other']) {
    const { body } = await present(assertion({ ...goodClaims(), iss }));
    assert.equal(body.error_description, 'invalid assertion');
  }
});

test('an app is only registered with settings that can work', async () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  });
  const wrong = [
    { certificatePem: 'no certificate' },
    { certificatePem: ec.toString() },
    { redirectUris: ['/callback'] },
    { redirectUris: ['https://example.com/#part'] },
    { redirectUris: ['https://example.com/\nX: y'] },
    { redirectUris: ['javascript:alert(1)'] },
    { scopes: [] },
    { scopes: ['api id'] },
    { clientId: '' },
    { clientId: 'a b' },
  ];
  for (const change of wrong)
    await assert.rejects(registerApp(org, { ...base, clientId: 'wrong', ...change }), { name: 'OrgError' });
});
