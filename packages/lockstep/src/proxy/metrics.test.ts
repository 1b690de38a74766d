import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, systemClock } from '@lockstep/foundation/clock';
import { openProxyHarness, requestText, sendRaw, syncId, through } from '@lockstep/harness/proxy-harness';
import type { SyncGauges } from '../engine/index.ts';
import { openMetrics } from './metrics.ts';
import { startMetrics } from './metrics-listener.ts';

const rows = '/services/data/v64.0/sobjects/Account';
const row = `${rows}/001D000000IqhSLIAZ`;

const nothing = { setAside: [], problems: [] };

/** The samples of one metric, without its HELP and TYPE lines. */
const linesOf = (text: string, name: string) =>
  text.split('\n').filter((line) => line.startsWith(name) && line !== '');

test('requests are counted by sync, method and outcome, and their phases are measured', async () => {
  const metrics = openMetrics({
    clock: systemClock,
    gaugesOf: async () => ({ name: 'acme "one"', openRepairs: 3, ...nothing }),
  });
  await using harness = await openProxyHarness({ metrics });
  await through(harness, 'PATCH', row, { body: '{"Name":"canary"}' });
  await through(harness, 'GET', `${rows}?q=canary`);
  await through(harness, 'GET', rows, { bearer: null });
  await sendRaw(harness.proxy.port, requestText('GET', `/s${'b'.repeat(26)}${rows}`));
  await sendRaw(harness.proxy.port, requestText('PROPFIND', `/${syncId}${rows}`));
  await harness.proxy.close();

  const text = await metrics.text();
  assert.deepEqual(linesOf(text, 'lockstep_proxy_requests_total').toSorted(), [
    `lockstep_proxy_requests_total{sync="",method="GET",outcome="PRX-01"} 1`,
    `lockstep_proxy_requests_total{sync="",method="other",outcome="PRX-08"} 1`,
    `lockstep_proxy_requests_total{sync="${syncId}",method="GET",outcome="PRX-03"} 1`,
    `lockstep_proxy_requests_total{sync="${syncId}",method="GET",outcome="read"} 1`,
    `lockstep_proxy_requests_total{sync="${syncId}",method="PATCH",outcome="yes"} 1`,
  ]);
  for (const kind of ['read', 'write']) {
    for (const phase of ['queued', 'total']) {
      const counted = `lockstep_proxy_phase_seconds_count{phase="${phase}",kind="${kind}"} 1`;
      assert(linesOf(text, 'lockstep_proxy_phase_seconds_count').includes(counted), counted);
    }
  }
  assert.deepEqual(linesOf(text, 'lockstep_open_repairs'), [`lockstep_open_repairs{sync="${syncId}"} 3`]);
  const name = 'acme \\"one\\"';
  assert.deepEqual(linesOf(text, 'lockstep_sync_info'), [
    `lockstep_sync_info{sync="${syncId}",name="${name}"} 1`,
  ]);
  assert.match(text, /^process_resident_memory_bytes \d/m);
  assert.doesNotMatch(text, /canary|001D0/);
});

test('the metrics show how many requests are under way and waiting now', async () => {
  const metrics = openMetrics({ clock: systemClock, gaugesOf: async () => null });
  const bounds = { underWay: 1, waiting: 5 };
  await using harness = await openProxyHarness({ metrics, bounds: [bounds, bounds, bounds] });
  const held = Promise.withResolvers<() => void>();
  harness.org.answer = (_, response) => held.resolve(() => response.writeHead(204).end());
  const first = through(harness, 'GET', rows);
  const answer = await held.promise;
  const second = through(harness, 'GET', rows);
  while (harness.proxy.load().waiting === 0) await new Promise(setImmediate);
  const lines = linesOf(await metrics.text(), 'lockstep_proxy_requests_now');
  assert.deepEqual(lines, [
    'lockstep_proxy_requests_now{state="under_way"} 1',
    'lockstep_proxy_requests_now{state="waiting"} 1',
  ]);
  harness.org.answer = (_, response) => response.writeHead(204).end();
  answer();
  await Promise.all([first, second]);
  assert.match(await metrics.text(), /requests_now\{state="under_way"\} 0/);
});

