import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import dns from 'node:dns';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { faultFrom, openScriptedOrg, tokenAnswer } from '@lockstep/harness/scripted-org';
import type { OrgId } from '../core/ids.ts';
import type { Purpose } from './request.ts';
import { ownSessionStore } from './session-store.ts';

const path = '/services/data/v62.0/sobjects';
const get = { method: 'GET', path, purpose: 'poll' } as const;
const open = () => new AbortController().signal;
const expired = {
  status: 401,
  body: '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
};

test('twenty requests at once sign in once', async () => {
  await using org = await openScriptedOrg();
  const purposes: Purpose[] = [];
  const salesforce = org.open({ onRequest: ({ purpose }) => purposes.push(purpose) });

  await Promise.all(Array.from({ length: 20 }, () => salesforce.request(get, open())));

  assert.equal(org.signIns(), 1);
  assert.equal(purposes.length, 20);
});

test('an expired session is renewed once for all its requests, and each is repeated once', async () => {
  await using org = await openScriptedOrg(({ headers }) =>
    headers.authorization === 'Bearer token-1' ? expired : { body: '{"fresh":true}' },
  );
  let sent = 0;
  const salesforce = org.open({ onRequest: () => sent++ });

  const answers = await Promise.all(Array.from({ length: 10 }, () => salesforce.request(get, open())));

  assert(answers.every(({ text }) => text === '{"fresh":true}'));
  assert.equal(org.signIns(), 2);
  assert.equal(sent, org.received.length - 2);
});

test('a refusal that arrives after the renewal causes no second one', async () => {
  const renewal = Promise.withResolvers<void>();
  await using org = await openScriptedOrg(({ headers, body }) => {
    if (headers.authorization !== 'Bearer token-1') return { body: '{"fresh":true}' };
    return body === 'late' ? renewal.promise.then(() => expired) : expired;
  });
  const salesforce = org.open();
  await salesforce.identity(open());
  const arrival = org.nextArrival();
  const late = salesforce.request({ ...get, method: 'POST', body: 'late' }, open());
  await arrival;

  await salesforce.request(get, open());
  renewal.resolve();

  assert.equal((await late).text, '{"fresh":true}');
  assert.equal(org.signIns(), 2);
});

test('a session that stays refused is renewed once, then the refusal is the answer', async () => {
  await using org = await openScriptedOrg(() => expired);

  const answer = await org.open().request(get, open());

  assert.equal(answer.status, 401);
  assert.equal(org.signIns(), 2);
  assert.equal(org.received.length, 4);
});

test('a refusal that a new token would get as well is the answer, and a later request signs in again', async () => {
  const words = [
    'Connected app is not attached to Agent',
    'This session is not valid for use with the REST API',
  ];
  const bodies = words.map((message) => JSON.stringify([{ message, errorCode: 'INVALID_SESSION_ID' }]));
  bodies.push('[{"errorCode":"INVALID_AUTH_HEADER","message":"x"}]', 'Bad_OAuth_Token');
  await using org = await openScriptedOrg();
  const clock = new ManualClock();
  for (const body of bodies) {
    org.answer = () => ({ status: 401, body });
    const salesforce = org.open({ clock });
    const before = org.received.length;
    for (let tries = 0; tries < 3; tries++) {
      assert.equal((await salesforce.request(get, open())).status, 401);
    }
    assert.equal(org.received.length - before, 3 + 2, 'the first session, and one in its place');
    clock.advance(10_000);
    org.answer = ({ headers }) => ({
      status: headers.authorization === `Bearer token-${org.signIns()}` ? 200 : 401,
    });
    await salesforce.request(get, open());
    assert.equal((await salesforce.request(get, open())).status, 200);
  }
});

test('when the API refuses every session, sign-ins stay rare, however many requests there are', async () => {
  await using org = await openScriptedOrg(() => expired);
  const clock = new ManualClock();
  const salesforce = org.open({ clock });
  for (let tries = 0; tries < 10; tries++) {
    await Promise.all([salesforce.request(get, open()), salesforce.request(get, open())]);
  }
  assert.equal(org.signIns(), 2);
  clock.advance(10_000);
  await salesforce.request(get, open());
  assert.equal(org.signIns(), 3);
});

test('a caller that gives up waiting for the sign-in does not abort it for the others', async () => {
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  const impatient = new AbortController();

  const given = salesforce.request(get, impatient.signal);
  const waiting = salesforce.request(get, open());
  impatient.abort(new Error('gave up'));

  await assert.rejects(given, /gave up/);
  assert.equal((await waiting).status, 200);
  assert.equal(org.signIns(), 1);
});

