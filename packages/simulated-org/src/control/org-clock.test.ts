import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { OrgClock } from './org-clock.ts';

const minute = 60_000;
/** Lets woken code run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function world(setting?: ConstructorParameters<typeof OrgClock>[1]) {
  const real = new ManualClock();
  const clock = new OrgClock(real, setting);
  const woken: string[] = [];
  const sleeps = (name: string, ms: number) => void clock.sleep(ms).then(() => woken.push(name));
  const passes = async (ms: number) => {
    real.advance(ms);
    await settle();
  };
  return { real, clock, woken, sleeps, passes };
}

test('an org whose clock nobody has set shows the real time', async () => {
  const { real, clock, passes } = world();
  assert.equal(clock.now(), real.now());
  await passes(minute);
  assert.equal(clock.now(), real.now());
});

test('the clock continues from the instant that it is set to', async () => {
  const { clock, passes } = world();
  clock.set(Date.UTC(2030, 0, 1));
  await passes(minute);
  assert.equal(clock.now(), Date.UTC(2030, 0, 1) + minute);
});

test('at a rate of 60 a second is a minute, for the time and for sleepers', async () => {
  const { clock, woken, sleeps, passes } = world();
  const start = clock.now();
  clock.setRate(60);
  sleeps('after ten minutes', 10 * minute);
  await passes(9000);
  assert.deepEqual([clock.now() - start, woken], [9 * minute, []]);
  await passes(1000);
  assert.deepEqual([clock.now() - start, woken], [10 * minute, ['after ten minutes']]);
});

test('a clock that stands still wakes nobody until it is moved, and then in order', async () => {
  const { clock, woken, sleeps, passes } = world();
  const start = clock.now();
  clock.setRate(0);
  sleeps('second', 2 * minute);
  sleeps('first', minute);
  sleeps('third', 3 * minute);
  await passes(10 * minute);
  assert.deepEqual([clock.now(), woken], [start, []]);

  clock.set(start + 2 * minute);
  await settle();

  assert.deepEqual([clock.now(), woken], [start + 2 * minute, ['first', 'second']]);
});

test('when it is set back, sleepers wait for as long as before', async () => {
  const { clock, woken, sleeps, passes } = world();
  sleeps('after a minute', minute);
  clock.set(clock.now() - 60 * minute);
  await passes(minute - 1);
  assert.deepEqual(woken, []);
  await passes(1);
  assert.deepEqual(woken, ['after a minute']);
});

test('an aborted sleep ends with the reason and does not affect others', async () => {
  const { clock, woken, sleeps, passes } = world();
  const stop = new AbortController();
  const aborted = clock.sleep(minute, stop.signal);
  sleeps('other', 2 * minute);
  stop.abort(new Error('enough'));
  await assert.rejects(aborted, /enough/);
  await assert.rejects(clock.sleep(minute, stop.signal), /enough/);
  await passes(2 * minute);
  assert.deepEqual(woken, ['other']);
});

test('its setting lets another clock continue where it was', () => {
  const { real, clock } = world();
  clock.set(Date.UTC(2030, 0, 1));
  clock.setRate(60);
  const next = new OrgClock(real, clock.setting);
  real.advance(1000);
  assert.equal(next.now(), Date.UTC(2030, 0, 1) + minute);
});
