import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '@lockstep/foundation/clock';
import { faultFrom, openScriptedOrg } from '@lockstep/harness/scripted-org';
import type { Fault } from '../core/faults.ts';

const path = '/services/data/v62.0/sobjects';
const get = { method: 'GET', path, purpose: 'poll' } as const;
const open = () => new AbortController().signal;

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
