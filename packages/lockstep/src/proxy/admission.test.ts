import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  openProxyHarness,
  type ProxyHarness,
  requestText,
  type SeenRequest,
  syncId,
  through,
  token,
} from '@lockstep/harness/proxy-harness';
import type { AdmissionBounds } from './admission.ts';

const rows = '/services/data/v64.0/sobjects/Account';
const otherToken = `${token}.other`;

const boundsOf = (underWay: number, waiting: number): AdmissionBounds => [
  { underWay, waiting },
  { underWay, waiting },
  { underWay, waiting },
];

/** An org that answers only on command, and the requests that it has received. */
function holdAnswers(harness: ProxyHarness) {
  const held: { seen: SeenRequest; response: ServerResponse }[] = [];
  let onArrival: () => void = () => undefined;
  harness.org.answer = (seen, response) => {
    held.push({ seen, response });
    onArrival();
  };
  return {
    held,
    async arrived(count: number) {
      while (held.length < count) await new Promise<void>((resolve) => (onArrival = resolve));
    },
    answer: (at: number) => held[at]?.response.writeHead(204).end(),
  };
}

async function untilWaiting(harness: ProxyHarness, count: number): Promise<void> {
  while (harness.proxy.load().waiting !== count) await new Promise(setImmediate);
}

test('a request beyond the limit waits, and is sent when another one ends', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 10) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const second = through(harness, 'POST', rows, { body: '{}' });
  await untilWaiting(harness, 1);
  assert.equal(org.held.length, 1);
  assert.deepEqual(harness.calls, [], 'a waiting write is not recorded');
  org.answer(0);
  assert.equal((await first).status, 204);
  await org.arrived(2);
  assert.equal(org.held[1]?.seen.body.toString(), '{}');
  org.answer(1);
  assert.equal((await second).status, 204);
  await harness.proxy.close();
  assert.match(
    harness.logLines.join(''),
    /"method":"POST"[^}]*"queuedMs":\d/,
    'the log shows which request waited',
  );
});

test('when too many requests wait already, the next is refused and not sent', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 1) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const second = through(harness, 'GET', rows);
  await untilWaiting(harness, 1);
  const refused = await through(harness, 'GET', rows);
  assert.equal(refused.status, 429);
  assert.equal(refused.header('Lockstep-Error'), 'PRX-10');
  assert.equal(refused.header('Retry-After'), '5');
  assert.match(refused.body.toString(), /too many wait.*LOCKSTEP_PRX_10/);
  org.answer(0);
  await org.arrived(2);
  org.answer(1);
  assert.deepEqual([(await first).status, (await second).status, org.held.length], [204, 204, 2]);
});

test('a caller with many waiting requests loses places to one with few', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 3) });
  const org = holdAnswers(harness);
  const greedy = [through(harness, 'GET', `${rows}?greedy=0`)];
  await org.arrived(1);
  for (let asked = 1; asked <= 3; asked++) {
    greedy.push(through(harness, 'GET', `${rows}?greedy=${asked}`));
    await untilWaiting(harness, asked);
  }
  const modest = through(harness, 'GET', `${rows}?modest`, { bearer: otherToken });
  assert.equal((await greedy[3])?.status, 429, 'it is displaced at once');
  for (let at = 0; at < 4; at++) {
    await org.arrived(at + 1);
    org.answer(at);
  }
  assert.equal((await modest).status, 204);
  assert.deepEqual(
    org.held.map(({ seen }) => seen.url.split('?')[1]),
    ['greedy=0', 'greedy=1', 'modest', 'greedy=2'],
  );
  assert.deepEqual(
    (await Promise.all(greedy)).map(({ status }) => status),
    [204, 204, 204, 429],
  );
});

test('a request that has waited for a minute is refused', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock, bounds: boundsOf(1, 10) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const second = through(harness, 'GET', rows);
  await untilWaiting(harness, 1);
  clock.advance(60_000);
  assert.match((await second).body.toString(), /has waited 60 s/);
  org.answer(0);
  assert.equal((await first).status, 204);
  assert.equal(org.held.length, 1);
});

test('a caller who disconnects while waiting leaves the queue, and the request is not sent', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 1) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const leaving = connect(harness.proxy.port, '127.0.0.1');
  leaving.write(requestText('POST', `/${syncId}${rows}`, { body: '{"Name":"gone"}' }));
  await untilWaiting(harness, 1);
  leaving.destroy();
  await untilWaiting(harness, 0);
  const second = through(harness, 'GET', rows);
  await untilWaiting(harness, 1);
  org.answer(0);
  await org.arrived(2);
  org.answer(1);
  assert.deepEqual([(await first).status, (await second).status], [204, 204]);
  assert.deepEqual(
    org.held.map(({ seen }) => seen.method),
    ['GET', 'GET'],
  );
  assert.deepEqual(harness.calls, []);
});

test('the body of a waiting request is not read', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 10) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const body = Buffer.alloc(32 * 1024 * 1024, 'x'); // more than the sockets in between can buffer
  const socket = connect(harness.proxy.port, '127.0.0.1');
  const head = requestText('POST', `/${syncId}${rows}`, { headers: [`Content-Length: ${body.length}`] });
  socket.write(head);
  let isRead = false;
  socket.write(body, () => (isRead = true));
  await untilWaiting(harness, 1);
  assert.equal(isRead, false);
  org.answer(0);
  await first;
  await org.arrived(2);
  assert.equal(isRead, true);
  assert.equal(org.held[1]?.seen.body.length, body.length);
  org.answer(1);
  await once(socket, 'data');
  socket.destroy();
});

test('a caller who expects 100 Continue gets it when it is the turn of the request', async () => {
  await using harness = await openProxyHarness({ bounds: boundsOf(1, 10) });
  const org = holdAnswers(harness);
  const first = through(harness, 'GET', rows);
  await org.arrived(1);
  const socket = connect(harness.proxy.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  const expects = ['Expect: 100-continue', 'Content-Length: 2'];
  socket.write(requestText('POST', `/${syncId}${rows}`, { headers: expects }));
  await untilWaiting(harness, 1);
  assert.equal(received, '');
  org.answer(0);
  await first;
  while (!received.includes('\r\n\r\n')) await once(socket, 'data');
  assert.equal(received, 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('{}');
  await org.arrived(2);
  org.answer(1);
  await once(socket, 'close');
  assert.match(received, /204 No Content/);
});

test('a caller who expects 100 Continue and is refused has the connection closed', async () => {
  await using harness = await openProxyHarness();
  const socket = connect(harness.proxy.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  const lines = [`POST /${syncId}${rows} HTTP/1.1`, 'Host: x', 'Expect: 100-continue', 'Content-Length: 2'];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await once(socket, 'close');
  assert.match(received, /^HTTP\/1\.1 401 /);
  assert.match(received, /\r\nConnection: close\r\n/i);
  assert.equal(harness.org.seen.length, 0);
});
