import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { faultFrom, openScriptedOrg, tokenAnswer } from '@lockstep/harness/scripted-org';
import type { OrgId } from '../core/ids.ts';
import type { Purpose } from './request.ts';

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
  for (const [status, body, code, reason] of grants) {
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
