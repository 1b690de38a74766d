import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '@lockstep/foundation/clock';
import { openScriptedOrg, tokenAnswer } from '@lockstep/harness/scripted-org';
import { Fault } from '../core/faults.ts';
import type { OrgId } from '../core/ids.ts';
import type { Purpose } from './client.ts';

const path = '/services/data/v62.0/sobjects';
const get = { method: 'GET', path, purpose: 'poll' } as const;
const open = () => new AbortController().signal;
const expired = {
  status: 401,
  body: '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
};

async function faultFrom(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(error instanceof Fault, 'a fault is thrown');
  return error;
}

test('an answer has status, text, server time and usage, and the request says who sent it', async () => {
  await using org = await openScriptedOrg(() => ({
    status: 202,
    headers: {
      'content-encoding': 'gzip',
      date: 'Tue, 24 Nov 2026 08:00:00 GMT',
      'sforce-limit-info': 'per-app-api-usage=17/250(appName=x); api-usage=18/5000',
    },
    body: gzipSync('{"a":"é😀"}'),
  }));

  const answer = await org.open().request({ ...get, method: 'POST', body: '{"b":"é"}' }, open());

  assert.equal(answer.status, 202);
  assert.equal(answer.text, '{"a":"é😀"}');
  assert.equal(answer.serverNow, Date.UTC(2026, 10, 24, 8) / 1000);
  assert.deepEqual(answer.usage, { used: 18, max: 5000 });
  const [signIn, request] = org.received;
  assert.equal(
    signIn?.body,
    'grant_type=client_credentials&client_id=the-client-id&client_secret=the-client-secret',
  );
  assert.equal(request?.method, 'POST');
  assert.equal(request?.path, path);
  assert.equal(request?.body, '{"b":"é"}');
  assert.equal(request?.headers.authorization, 'Bearer token-1');
  assert.equal(request?.headers['sforce-call-options'], 'client=lockstep/poll');
  assert.equal(request?.headers['accept-encoding'], 'gzip');
});

test('headers that cannot be read give null, not a guess', async () => {
  const headers: Record<string, string>[] = [
    { date: '1' },
    { date: '2026-11-24T08:00:00Z' },
    { date: 'Tue, 99 Nov 2026 08:00:00 GMT' },
    { date: 'x', 'sforce-limit-info': 'per-app-api-usage=17/250(appName=x)' },
    { date: 'x', 'sforce-limit-info': 'api-usage=-1/x' },
  ];
  await using org = await openScriptedOrg(() => ({ headers: headers.shift() ?? {} }));
  const salesforce = org.open();

  while (headers.length > 0) {
    const { serverNow, usage } = await salesforce.request(get, open());
    assert.deepEqual({ serverNow, usage }, { serverNow: null, usage: null });
  }
});

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
    'SF-01',
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
  assert.deepEqual([fault.code, fault.safe], ['ORG-01', { org: '00D000000000001EAA' }]);
  assert.equal(org.received.length, org.signIns());

  const same = org.open({ expectOrgId: '00D000000000001EAA' as OrgId });
  assert.deepEqual(await same.identity(open()), { orgId: '00D000000000001EAA', instanceUrl: org.url });
});

