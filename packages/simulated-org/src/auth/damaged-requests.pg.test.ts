import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { withSeed } from '@lockstep/harness/property';
import { authorization, exchange, refreshing } from '@lockstep/harness/sign-in';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, web } = org.credentials;
const app = { client_id: web.clientId, client_secret: web.clientSecret };
const token = await org.token('demo');
const tokenPath = '/services/oauth2/token';
/** Valid requests, some with a form, which the test then damages. */
const requests: readonly [path: string, form?: Record<string, string>][] = [
  ['/services/oauth2/authorize', authorization(org, { state: 's', nonce: 'n', scope: 'api' })],
  ['/services/oauth2/authorize', { request: 'x', decision: 'allow' }],
  [tokenPath, exchange(org, 'aPrx')],
  [tokenPath, refreshing(org, '5Aep861')],
  [tokenPath, { response_type: 'device_code', client_id: web.clientId }],
  [tokenPath, { grant_type: 'device', client_id: web.clientId, code: 'x' }],
  [
    tokenPath,
    {
      grant_type: 'password',
      client_id: demo.clientId,
      client_secret: demo.clientSecret,
      username: demo.username,
      password: 'wrong',
    },
  ],
  [tokenPath, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'a.b.c' }],
  ['/services/oauth2/introspect', { ...app, token }],
  ['/services/oauth2/revoke', { token: 'x' }],
  ['/services/oauth2/userinfo', { oauth_token: token }],
  ['/setup/connect', { user_code: 'ABCDEFGH' }],
  ['/id/keys'],
  [`/id/${org.orgId}/005000000000001AAA`, { oauth_token: token, version: 'latest' }],
  ['/.well-known/openid-configuration'],
];
const values = [
  'authorization_code',
  'password',
  'refresh_token',
  'client_credentials',
  'device',
  'device_code',
  'code',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  demo.clientId,
  demo.clientSecret,
  web.clientId,
  web.clientSecret,
  web.redirectUris[0] ?? '',
  demo.username,
  `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: web.clientId, aud: '', exp: 1e308 })).toString('base64url')}.AA`,
  '\0',
  '\uE0000000',
  '%',
  '',
  'x'.repeat(5000),
];
const names = [
  'grant_type',
  'response_type',
  'client_id',
  'client_secret',
  'redirect_uri',
  'username',
  'password',
  'code',
  'code_verifier',
  'code_challenge',
  'refresh_token',
  'assertion',
  'token',
  'user_code',
  'request',
  'decision',
  'scope',
  'state',
  'nonce',
  'format',
  'version',
  'oauth_token',
];
const formType = 'application/x-www-form-urlencoded';
const types = [formType, formType, formType, 'application/json', 'multipart/form-data', '\u00ff'];

test('400 damaged sign-in requests are each answered, none with 500', async () =>
  withSeed(20_261_124, async (random) => {
    for (let i = 0; i < 400; i++) {
      const [path, good = {}] = random.pick(requests);
      const form = new URLSearchParams(good);
      for (let field = random.between(0, 3); field > 0; field--) {
        if (random.next() < 0.5) form.set(random.pick(names), random.pick(values));
        else form.append(random.pick(names), random.pick(values));
      }
      const text = form.toString();
      const [query, body] = random.next() < 0.5 ? [text, ''] : ['', text];
      const bytes = Buffer.from(body);
      // Bytes that are not UTF-8, and halves of escapes.
      if (bytes.length > 0 && random.next() < 0.5)
        bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
      const answer = await fetch(`${org.url}${path}?${query}`, {
        method: bytes.length > 0 ? 'POST' : random.pick(['GET', 'POST', 'PUT', 'HEAD']),
        redirect: 'manual',
        headers: {
          'Content-Type': random.pick(types),
          Accept: random.pick(['*/*', 'application/xml', '', 'q=;,/']),
          Authorization: random.pick([
            'Basic',
            'Basic =',
            `Basic ${Buffer.from('\0:\0').toString('base64')}`,
            'Bearer \u00ff',
          ]),
          Cookie: random.pick(['authorize', 'authorize==;=', `authorize=${'x'.repeat(43)}`]),
        },
        ...(bytes.length > 0 && { body: bytes }),
      });
      await answer.text();
      assert.ok(answer.status < 500, `${path} ${answer.status} request ${i}`);
    }
  }));
