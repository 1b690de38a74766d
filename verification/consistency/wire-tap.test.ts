import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { exchange, openAgent } from './http-exchange.ts';
import { clientName, openWireTap } from './wire-tap.ts';

const org = createServer((request, response) => {
  const answer = () => {
    const body = `{"path":"${request.url}"}`;
    response.writeHead(201, { 'X-From': 'org', 'Content-Length': body.length });
    if (request.url === '/reset') request.socket.resetAndDestroy();
    else if (request.url === '/torn')
      response.write(body.slice(0, 6), () => setTimeout(() => request.socket.resetAndDestroy(), 20));
    else response.end(body);
  };
  request.resume().once('end', answer);
});
await new Promise<void>((resolve) => org.listen(0, '127.0.0.1', resolve));
const repeated: number[] = [];
const tap = await openWireTap({ host: '127.0.0.1', port: (org.address() as AddressInfo).port }, (write) =>
  repeated.push(write),
);
const agent = openAgent(1); // one connection, so that requests follow each other on it
after(async () => {
  agent.destroy();
  await tap[Symbol.asyncDispose]();
  org.closeAllConnections();
  await new Promise((resolve) => org.close(resolve));
});

const send = (path: string, write?: number, body = '{"Name":"New"}') =>
  exchange(agent, {
    method: 'POST',
    url: `${tap.url}${path}`,
    headers: write === undefined ? {} : { 'Sforce-Call-Options': `client=${clientName(write)}` },
    body,
  });

test('the org’s answer to a write is recorded, and forwarded byte for byte', async () => {
  for (const write of [1, 2]) {
    const answer = await send(`/${write}`, write, 'x'.repeat(200_000));
    assert.ok(answer?.kind === 'answer');
    const noted = tap.take(write);
    assert.deepEqual([noted?.status, noted?.isWhole], [201, true]);
    assert.deepEqual(noted?.body, answer.body);
    assert.ok(noted?.headers.includes('X-From'));
  }
});

test('other requests are forwarded and not recorded', async () => {
  const answer = await send('/other');
  assert.equal(answer?.kind === 'answer' && String(answer.body), '{"path":"/other"}');
});

test('a connection that the org resets is reset, and its answer is incomplete', async () => {
  assert.deepEqual(await send('/reset', 10), { kind: 'none' });
  assert.equal(tap.take(10), undefined);
  assert.deepEqual(await send('/torn', 11), { kind: 'none' });
  const noted = tap.take(11);
  assert.deepEqual([noted?.status, String(noted?.body), noted?.isWhole], [201, '{"path', false]);
});

test('a repeated write is reported, even after its answer was taken', async () => {
  await send('/a', 20);
  tap.take(20);
  await send('/b', 20);
  await send('/c', 21);
  assert.deepEqual(repeated, [20]);
});
