import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import {
  apiStatus,
  authorization,
  Browser,
  codeOf,
  decide,
  exchange,
  postForm,
  requestToken,
} from '@lockstep/harness/sign-in';
import { registerApp } from './apps.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo, web } = org.credentials;
const login = { username: demo.username, password: demo.password };

test('when the user logs in and allows the app, it gets a code that can be exchanged for tokens', async () => {
  const state = 'a&b=c d\0é"<';
  const sent = await decide(org, authorization(org, { state, scope: 'api refresh_token' }), 'allow');
  assert.equal(sent.get('state'), state);

  const { status, body } = await requestToken(org, exchange(org, sent.get('code') ?? ''));

  assert.equal(status, 200);
  assert.equal(body.scope, 'api refresh_token');
  assert.equal(body.instance_url, org.url);
  assert.match(body.id ?? '', new RegExp(`^${org.url}/id/${org.orgId}/005`));
  assert.ok(body.refresh_token);
  assert.equal(body.id_token, undefined);
  assert.equal(await apiStatus(org, body.access_token), 200);
});

test('an app that requests no scope gets all of its own; without refresh_token it gets no refresh token', async () => {
  const all = await requestToken(org, exchange(org, await codeOf(org)));
  assert.equal(all.body.scope, 'api id refresh_token web openid profile email');
  const some = await requestToken(
    org,
    exchange(org, await codeOf(org, authorization(org, { scope: 'api id' }))),
  );
  assert.equal(some.status, 200);
  assert.equal(some.body.refresh_token, undefined);
});

test('when the user denies access, the app gets the error with its state', async () => {
  const sent = await decide(org, authorization(org, { state: 's-1' }), 'deny');
  assert.deepEqual(Object.fromEntries(sent), {
    error: 'access_denied',
    error_description: 'end-user denied authorization',
    state: 's-1',
  });
});

test('for an app or redirect URI that is not registered the error is shown here, and the browser is not redirected', async () => {
  const [registered = ''] = web.redirectUris;
  const mismatch =
    'error=redirect_uri_mismatch&error_description=redirect_uri%20must%20match%20configuration';
  const cases: [change: Record<string, string>, says: string][] = [
    [{ client_id: 'x' }, 'error=invalid_client_id&error_description=client%20identifier%20invalid'],
    [
      { client_id: `${web.clientId}\0` },
      'error=invalid_client_id&error_description=client%20identifier%20invalid',
    ],
    [{ redirect_uri: '' }, 'error=redirect_uri_missing&error_description=redirect_uri%20not%20provided'],
    [{ redirect_uri: 'https://evil.example/' }, mismatch],
    [{ redirect_uri: `${registered}/` }, mismatch],
    [{ redirect_uri: `${registered}?x=1` }, mismatch],
    [{ redirect_uri: registered.toUpperCase() }, mismatch],
  ];
  for (const [change, says] of cases) {
    const page = await new Browser(org).begin(authorization(org, change));
    assert.equal(page.status, 400);
    assert.equal(page.location, undefined);
    assert.equal(page.html, says);
    assert.match(page.headers.get('content-type') ?? '', /^text\/plain/);
  }
});

test('every other error of the request is sent to the app', async () => {
  const cases: [change: Record<string, string>, error: string][] = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: '' }, 'unsupported_response_type'],
    [{ scope: 'api full' }, 'invalid_scope'],
    [{ scope: 'nonsense' }, 'invalid_scope'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }, 'invalid_request'],
    [{ immediate: 'true' }, 'immediate_unsuccessful'],
    [{ prompt: 'none' }, 'immediate_unsuccessful'],
  ];
  for (const [change, error] of cases) {
    const page = await new Browser(org).begin(authorization(org, { ...change, state: 's' }));
    assert.equal(page.status, 302);
    assert.equal(page.location?.searchParams.get('error'), error);
    assert.equal(page.location?.searchParams.get('state'), 's');
  }
});

test('the pages have no script, cannot be framed, and show their input as text', async () => {
  const hint = `"><script>alert(1)</script>&'\0`;
  const browser = new Browser(org);
  const page = await browser.begin(authorization(org, { login_hint: hint, state: hint }));
  assert.ok(!page.html.includes('<script'));
  assert.ok(page.html.includes('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&apos;\uFFFD"'));
  assert.match(
    page.headers.get('content-security-policy') ?? '',
    /default-src 'none'.*frame-ancestors 'none'/,
  );
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.match(page.headers.get('set-cookie') ?? '', /; HttpOnly; SameSite=Lax$/);

  const again = await browser.submit(page, { username: hint, password: 'wrong' });
  assert.equal(again.status, 200);
  assert.ok(!again.html.includes('<script'));
  assert.match(again.html, /Please check your username and password/);
  const consent = await browser.submit(again, login);
  assert.match(consent.html, /Web is asking to:/);
});