/** What Salesforce says, as error and description, and what that means. */
const refusals: readonly [error: string, description: string | undefined, code: string, said?: string][] = [
  ['invalid_grant', 'expired access/refresh token', 'SF-01'],
  ['app_not_found', undefined, 'SF-03'],
  ['invalid_grant', 'External client app is not installed in this org', 'SF-03'],
  ['invalid_grant', "user hasn't approved this consumer", 'SF-04'],
  ['invalid_app_access', 'user is not admin approved to access this app', 'SF-04'],
  ['redirect_uri_mismatch', undefined, 'SF-05'],
  ['invalid_grant', 'expired authorization code', 'SF-06'],
  ['invalid_grant', 'invalid code verifier', 'SF-06'],
  ['invalid_grant', 'invalid assertion', 'SF-08'],
  ['invalid_grant', 'audience is invalid [audience=hunter2]', 'SF-08', 'audience is invalid'],
  ['invalid_grant', 'Audience validation failed', 'SF-08'],
  ['invalid_grant', 'request not supported on this domain', 'SF-09'],
  ['inactive_user', undefined, 'SF-13'],
  ['inactive_org', undefined, 'SF-13'],
  ['invalid_grant', 'inactive user', 'SF-13'],
  ['invalid_grant', 'inactive organization', 'SF-13'],
];

const grants: readonly [status: number, body: string, code: string, reason: string | undefined][] = [
  [
    400,
    '{"error":"invalid_client_id","error_description":"client identifier invalid"}',
    'SF-07',
    'invalid_client_id',
  ],
  [
    401,
    '{"error":"invalid_client","error_description":"invalid client credentials"}',
    'SF-07',
    'invalid_client',
  ],
  [
    400,
    '{"error":"invalid_grant","error_description":"no client credentials user enabled"}',
    'SF-10',
    'invalid_grant: no client credentials user enabled',
  ],
  [400, '{"error":"invalid_grant","error_description":"hunter2 is wrong"}', 'SF-01', 'invalid_grant'],
  [401, 'Unauthorized', 'SF-01', 'status 401'],
  [503, '<html></html>', 'LIM-06', undefined],
  [500, '', 'NET-01', 'status 500'],
  [200, '<html></html>', 'DATA-03', undefined],
  [200, '{"access_token":""}', 'DATA-03', undefined],
];

test('each refusal of a sign-in has its own fault, and once it is forgotten the next request tries again', async () => {
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  const inWords = refusals.map(([error, description, code, said = description?.toLowerCase()]) => {
    const body = JSON.stringify({ error, error_description: description });
    return [400, body, code, said === undefined ? error : `${error}: ${said}`] as const;
  });
  for (const [status, body, code, reason] of [...grants, ...inWords]) {
    org.signIn = () => ({ status, body });
    const fault = await faultFrom(salesforce.request(get, open()));
    assert.deepEqual([fault.code, fault.safe.reason], [code, reason], body);
    salesforce.forgetRefusal();
  }

  org.signIn = undefined;
  assert.equal((await salesforce.request(get, open())).status, 200);
});

test('a refused credential is not tried again for an hour', async () => {
  await using org = await openScriptedOrg();
  const clock = new ManualClock();
  const salesforce = org.open({ clock });
  org.signIn = () => ({ status: 400, body: '{"error":"invalid_grant"}' });
  for (let tries = 0; tries < 5; tries++) {
    assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'SF-01');
  }
  assert.equal(org.signIns(), 1);
  clock.advance(3_600_000);
  await faultFrom(salesforce.request(get, open()));
  assert.equal(org.signIns(), 2);
});

test('a temporary error of the token endpoint is transient', async () => {
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  for (const body of [
    '{"error":"unknown_error","error_description":"retry your request"}',
    '{"error":"invalid_grant","error_description":"login rate exceeded"}',
    '{"error":"temporarily_unavailable"}',
    '{"error":"rate_limit_exceeded"}',
  ]) {
    org.signIn = () => ({ status: 400, body });
    assert.equal((await faultFrom(salesforce.request(get, open()))).kind, 'transient', body);
  }
  org.signIn = undefined;
  assert.equal((await salesforce.request(get, open())).status, 200);
});

test('another org is refused before any request is sent to it', async () => {
  await using org = await openScriptedOrg();
  const other = org.open({ expectOrgId: '00D000000000002EAA' as OrgId });
  const fault = await faultFrom(other.request(get, open()));
  assert.deepEqual([fault.code, fault.safe], ['ORG-02', { org: '00D000000000001EAA' }]);
  assert.equal(org.received.length, org.signIns());

  const same = org.open({ expectOrgId: '00D000000000001EAA' as OrgId });
  assert.deepEqual(await same.identity(open()), { orgId: '00D000000000001EAA', instanceUrl: org.url });
});

