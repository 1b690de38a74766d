import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  openProxyHarness,
  type ProxyHarness,
  type RawAnswer,
  through,
  token,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const row = `${rows}/001D000000IqhSLIAZ`;

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

const write = (harness: ProxyHarness, bearer = token): Promise<RawAnswer> =>
  through(harness, 'PATCH', row, { body: '{}', bearer });
const intents = (harness: ProxyHarness) => harness.calls.filter((call) => call.startsWith('intent')).length;

test('few writes are recorded for tokens that Salesforce has not accepted yet, and all after one success', async () => {
  await using harness = await openProxyHarness();
  const org = holdAnswers(harness);
  const made = (name: number) => write(harness, `00D000000000AbC!canary.made.up.${name}`);
  const answers = Array.from({ length: 6 }, (_, name) => made(name));
  answers.push(...Array.from({ length: 6 }, () => write(harness)));
  while (harness.proxy.load().waiting < 8) await new Promise(setImmediate);
  await org.untilArrived(4);
  assert.equal(intents(harness), 4);

  for (let at = 0; at < 5; at++) {
    org.answer(at, 401);
    await org.untilArrived(at + 5);
    assert.equal(intents(harness), at + 5, 'one begins when one ends');
  }
  for (let at = 5; at < 12; at++) {
    await org.untilArrived(at + 1);
    org.answer(at, 204);
  }
  for (const answer of answers) assert([204, 401].includes((await answer).status));

  const known = Array.from({ length: 8 }, () => write(harness));
  await org.untilArrived(20);
  for (let at = 12; at < 20; at++) org.answer(at, 204);
  for (const answer of known) assert.equal((await answer).status, 204);
});

test('the waiting requests of a new caller are admitted as soon as one is answered', async () => {
  await using harness = await openProxyHarness();
  const org = holdAnswers(harness);
  const writes = Array.from({ length: 40 }, () => write(harness));
  await org.untilArrived(4);
  org.answer(0, 204);
  await org.untilArrived(40);
  for (let at = 1; at < 40; at++) org.answer(at, 204);
  for (const answer of writes) assert.equal((await answer).status, 204);
});

test('a read verifies its caller, unless anybody would get that answer', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const isKnown = async () => {
    const org = holdAnswers(harness);
    const writes = Array.from({ length: 5 }, () => write(harness));
    let load = harness.proxy.load();
    while (load.underWay + load.waiting < 5) {
      await new Promise(setImmediate);
      load = harness.proxy.load();
    }
    for (let at = 0; at < 5; at++) {
      await org.untilArrived(at + 1);
      org.answer(at, 400);
    }
    await Promise.all(writes);
    harness.org.answer = (_, response) => response.writeHead(200).end();
    return load.waiting === 0;
  };
  harness.org.answer = (_, response) => response.writeHead(200).end();
  for (const [method, path] of [
    ['GET', '/services/data/'],
    ['GET', '/services/data/v64.0'],
    ['OPTIONS', rows],
    ['POST', '/services/oauth2/revoke'],
  ] as const) {
    assert.equal((await through(harness, method, path)).status, 200);
  }
  assert.equal(await isKnown(), false);
  assert.equal((await through(harness, 'GET', `${rows}/describe`)).status, 200);
  assert.equal(await isKnown(), true);
  clock.advance(10 * 60_000);
  assert.equal(await isKnown(), false);
});

test('the wait of an unverified caller counts towards the wait for its turn', async () => {
  const clock = new ManualClock();
  const bounds = { underWay: 4, waiting: 10 };
  await using harness = await openProxyHarness({ clock, bounds: [bounds, bounds, bounds] });
  const org = holdAnswers(harness);
  const first = Array.from({ length: 4 }, () => write(harness));
  await org.untilArrived(4);
  const read = through(harness, 'GET', row, { bearer: '00D000000000AbC!a.reader' });
  while (harness.proxy.load().waiting < 1) await new Promise(setImmediate);
  const late = write(harness, '00D000000000AbC!another');
  while (harness.proxy.load().waiting < 2) await new Promise(setImmediate);
  clock.advance(40_000);
  org.answer(0, 400);
  await org.untilArrived(5); // the read has the turn, and the late write the place of an unverified caller
  while (harness.proxy.load().waiting < 1) await new Promise(setImmediate);
  clock.advance(20_000);
  assert.equal((await late).status, 429);
  for (let at = 1; at < 5; at++) org.answer(at, 400);
  await Promise.all([...first, read]);
});
