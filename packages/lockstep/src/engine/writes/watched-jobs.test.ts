import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { openScriptedOrg } from '@lockstep/harness/scripted-org';
import { WatchedJobs } from './watched-jobs.ts';

const job = { id: '750R0000000zlh9IAA', sobject: 'account' };

async function openWatch(answer: (asked: number) => { status?: number; body: string }) {
  let asked = 0;
  const org = await openScriptedOrg(({ path }) => {
    assert.match(path, /\/jobs\/ingest\/750R0000000zlh\wIAA$/);
    return answer(++asked);
  });
  const clock = new ManualClock();
  const polled: number[] = [];
  const seen = { resolve: () => undefined as void };
  const closing = new AbortController();
  const pollSoon = () => {
    polled.push(clock.now());
    seen.resolve();
  };
  const jobs = new WatchedJobs({ clock, salesforce: org.open(), pollSoon }, closing.signal);
  const began = clock.now();
  jobs.watch(job);
  return {
    jobs,
    clock,
    /** When the sobject was polled, in seconds. */
    seconds: () => polled.map((at) => (at - began) / 1_000),
    /** Advances the clock and waits until the job was checked. */
    async pass(ms: number): Promise<void> {
      const next = new Promise<void>((resolve) => (seen.resolve = resolve));
      clock.advance(ms);
      await next;
      await new Promise((resolve) => setImmediate(resolve));
    },
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await org[Symbol.asyncDispose]();
    },
  };
}

const state = (name: string) => ({ body: JSON.stringify({ id: job.id, object: 'Account', state: name }) });

test('the object of a job is polled less and less often until the job is finished', async () => {
  await using watch = await openWatch((asked) => state(asked < 4 ? 'InProgress' : 'JobComplete'));
  for (const ms of [2_000, 4_000, 8_000, 16_000]) await watch.pass(ms);
  assert.deepEqual(watch.seconds(), [2, 6, 14, 30]);
  watch.clock.advance(3_600_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watch.asked(), 4);
});

test('a job that the sync may not see is assumed to run for a quarter of an hour', async () => {
  await using watch = await openWatch(() => ({ status: 404, body: '[{"errorCode":"NOT_FOUND"}]' }));
  for (const ms of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000]) await watch.pass(ms);
  await watch.pass(15 * 60_000);
  const asked = watch.asked();
  watch.clock.advance(3_600_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watch.asked(), asked);
});

test('a job that is watched already is not watched twice', async () => {
  await using watch = await openWatch(() => state('InProgress'));
  watch.jobs.watch(job);
  await watch.pass(2_000);
  assert.equal(watch.asked(), 1);
});

test('many jobs are checked one after another, three seconds apart', async () => {
  await using watch = await openWatch(() => state('InProgress'));
  for (const last of ['1', '2', '3']) watch.jobs.watch({ ...job, id: `750R0000000zlh${last}IAA` });
  await watch.pass(2_000);
  for (let at = 0; at < 4; at++) await watch.pass(3_000);
  assert.deepEqual(watch.seconds(), [2, 5, 8, 11, 14]);
});