test('after a token of another org, the next sign-in waits 10 s, however many requests there are', async () => {
  await using org = await openScriptedOrg();
  const clock = new ManualClock();
  const salesforce = org.open({ clock, expectOrgId: '00D000000000002EAA' as OrgId });
  for (let tries = 0; tries < 5; tries++) {
    assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'ORG-02');
  }
  assert.equal(org.signIns(), 1);
  clock.advance(10_000);
  await faultFrom(salesforce.request(get, open()));
  assert.equal(org.signIns(), 2);
});

test('an instance address outside the allowed hosts gets no request', async () => {
  await using org = await openScriptedOrg();
  for (const address of [
    'http://169.254.169.254/',
    'https://evil.example',
    `http://localhost:${org.host}`,
    'x',
  ]) {
    org.signIn = () => ({ body: tokenAnswer(org, { instance_url: address }) });
    assert.equal((await faultFrom(org.open().request(get, open()))).code, 'ORG-04', address);
  }
  assert.equal(org.received.length, org.signIns());
});

test('a login address outside the allowed hosts gets no secret', async () => {
  await using org = await openScriptedOrg();
  const fault = await faultFrom(org.open({ allowHosts: [] }).identity(open()));
  assert.deepEqual([fault.code, fault.safe], ['ORG-04', { host: org.host }]);
  assert.equal(org.received.length, 0);
});

test('after a redirect or a closed address the next request signs in again, and goes where the org is then', async () => {
  await using org = await openScriptedOrg();
  const next = await openScriptedOrg(() => ({ body: '{"moved":true}' }));
  const clock = new ManualClock();
  const salesforce = org.open({ allowHosts: [org.host, next.host], clock });
  await salesforce.request(get, open());
  org.answer = () => ({ status: 301, headers: { location: `${next.url}${path}` } });
  org.signIn = () => ({ body: tokenAnswer(org, { instance_url: next.url }) });

  const fault = await faultFrom(salesforce.request(get, open()));
  assert.deepEqual([fault.code, next.received.length], ['NET-04', 0]);
  assert.equal((await salesforce.request(get, open())).text, '{"moved":true}');
  assert.equal(org.signIns(), 2);

  await next[Symbol.asyncDispose]();
  clock.advance(10_000);
  org.signIn = undefined;
  org.answer = () => ({ body: '{"back":true}' });
  assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'NET-01');
  assert.equal((await salesforce.request(get, open())).text, '{"back":true}');
});

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Signs in by assertion at this host, whose name leads to the org; returns the audiences that it tries. */
async function audiencesAt(t: TestContext, hostname: string, accepted: string | null, refusal: string) {
  await using org = await openScriptedOrg();
  t.mock.method(dns, 'lookup', (_name: string, _options: object, done: (...found: unknown[]) => void) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]),
  );
  const host = `${hostname}:${new URL(org.url).port}`;
  const audiences: string[] = [];
  org.signIn = ({ body }) => {
    const claims = new URLSearchParams(body).get('assertion')?.split('.')[1] ?? '';
    const { aud } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string };
    audiences.push(aud.replace(host, hostname));
    return aud === accepted
      ? { body: tokenAnswer(org, { instance_url: `http://${host}` }) }
      : { status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: refusal }) };
  };
  const credential = {
    flow: 'jwt bearer',
    clientId: 'app',
    username: 'ann@example.com',
    privateKey,
  } as const;
  const store = ownSessionStore({ loginUrl: `http://${host}`, credential });
  const outcome = await org
    .open({ store, allowHosts: [host] })
    .identity(open())
    .then(
      () => 'signed in',
      ({ code }: { code: string }) => code,
    );
  t.mock.restoreAll();
  return [outcome, ...audiences];
}

test('an assertion is addressed to the org first, and if that is refused to the login host of its kind', async (t) => {
  const production = 'http://acme.my.salesforce.com';
  const sandbox = 'http://acme--uat.sandbox.my.salesforce.com';
  const [login, testLogin] = ['https://login.salesforce.com', 'https://test.salesforce.com'];
  for (const refusal of [
    'audience is invalid',
    'Audience validation failed',
    'invalid assertion',
    "user hasn't approved this consumer",
  ]) {
    assert.deepEqual(await audiencesAt(t, 'acme.my.salesforce.com', login, refusal), [
      'signed in',
      production,
      login,
    ]);
  }
  assert.deepEqual(
    await audiencesAt(t, 'acme--uat.sandbox.my.salesforce.com', testLogin, 'audience is invalid'),
    ['signed in', sandbox, testLogin],
  );
  assert.deepEqual(await audiencesAt(t, 'acme.my.salesforce.com', null, 'audience is invalid'), [
    'SF-08',
    production,
    login,
  ]);
  assert.deepEqual(await audiencesAt(t, 'acme.my.salesforce.com', login, 'inactive user'), [
    'SF-13',
    production,
  ]);
  assert.deepEqual(await audiencesAt(t, 'org.example.com', login, 'audience is invalid'), [
    'SF-08',
    'http://org.example.com',
  ]);
});
