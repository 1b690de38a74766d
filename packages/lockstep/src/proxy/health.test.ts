import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { openStage, requestText, type Stage, sendRaw, through } from '@lockstep/harness/proxy-stage';

const rows = '/services/data/v64.0/sobjects/Account';

const ask = async (stage: Stage, path: string, method = 'GET') => {
  const answer = await sendRaw(stage.proxy.port, requestText(method, path, { bearer: null }));
  return `${answer.status} ${answer.body.toString().trim()}`;
};

test('anybody may ask whether the proxy serves, and nothing of it reaches Salesforce', async () => {
  const clock = new ManualClock();
  await using stage = await openStage({ clock });
  assert.equal(await ask(stage, '/healthz'), '200 []');
  assert.equal(await ask(stage, '/readyz?verbose'), '200 []');
  assert.equal(await ask(stage, '/readyz', 'HEAD'), '200 ');
  assert.match(await ask(stage, '/healthz', 'POST'), /^404 .*LOCKSTEP_PRX_01/);
  assert.match(await ask(stage, '/healthz/x'), /^404 .*LOCKSTEP_PRX_01/);
  assert.equal(stage.org.seen.length + stage.org.sockets.size, 0);
  assert.equal(stage.logLines.filter((line) => line.includes('"request"')).length, 2, 'health is no news');
  clock.advance(60_000); // nobody has looked for a minute, so the end does not wait for anybody
});

test('without its control database the proxy serves and is not ready, and asks once a second at most', async () => {
  const clock = new ManualClock();
  let answer: () => Promise<unknown> = () => Promise.reject(new Error('away'));
  const asked: unknown[] = [];
  const reachControl = () => {
    asked.push('again');
    return answer();
  };
  await using stage = await openStage({ clock, reachControl });
  const away = '503 ["The control database does not answer."]';
  assert.equal(await ask(stage, '/readyz'), away);
  assert.equal(await ask(stage, '/readyz'), away);
  assert.equal(await ask(stage, '/healthz'), '200 []');
  assert.equal(asked.length, 1);

  clock.advance(1_000);
  answer = () => new Promise(() => undefined);
  const silent = ask(stage, '/readyz');
  while (asked.length < 2) await new Promise(setImmediate);
  clock.advance(2_000);
  assert.equal(await silent, away);

  answer = () => Promise.resolve();
  assert.equal(await ask(stage, '/readyz'), '200 []');
  clock.advance(60_000);
});

test('a balancer that looks learns of the end before connections are refused, and what is under way is answered', async () => {
  const clock = new ManualClock();
  await using stage = await openStage({ clock });
  assert.equal(await ask(stage, '/readyz'), '200 []');
  const arrived = Promise.withResolvers<ServerResponse>();
  stage.org.answer = (_, response) => arrived.resolve(response);
  const underWay = through(stage, 'GET', rows);
  const response = await arrived.promise;

  const closed = stage.proxy.close();
  assert.equal(await ask(stage, '/readyz'), '503 ["The proxy is being stopped."]');
  assert.equal(await ask(stage, '/healthz'), '200 []');
  stage.org.answer = (_, late) => late.writeHead(204).end();
  const late = await through(stage, 'GET', rows);
  assert.equal(late.status, 204, 'a request that comes meanwhile is served');
  assert.match(late.lines.join('\n'), /^connection: close$/im);

  clock.advance(5_000);
  while (!(await isRefused(stage)));
  response.writeHead(204).end();
  assert.equal((await underWay).status, 204);
  await closed;
});

const isRefused = (stage: Stage) =>
  ask(stage, '/healthz').then(
    () => false,
    () => true,
  );
