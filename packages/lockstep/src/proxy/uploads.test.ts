import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  openProxyHarness,
  type ProxyHarness,
  parseAnswer,
  refusalOf,
  requestText,
  sendRaw,
  syncId,
  through,
} from '@lockstep/harness/proxy-harness';
import { openBufferedBytes } from './buffered-bytes.ts';
import { uploadOf, wholeBody } from './uploads.ts';

const composite = '/services/data/v64.0/composite';
const row = '/services/data/v64.0/sobjects/Account/001D000000IqhSLIAZ';
const hundredBytes = 'x'.repeat(100);

/** A request whose body is still to come, as a server sees it. */
async function openRequest(contentLength: number) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${contentLength}\r\n\r\n`);
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  request.on('error', () => undefined);
  return {
    socket,
    request,
    [Symbol.dispose]() {
      socket.destroy();
      server.close();
    },
  };
}

/** Sends the head of a request that promises more bytes than follow. */
function begin(
  harness: ProxyHarness,
  method: string,
  path: string,
): { socket: Socket; answer: Promise<Buffer> } {
  const socket = connect(harness.proxy.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = new Promise<Buffer>((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))));
  const head = requestText(method, `/${syncId}${path}`, { headers: ['Content-Length: 1000000'] });
  socket.write(head.replace('Connection: close\r\n', ''));
  return { socket, answer: closed };
}

/** Until the proxy has done what it can without more bytes or more time. */
async function untilStill(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('reading a body fails if its sender disconnected before', async () => {
  using sender = await openRequest(9);
  const gone = once(sender.request, 'close').catch(() => undefined);
  sender.socket.destroy();
  await gone;
  const upload = uploadOf(sender.request, new ManualClock());
  await assert.rejects(wholeBody(upload, openBufferedBytes().open('sync')), /the caller left/);
});

test('a body that there is no room for can still be read from its start', async () => {
  using sender = await openRequest(300);
  const upload = uploadOf(sender.request, new ManualClock());
  assert(upload);
  const holding = openBufferedBytes(1_000).open('sync');
  const held = wholeBody(upload, holding);
  for (let part = 0; part < 3; part++) {
    sender.socket.write(hundredBytes);
    await untilStill();
  }
  assert.equal(await held, null);
  assert.equal(await text(upload), hundredBytes.repeat(3));
});

test('memory that one request releases is free for others, and one sync gets a quarter at most', () => {
  const held = openBufferedBytes(40);
  const first = held.open('sync');
  const second = held.open('sync');
  assert.equal(first.take(6), true);
  assert.equal(second.take(6), false);
  assert.equal(held.open('another').take(6), true);
  first.giveBack();
  assert.equal(second.take(6), true);
  const others = ['a', 'b', 'c', 'd'].map((sync) => held.open(sync).take(9));
  assert.deepEqual(others, [true, true, true, false], 'all together get no more than the limit');
});

test('while there is no memory to read bodies, writes pass through and are followed by a poll', async () => {
  await using harness = await openProxyHarness({ bufferedBytesMax: 400 });
  harness.org.answer = (_, response) => response.writeHead(200).end('{}');
  const body = JSON.stringify({ compositeRequest: [], padding: hundredBytes });
  const answer = await through(harness, 'POST', composite, { body });
  assert.equal(answer.header('Lockstep-Applied'), 'poll');
  assert.equal(harness.org.seen[0]?.body.toString(), body);
});

test('a request whose body does not come is refused, and nothing is recorded or sent', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const { answer } = begin(harness, 'POST', composite);
  await untilStill();
  clock.advance(20_000);
  const refused = parseAnswer(await answer);
  assert.equal(refusalOf(refused), '408 PRX-08');
  assert.deepEqual(harness.calls, []);
  assert.equal(harness.org.seen.length, 0);
});

test('a write whose body breaks off is not completed, and its outcome is unknown', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const { socket, answer } = begin(harness, 'PATCH', row);
  socket.write('{"Name":');
  await untilStill();
  clock.advance(20_001);
  await untilStill();
  clock.advance(20_001);
  const cut = parseAnswer(await answer);
  assert.equal(cut.status, 504);
  assert.equal(cut.header('Lockstep-Outcome'), 'unknown');
  assert.equal(harness.calls.at(-1), 'outcome 7 unknown');
  assert.equal(harness.org.seen.length, 0);
});

test('a body that was read for a refused write does not block the next request', async () => {
  await using harness = await openProxyHarness();
  harness.sync.recordIntent = async () => Promise.reject(new Error('the database is away'));
  const body = 'x'.repeat(9 * 1_048_576);
  const head = requestText('POST', `/${syncId}${composite}`, { body }).replace('Connection: close\r\n', '');
  const next = requestText('GET', `/${syncId}${row}`);
  const answers = (await sendRaw(harness.proxy.port, head + next)).body.toString();
  assert.match(answers, /LOCKSTEP_PRX_12[^]*HTTP\/1.1 204/);
});

test('an answer counts against the memory limit until the caller has read it', async () => {
  await using harness = await openProxyHarness({ bufferedBytesMax: 32 * 1_048_576 });
  const created = { id: '001D000000IqhSLIAZ', success: true, errors: ['x'.repeat(7 * 1_048_576)] };
  harness.org.answer = (_, response) => response.writeHead(201).end(JSON.stringify(created));
  const rows = '/services/data/v64.0/sobjects/Account';
  const post = () => through(harness, 'POST', rows, { body: '{}' });
  const idle = connect(harness.proxy.port, '127.0.0.1').pause();
  idle.write(requestText('POST', `/${syncId}${rows}`, { body: '{}' }));
  while (!harness.calls.includes('outcome 7 applied')) await untilStill();
  assert.equal((await post()).header('Lockstep-Applied'), 'poll', 'there is no room for another answer');
  idle.destroy();
  await untilStill();
  assert.equal((await post()).header('Lockstep-Applied'), 'yes');
});

test('bodies that do not come do not block the requests of other unverified callers for long', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  harness.org.questionStatus = 403;
  const silent = Array.from({ length: 8 }, () => begin(harness, 'PATCH', row));
  while (harness.proxy.load().underWay < 8) await new Promise(setImmediate);
  const other = through(harness, 'PATCH', row, { body: '{}' });
  while (harness.proxy.load().waiting < 1) await new Promise(setImmediate);
  clock.advance(20_000);
  assert.equal((await other).status, 204);
  for (const { answer } of silent) {
    const cut = parseAnswer(await answer);
    assert.equal(refusalOf(cut), '408 PRX-08', 'none of it was sent');
  }
});

test('a body may take any time at 500 bytes a second, but is cut off at 100', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  for (const [bytes, isCut] of [
    [500, false],
    [100, true],
  ] as const) {
    const { socket, answer } = begin(harness, 'POST', composite);
    const seen = { isOver: false };
    void answer.then(() => (seen.isOver = true));
    for (let second = 0; second < 60 && !seen.isOver; second += 5) {
      await untilStill();
      socket.write('x'.repeat(5 * bytes));
      await untilStill();
      clock.advance(5_000);
    }
    await untilStill();
    assert.equal(seen.isOver, isCut, `${bytes} bytes a second`);
    socket.destroy();
  }
});

test('an upload that waits for Salesforce is not too slow', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const megabytes = 64; // more than the sockets on the way can buffer
  const socket = connect(harness.proxy.port, '127.0.0.1');
  const answered = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
  const length = `Content-Length: ${megabytes * 1_048_576}`;
  socket.write(
    requestText('PUT', `/${syncId}/services/data/v64.0/jobs/ingest/750/batches`, { headers: [length] }),
  );
  while (harness.org.sockets.size === 0) await new Promise(setImmediate);
  for (const upstream of harness.org.sockets) upstream.pause();
  for (let sent = 0; sent < megabytes; sent++) socket.write(Buffer.alloc(1_048_576, 1));
  for (let minute = 0; minute < 10; minute++) {
    await untilStill();
    clock.advance(60_000);
  }
  for (const upstream of harness.org.sockets) upstream.resume();
  assert.match(await answered, /^HTTP\/1.1 204 /);
});