test('a database is asked at most every ten seconds, and if it does not answer only its own metrics are missing', async () => {
  const clock = new ManualClock();
  let asked = 0;
  let answer: () => Promise<SyncGauges | null> = async () => ({
    ...nothing,
    name: 'acme',
    openRepairs: asked,
  });
  const gaugesOf = () => {
    asked += 1;
    return answer();
  };
  const metrics = openMetrics({ clock, gaugesOf });
  await using harness = await openProxyHarness({ metrics });
  await through(harness, 'GET', rows);
  const repairs = async () => linesOf(await metrics.text(), 'lockstep_open_repairs');
  assert.deepEqual(await repairs(), [`lockstep_open_repairs{sync="${syncId}"} 1`]);
  assert.deepEqual(await repairs(), [`lockstep_open_repairs{sync="${syncId}"} 1`]);

  clock.advance(10_000);
  answer = () => new Promise(() => undefined);
  const silent = repairs();
  clock.advance(2_000);
  assert.deepEqual(await silent, []);

  clock.advance(10_000);
  answer = async () => ({ name: 'renamed', openRepairs: 0, ...nothing });
  assert.deepEqual(await repairs(), [`lockstep_open_repairs{sync="${syncId}"} 0`]);
  assert.deepEqual(linesOf(await metrics.text(), 'lockstep_sync_info'), [
    `lockstep_sync_info{sync="${syncId}",name="renamed"} 1`,
  ]);

  clock.advance(10_000);
  answer = async () => null;
  assert.deepEqual(await repairs(), [], 'an erased sync is forgotten');
});

test('set-aside records and problems are shown by names and codes, and disappear when they are resolved', async () => {
  const clock = new ManualClock();
  const group = { sobject: 'Contact', column_name: 'birthdate', code: 'misfit', rows: 12 };
  let answer: SyncGauges = {
    name: 'acme',
    openRepairs: 0,
    setAside: [group, { ...group, column_name: null, code: '23505', rows: 1 }],
    problems: [{ sobject: 'Lead', kind: 'poll', code: 'DB-15' }],
  };
  const metrics = openMetrics({ clock, gaugesOf: async () => answer });
  await using harness = await openProxyHarness({ metrics });
  await through(harness, 'GET', rows);
  const shown = async () =>
    linesOf(await metrics.text(), 'lockstep_').filter((line) => /_set_aside_|_problems/.test(line));
  const label = `sync="${syncId}"`;
  assert.deepEqual(await shown(), [
    `lockstep_set_aside_rows{${label},object="Contact",column="birthdate",reason="misfit"} 12`,
    `lockstep_set_aside_rows{${label},object="Contact",column="",reason="23505"} 1`,
    `lockstep_problems{${label},object="Lead",kind="poll",code="DB-15"} 1`,
  ]);
  answer = { ...answer, setAside: [{ ...group, rows: 2 }], problems: [] };
  clock.advance(10_000);
  assert.deepEqual(await shown(), [
    `lockstep_set_aside_rows{${label},object="Contact",column="birthdate",reason="misfit"} 2`,
  ]);
});

test('metrics are served on a port of their own, and nothing else is', async () => {
  const metrics = openMetrics({ clock: systemClock, gaugesOf: async () => null });
  const listener = await startMetrics(metrics, { host: '127.0.0.1', port: 0 });
  try {
    assert.equal(listener.url, `http://127.0.0.1:${listener.port}/metrics`);
    const answer = await fetch(listener.url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(await answer.text(), /^# TYPE lockstep_proxy_requests_total counter$/m);
    assert.equal((await fetch(new URL('/', listener.url))).status, 404);
    assert.equal((await fetch(listener.url, { method: 'POST' })).status, 404);
  } finally {
    await listener.close();
  }
});
