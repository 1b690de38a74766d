import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import {
  authorization,
  codeOf,
  exchange,
  postForm,
  refreshing,
  requestToken,
  webTokens,
} from '@lockstep/harness/sign-in';
import { toStored } from '../write/stored-text.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, web } = org.credentials;
const token = await org.token('demo');
const [user] = await org.db.query<{ id: string }>(
  sql`SELECT "Id" AS id FROM org."User" WHERE "Username" = ${demo.username}`,
);
const userId = user?.id ?? '';
const ownPath = `/id/${org.orgId}/${userId}`;
type Claims = Record<string, unknown>;
const get = (path: string, bearer: string | null = token) => org.request('GET', path, { token: bearer });

test('the identity URL tells whom a token belongs to', async () => {
  const { status, json } = await get(ownPath);
  const { username, organization_id: orgId, email, photos, id, user_id: named } = json as Claims;
  assert.equal(status, 200);
  assert.deepEqual([username, orgId, named], [demo.username, org.orgId, userId]);
  assert.equal(id, `${org.url}${ownPath}`);
  assert.ok(email);
  assert.deepEqual(Object.keys(photos as object), ['picture', 'thumbnail']);
});

test('its URLs contain the requested version, or a placeholder for one', async () => {
  const urlsFor = async (query: string) =>
    ((await get(`${ownPath}${query}`)).json as { urls: Record<string, string> }).urls;
  assert.equal((await urlsFor('')).sobjects, `${org.url}/services/data/v{version}/sobjects/`);
  for (const version of ['62', '62.0'])
    assert.equal((await urlsFor(`?version=${version}`)).rest, `${org.url}/services/data/v62.0/`);
  assert.equal((await urlsFor('?version=latest')).query, `${org.url}/services/data/v68.0/query/`);
  const wrong = await get(`${ownPath}?version=%22%3E%00`);
  assert.equal(wrong.status, 406);
  assert.equal(wrong.text, 'Invalid_Version');
});

test('the identity is XML on request, with any text intact', async () => {
  await org.db.query(sql`UPDATE org."User" SET "FirstName" = ${toStored(`<&"\0😀`)} WHERE "Id" = ${userId}`);
  try {
    const { headers, text } = await get(`${ownPath}?format=xml`);
    assert.match(headers.get('content-type') ?? '', /^application\/xml/);
    assert.match(text, /^<\?xml [^>]+\?><user xmlns:xsi="[^"]+"><id>/);
    assert.ok(text.includes('<first_name>&lt;&amp;&quot;\uFFFD😀</first_name>'));
    assert.ok(text.includes('<status><created_date xsi:nil="true"/><body xsi:nil="true"/></status>'));
    const accepted = await org.request('GET', ownPath, { token, headers: { Accept: 'application/xml' } });
    assert.equal(accepted.text, text);
    const { json } = await org.request('GET', ownPath, { token, headers: { Accept: '*/*' } });
    assert.equal((json as Claims).first_name, `<&"\0😀`);
  } finally {
    await org.db.query(sql`UPDATE org."User" SET "FirstName" = 'Demo' WHERE "Id" = ${userId}`);
  }
});

test('a token may be sent as a parameter, and a missing or bad one is refused in plain text', async () => {
  const asParameter = await get(`${ownPath}?oauth_token=${encodeURIComponent(token)}`, null);
  assert.equal(asParameter.status, 200);
  const inForm = await postForm(org, ownPath, { oauth_token: token });
  assert.equal(inForm.status, 200);
  for (const path of [ownPath, '/services/oauth2/userinfo']) {
    const [missing, bad] = [await get(path, null), await get(path, 'x')];
    assert.deepEqual([missing.status, missing.text], [403, 'Missing_OAuth_Token']);
    assert.deepEqual([bad.status, bad.text], [403, 'Bad_OAuth_Token']);
    assert.equal((await org.request('DELETE', path, { token })).status, 405);
  }
});

test('URLs of another org or another user and malformed ones are refused', async () => {
  const cases: [path: string, status: number, says: string][] = [
    [`/id/00D000000000062EAA/${userId}`, 403, 'Wrong_Org'],
    [`/id/${org.orgId}/005000000000001AAA`, 404, 'No_Access'],
    [`/id/${org.orgId}/x`, 404, 'Bad_Id'],
    [`/id/${org.orgId}`, 404, 'Bad_Id'],
    [`${ownPath}/more`, 404, 'Bad_Id'],
    ['/id', 404, 'Bad_Id'],
  ];
  for (const [path, status, says] of cases) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.text], [status, says]);
  }
  assert.equal((await get(`/id/${org.orgId.slice(0, 15)}/${userId.slice(0, 15)}`)).status, 200);
});

test("userinfo tells the same in OpenID's claims", async () => {
  const { json } = await get('/services/oauth2/userinfo');
  const { sub, user_id: named, preferred_username: username, active, urls, utcOffset } = json as Claims;
  assert.equal(sub, `${org.url}${ownPath}`);
  assert.deepEqual([named, username, active], [userId, demo.username, true]);
  assert.ok((urls as Claims).rest);
  assert.equal(utcOffset, 9 * 3_600_000, 'the demo user lives in Tokyo');
});

test('an id token is signed by the published key and bound to the app, the nonce and the access token', async () => {
  const nonce = 'n<é\0';
  const tokens = await webTokens(org, { nonce, scope: 'openid api refresh_token' });
  const [head = '', payload = '', signature = ''] = (tokens.id_token ?? '').split('.');
  const part = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Claims;
  const { keys } = (await get('/id/keys', null)).json as { keys: (JsonWebKey & { kid: string })[] };

  const key = keys.find(({ kid }) => kid === part(head).kid);
  assert.ok(key);
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    createPublicKey({ key: { ...key }, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  assert.ok(isSigned);
  const { iss, aud, sub, nonce: told, exp, iat, email } = part(payload);
  assert.deepEqual([iss, aud, sub, told], [org.url, web.clientId, tokens.id, nonce]);
  assert.equal(Number(exp) - Number(iat), 120);
  assert.ok(email);

  const { body } = await requestToken(org, refreshing(org, tokens.refresh_token));
  assert.equal(part((body.id_token ?? '').split('.')[1] ?? '').nonce, undefined);
  await org.restart();
  assert.deepEqual((await get('/id/keys', null)).json, { keys });
});

test('the URLs in the configuration answer', async () => {
  const { status, json } = await get('/.well-known/openid-configuration', null);
  assert.equal(status, 200);
  const configuration = json as Record<string, string>;
  assert.equal(configuration.issuer, org.url);
  for (const name of [
    'authorization_endpoint',
    'token_endpoint',
    'revocation_endpoint',
    'introspection_endpoint',
    'userinfo_endpoint',
    'jwks_uri',
  ]) {
    const path = configuration[name]?.slice(org.url.length) ?? '';
    assert.notEqual((await get(path, null)).status, 401, name);
  }
});

test('a token whose scopes do not include the API only works for identity', async () => {
  const code = await codeOf(org, authorization(org, { scope: 'openid id' }));
  const { body } = await requestToken(org, exchange(org, code));
  const answer = await get('/services/data/v62.0/limits', body.access_token ?? null);
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.json, [
    {
      message: 'This session is not valid for use with the REST API',
      errorCode: 'INVALID_SESSION_ID',
    },
  ]);
  assert.equal((await get('/services/oauth2/userinfo', body.access_token ?? null)).status, 200);
});