test('a form works once, and only in the browser that got it', async () => {
  const [own, other] = [new Browser(org), new Browser(org)];
  const page = await own.begin(authorization(org));
  await other.begin(authorization(org));

  const foreign = await other.submit(page, login);
  assert.equal(foreign.status, 400);
  assert.match(foreign.html, /This login has expired/);
  const bare = await new Browser(org).submit(page, login);
  assert.equal(bare.status, 400);

  const consent = await own.submit(page, login);
  assert.equal((await own.submit(page, login)).status, 400);
  assert.equal((await own.submit(consent, { decision: 'maybe' })).status, 200);
  assert.equal((await own.submit(consent, { decision: 'allow' })).status, 400);
});

test('a browser can have several sign-ins open', async () => {
  const browser = new Browser(org);
  const first = await browser.begin(authorization(org));
  const second = await browser.begin(authorization(org));
  assert.match((await browser.submit(first, login)).html, /Allow Access\?/);
  assert.match((await browser.submit(second, login)).html, /Allow Access\?/);
});

test('a sign-in that is left open for too long expires', async () => {
  const browser = new Browser(org);
  const page = await browser.begin(authorization(org));
  await org.db.query(sql`UPDATE simulator.open_sign_in SET expires_at = now() - interval '1 second'`);
  assert.equal((await browser.submit(page, login)).status, 400);
});

test('the URL accepts POST only from its own forms, and no method besides GET', async () => {
  const query = new URLSearchParams(authorization(org)).toString();
  const posted = await postForm(org, '/services/oauth2/authorize', query);
  assert.equal(posted.status, 400);
  assert.equal(posted.text, 'error=invalid_request&error_description=must%20use%20HTTP%20GET');
  const put = await org.request('PUT', `/services/oauth2/authorize?${query}`, { token: null });
  assert.equal(put.status, 405);
});

test('a user whom the admin did not approve is sent back to the app with an error', async () => {
  const [redirectUri = ''] = web.redirectUris;
  await registerApp(org, {
    clientId: 'closed',
    flows: ['authorization_code'],
    redirectUris: [redirectUri, 'app://done?from=org'],
    scopes: ['api'],
    approvedUserIds: [],
  });
  const browser = new Browser(org);
  const page = await browser.begin(
    authorization(org, { client_id: 'closed', redirect_uri: 'app://done?from=org', state: 's' }),
  );
  const { location } = await browser.submit(page, login);
  assert.equal(location?.protocol, 'app:');
  assert.deepEqual(Object.fromEntries(location?.searchParams ?? []), {
    from: 'org',
    error: 'OAUTH_APP_ACCESS_DENIED',
    error_description: 'user is not admin approved to access this app',
    state: 's',
  });
});

test('a deactivated user cannot log in', async () => {
  const set = (on: boolean) =>
    org.db.query(sql`UPDATE org."User" SET "IsActive" = ${on} WHERE "Username" = ${demo.username}`);
  const browser = new Browser(org);
  const page = await browser.begin(authorization(org));
  await set(false);
  const refused = await browser.submit(page, login);
  await set(true);
  assert.match(refused.html, /Please check your username and password/);
});

test('a code is valid once, for its own app and redirect URI, and for 15 minutes', async () => {
  const used = await codeOf(org);
  assert.equal((await requestToken(org, exchange(org, used))).status, 200);
  const expired = { error: 'invalid_grant', error_description: 'expired authorization code' };
  assert.deepEqual((await requestToken(org, exchange(org, used))).body, expired);

  const elsewhere = await requestToken(
    org,
    exchange(org, await codeOf(org), { redirect_uri: web.redirectUris[1] ?? '' }),
  );
  assert.equal(elsewhere.body.error, 'redirect_uri_mismatch');

  const ofOther = { client_id: demo.clientId, client_secret: demo.clientSecret };
  const stolen = await requestToken(org, exchange(org, await codeOf(org), ofOther));
  assert.deepEqual(stolen.body, { error: 'invalid_grant', error_description: 'invalid authorization code' });

  const old = await codeOf(org);
  await org.db.query(
    sql`UPDATE simulator.authorization_code SET expires_at = expires_at - interval '15 minutes'`,
  );
  assert.deepEqual((await requestToken(org, exchange(org, old))).body, expired);
});

test('of two concurrent requests with one code, one gets tokens', async () => {
  const code = await codeOf(org);
  const answers = await Promise.all([1, 2, 3].map(() => requestToken(org, exchange(org, code))));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test('a challenged code needs the verifier that was hashed', async () => {
  const verifier = randomBytes(48).toString('base64url');
  const challenged = authorization(org, {
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });

  const good = exchange(org, await codeOf(org, challenged), { code_verifier: verifier });
  assert.equal((await requestToken(org, good)).status, 200);
  const wrong = exchange(org, await codeOf(org, challenged), { code_verifier: `${verifier}x` });
  assert.deepEqual((await requestToken(org, wrong)).body, {
    error: 'invalid_grant',
    error_description: 'invalid code verifier',
  });
  const missing = await requestToken(org, exchange(org, await codeOf(org, challenged)));
  assert.equal(missing.status, 400);
  assert.equal(missing.body.error, 'invalid_grant');
});
