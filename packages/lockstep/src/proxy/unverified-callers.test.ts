import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  invalidSession,
  openProxyHarness,
  type ProxyHarness,
  type RawAnswer,
  through,
  token,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const row = `${rows}/001D000000IqhSLIAZ`;
const collection = '/services/data/v64.0/composite/sobjects';

/** An org that answers only on command, and the requests that it has received. */
function holdAnswers(harness: ProxyHarness) {
  const held: ServerResponse[] = [];
  harness.org.answer = (_, response) => held.push(response);
  return {
    held,
    async untilArrived(count: number) {
      while (held.length < count) await new Promise(setImmediate);
    },
    answer: (at: number, status: number) => held[at]?.writeHead(status).end(),
  };
}

const madeUp = (name: number) => `00D000000000AbC!canary.made.up.${name}`;
const write = (harness: ProxyHarness, bearer = token): Promise<RawAnswer> =>
  through(harness, 'PATCH', row, { body: '{}', bearer });
const read = (harness: ProxyHarness, bearer = token): Promise<RawAnswer> =>
  through(harness, 'GET', `${rows}/describe`, { bearer });
const intents = (harness: ProxyHarness) => harness.calls.filter((call) => call.startsWith('intent')).length;

test('for a token that Salesforce does not accept nothing is recorded or sent, and its answer is passed on', async () => {
  await using harness = await openProxyHarness();
  harness.org.questionStatus = 401;
  harness.org.answer = (_, response) => response.writeHead(401).end(invalidSession);
  const body = '{"records":[{"attributes":{"type":"Account"}}]}';
  for (const answer of [await write(harness), await through(harness, 'POST', collection, { body })]) {
    assert.equal(answer.status, 401);
    assert.equal(answer.header('Lockstep-Applied'), 'no');
    assert.equal(answer.body.toString(), invalidSession);
  }
  assert.deepEqual(harness.calls, []);
  assert.equal(harness.org.questions, 1, 'a refused token is not asked about for a minute');
  assert.equal(harness.org.seen.length, 1, 'within that minute Salesforce answers itself');
});

test('a write that succeeds although Salesforce did not say whether it accepts the token is followed by a poll', async () => {
  await using harness = await openProxyHarness();
  harness.org.questionStatus = 403;
  assert.equal((await write(harness)).header('Lockstep-Applied'), 'poll');
  assert.deepEqual(harness.calls, ['poll all']);
  assert.equal((await write(harness)).header('Lockstep-Applied'), 'yes', 'the success has proved the token');
});

test('the writes of a new caller begin after one question, and all are recorded', async () => {
  await using harness = await openProxyHarness();
  const org = holdAnswers(harness);
  const writes = Array.from({ length: 40 }, () => write(harness));
  await org.untilArrived(40);
  assert.deepEqual([harness.org.questions, intents(harness)], [1, 40]);
  for (let at = 0; at < 40; at++) org.answer(at, 204);
  for (const answer of writes) assert.equal((await answer).status, 204);
});

test('callers with made-up tokens share few places, and a known caller has its own', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(200).end('{}');
  await read(harness);
  harness.org.questionStatus = 403;
  const org = holdAnswers(harness);
  const strangers = Array.from({ length: 200 }, (_, name) =>
    (name % 2 === 0 ? read : write)(harness, madeUp(name)),
  );
  while (harness.proxy.load().waiting < 184) await new Promise(setImmediate);
  await org.untilArrived(16);
  const known = Array.from({ length: 100 }, () => write(harness));
  await org.untilArrived(116);
  for (let at = 16; at < 116; at++) org.answer(at, 204);
  for (const answer of known) assert.equal((await answer).status, 204);
  assert.equal(intents(harness), 100);
  harness.org.answer = (_, response) => response.writeHead(401).end();
  for (let at = 0; at < 16; at++) org.answer(at, 401);
  for (const answer of strangers) assert.equal((await answer).status, 401);
});

test('requests of unverified callers begin forty a second, after a few at once', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  harness.org.answer = (_, response) => response.writeHead(401).end();
  const answers = Array.from({ length: 60 }, (_, name) => read(harness, madeUp(name)));
  while (harness.org.arrived < 20) await new Promise(setImmediate);
  for (let arrived = 21; arrived <= 60; arrived++) {
    for (let round = 0; round < 50; round++) await new Promise(setImmediate);
    assert.ok(harness.org.arrived < arrived, 'the next begins a fortieth of a second later');
    clock.advance(25);
    while (harness.org.arrived < arrived) await new Promise(setImmediate);
  }
  for (const answer of answers) assert.equal((await answer).status, 401);
});

test('a read verifies its caller, unless anybody would get that answer', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const isAskedAbout = async () => {
    const before = harness.org.questions;
    harness.org.answer = (_, response) => response.writeHead(400).end();
    await write(harness);
    return harness.org.questions > before;
  };
  const readFrom = async (method: string, path: string, status = 200) => {
    harness.org.answer = (_, response) => response.writeHead(status).end();
    assert.equal((await through(harness, method, path)).status, status);
  };
  await readFrom('GET', '/services/data/');
  await readFrom('GET', '/services/data/v64.0');
  await readFrom('OPTIONS', rows);
  await readFrom('POST', '/services/oauth2/revoke');
  assert.equal(await isAskedAbout(), true);
  clock.advance(10 * 60_000);
  await readFrom('GET', `${rows}/describe`);
  assert.equal(await isAskedAbout(), false);
  clock.advance(10 * 60_000);
  assert.equal(await isAskedAbout(), true);
  assert.equal(await isAskedAbout(), false);
  await readFrom('GET', `${rows}/describe`, 401);
  assert.equal(await isAskedAbout(), true, 'the token has expired or was revoked');
  for (const path of ['/services/apexrest/x', '/services/async/64.0/job/750', '/services/Soap/u/64.0']) {
    clock.advance(10 * 60_000);
    await readFrom('POST', path);
    assert.equal(await isAskedAbout(), false, path);
  }
});

test('the wait of an unverified caller counts towards the wait for its turn', async () => {
  const clock = new ManualClock();
  const bounds = { underWay: 8, waiting: 10 };
  await using harness = await openProxyHarness({ clock, bounds: [bounds, bounds, bounds] });
  harness.org.answer = (_, response) => response.writeHead(200).end();
  const reader = '00D000000000AbC!a.reader';
  await read(harness, reader);
  harness.org.questionStatus = 403;
  const org = holdAnswers(harness);
  const first = Array.from({ length: 8 }, () => write(harness));
  await org.untilArrived(8);
  const waiting = read(harness, reader);
  while (harness.proxy.load().waiting < 1) await new Promise(setImmediate);
  const late = write(harness);
  while (harness.proxy.load().waiting < 2) await new Promise(setImmediate);
  clock.advance(40_000);
  org.answer(0, 400);
  await org.untilArrived(9); // the reader has the turn, and the late write the place of an unverified caller
  while (harness.proxy.load().waiting < 1) await new Promise(setImmediate);
  clock.advance(20_000);
  assert.equal((await late).status, 429);
  for (let at = 1; at < 9; at++) org.answer(at, 400);
  await Promise.all([...first, waiting]);
});
