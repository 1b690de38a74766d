import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  openProxyHarness,
  type ProxyHarness,
  requestText,
  sendRaw,
  through,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';

const ask = async (harness: ProxyHarness, path: string, method = 'GET') => {
  const answer = await sendRaw(harness.proxy.port, requestText(method, path, { bearer: null }));
  return `${answer.status} ${answer.body.toString().trim()}`;
};

test('health needs no token, and nothing of it reaches Salesforce', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  assert.equal(await ask(harness, '/healthz'), '200 []');
  assert.equal(await ask(harness, '/readyz?verbose'), '200 []');
  assert.equal(await ask(harness, '/readyz', 'HEAD'), '200 ');
  assert.match(await ask(harness, '/healthz', 'POST'), /^404 .*LOCKSTEP_PRX_01/);
  assert.match(await ask(harness, '/healthz/x'), /^404 .*LOCKSTEP_PRX_01/);
  assert.equal(harness.org.seen.length + harness.org.sockets.size, 0);
  assert.equal(
    harness.logLines.filter((line) => line.includes('"request"')).length,
    2,
    'health is not logged',
  );
  clock.advance(60_000); // nobody has asked for a minute, so the shutdown waits for nobody
});

test('without its control database the proxy is healthy but not ready, and asks it once a second at most', async () => {
  const clock = new ManualClock();
  let answer: () => Promise<unknown> = () => Promise.reject(new Error('away'));
  const asked: unknown[] = [];
  const reachControl = () => {
    asked.push('again');
    return answer();
  };
  await using harness = await openProxyHarness({ clock, reachControl });
  const away = '503 ["The control database does not answer."]';
  assert.equal(await ask(harness, '/readyz'), away);
  assert.equal(await ask(harness, '/readyz'), away);
  assert.equal(await ask(harness, '/healthz'), '200 []');
  assert.equal(asked.length, 1);

  clock.advance(1_000);
  answer = () => new Promise(() => undefined);
  const silent = ask(harness, '/readyz');
  while (asked.length < 2) await new Promise(setImmediate);
  clock.advance(2_000);
  assert.equal(await silent, away);

  answer = () => Promise.resolve();
  assert.equal(await ask(harness, '/readyz'), '200 []');
  clock.advance(60_000);
});

test('a load balancer learns of the shutdown before connections are refused, and requests under way are answered', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  assert.equal(await ask(harness, '/readyz'), '200 []');
  const arrived = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => arrived.resolve(response);
  const underWay = through(harness, 'GET', rows);
  const response = await arrived.promise;

  const closed = harness.proxy.close();
  assert.equal(await ask(harness, '/readyz'), '503 ["The proxy is being stopped."]');
  assert.equal(await ask(harness, '/healthz'), '200 []');
  harness.org.answer = (_, late) => late.writeHead(204).end();
  const late = await through(harness, 'GET', rows);
  assert.equal(late.status, 204, 'a request that comes meanwhile is served');
  assert.match(late.lines.join('\n'), /^connection: close$/im);

  clock.advance(5_000);
  while (!(await isRefused(harness)));
  response.writeHead(204).end();
  assert.equal((await underWay).status, 204);
  await closed;
});

const isRefused = (harness: ProxyHarness) =>
  ask(harness, '/healthz').then(
    () => false,
    () => true,
  );