test('after a token of another org, the next sign-in waits 10 s, however many requests there are', async () => {
  await using org = await openScriptedOrg();
  const clock = new ManualClock();
  const salesforce = org.open({ clock, expectOrgId: '00D000000000002EAA' as OrgId });
  for (let tries = 0; tries < 5; tries++) {
    assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'ORG-01');
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

test('a redirect is refused, so the token goes nowhere else', async () => {
  await using elsewhere = await openScriptedOrg();
  const location = { location: `${elsewhere.url}/services/data` };
  await using org = await openScriptedOrg(() => ({ status: 302, headers: location, body: 'moved' }));
  const allowHosts = [org.host, elsewhere.host];

  const fault = await faultFrom(org.open({ allowHosts }).request(get, open()));
  assert.deepEqual([fault.code, fault.safe], ['NET-04', { host: org.host, status: 302 }]);

  org.signIn = () => ({ status: 307, headers: location });
  assert.equal((await faultFrom(org.open({ allowHosts }).request(get, open()))).code, 'NET-04');
  assert.equal(elsewhere.received.length, 0);
});

test('an answer that does not come ends at the time-out', async () => {
  await using org = await openScriptedOrg(() => 'hang');
  const clock = new ManualClock();
  const salesforce = org.open({ clock, requestTimeoutMs: 20_000 });
  await salesforce.identity(open());

  const arrival = org.nextArrival();
  const fault = faultFrom(salesforce.request(get, open()));
  await arrival;
  clock.advance(20_000);

  assert.deepEqual((await fault).safe, { host: org.host, reason: 'no answer in 20000 ms' });
  assert.equal((await fault).code, 'NET-01');
});

test('a request may have a shorter time-out of its own', async () => {
  await using org = await openScriptedOrg(() => 'hang');
  const clock = new ManualClock();
  const salesforce = org.open({ clock, requestTimeoutMs: 20_000 });
  await salesforce.identity(open());

  const arrival = org.nextArrival();
  const fault = faultFrom(salesforce.request({ ...get, timeoutMs: 3_000 }, open()));
  await arrival;
  clock.advance(3_000);

  assert.deepEqual((await fault).safe, { host: org.host, reason: 'no answer in 3000 ms' });
});

test('an abort ends a request under way with the reason of the abort', async () => {
  await using org = await openScriptedOrg(() => 'hang');
  const salesforce = org.open();
  const controller = new AbortController();
  await salesforce.identity(open());

  const arrival = org.nextArrival();
  const work = salesforce.request(get, controller.signal);
  await arrival;
  controller.abort(new Error('stopping'));

  await assert.rejects(work, /^Error: stopping$/);
  await assert.rejects(salesforce.request(get, controller.signal), /^Error: stopping$/);
});

test('closing ends the requests under way, and nothing is sent afterwards', async () => {
  await using org = await openScriptedOrg(() => 'hang');
  const salesforce = org.open();
  await salesforce.identity(open());
  const arrival = org.nextArrival();
  const work = faultFrom(salesforce.request(get, open()));
  await arrival;

  await salesforce.close();

  assert.equal((await work).code, 'NET-01');
  assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'NET-01');
  assert.equal(org.received.length, 2);
});

test('a client that was closed before its first request sends none', async () => {
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  await salesforce.close();
  assert.equal((await faultFrom(salesforce.request(get, open()))).code, 'NET-01');
  assert.equal(org.received.length, 0);
});

test('a body that is truncated, damaged or wrongly encoded is a fault', async () => {
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  const gzip = { 'content-encoding': 'gzip' };
  const whole = gzipSync('{"a":"b"}');
  const codes = [];
  for (const reply of [
    { body: '{"a":"b"}', cut: true },
    { body: whole.subarray(0, whole.length - 6), headers: gzip },
    { body: 'no gzip', headers: gzip },
    { body: 'x', headers: { 'content-encoding': 'br' } },
    { body: Buffer.from([0x22, 0xe9, 0x22]) },
  ]) {
    org.answer = () => reply;
    codes.push((await faultFrom(salesforce.request(get, open()))).code);
  }
  assert.deepEqual(codes, ['NET-01', 'DATA-03', 'DATA-03', 'DATA-03', 'DATA-03']);
});

test('the fault of a refused connection names the host and the reason', async () => {
  const org = await openScriptedOrg();
  const salesforce = org.open();
  await salesforce.identity(open());
  const { host } = org;
  await org[Symbol.asyncDispose]();
  const again = org.open({ allowHosts: [host] });
  const fault = await faultFrom(again.identity(open()));
  await again.close();
  assert.deepEqual([fault.code, fault.safe], ['NET-01', { host, reason: 'ECONNREFUSED' }]);
});

test('no fault and no log line contains the token, the secret or the query', async () => {
  const query = `${path}?q=CanaryLiteral`;
  await using org = await openScriptedOrg();
  const salesforce = org.open();
  const faults: Fault[] = [];
  const echo = '[{"message":"CanaryLiteral token-1 the-client-secret","errorCode":"INVALID_TYPE"}]';
  for (const reply of [
    { body: 'CanaryLiteral token-1', cut: true },
    { status: 302, headers: { location: '/CanaryLiteral' }, body: 'CanaryLiteral' },
    { body: 'CanaryLiteral', headers: { 'content-encoding': 'gzip' } },
  ]) {
    org.answer = () => reply;
    faults.push(await faultFrom(salesforce.request({ ...get, path: query }, open())));
  }
  for (const body of [
    echo,
    '{"error":"invalid_grant","error_description":"the-client-secret"}',
    'the-client-secret',
  ]) {
    org.signIn = () => ({ status: 400, body });
    faults.push(await faultFrom(org.open().identity(open())));
  }
  org.signIn = () => ({ body: '{"access_token":"token-1","instance_url":"CanaryLiteral","id":"token-1"}' });
  faults.push(await faultFrom(org.open().identity(open())));

  const written = faults
    .map((fault) => [fault.stack, fault.next, JSON.stringify(fault), String(fault.cause)])
    .join();
  const all = written + org.logged();
  assert(org.logged().includes('salesforce answered') || org.logged().includes('signed in'), 'the log is on');
  for (const canary of ['CanaryLiteral', 'token-1', 'the-client-secret'])
    assert(!all.includes(canary), canary);
});
