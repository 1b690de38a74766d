import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, systemClock } from './clock.ts';

test('the system clock runs on when the time of the machine is set back or forward', (t) => {
  const before = systemClock.now();
  t.mock.method(Date, 'now', () => 0);
  assert.ok(systemClock.now() >= before);
  t.mock.method(Date, 'now', () => before + 3_600_000);
  assert.ok(systemClock.now() < before + 60_000);
  assert.ok(Number.isInteger(systemClock.now()));
});

test('a sleep ends at its instant, in the order of the instants, or when it is aborted', async () => {
  const clock = new ManualClock(0);
  const woken: string[] = [];
  const abort = new AbortController();
  const sleeps = [
    clock.sleep(200).then(() => woken.push('late')),
    clock.sleep(100).then(() => woken.push('early')),
    clock.sleep(300, abort.signal).catch(() => woken.push('aborted')),
  ];
  clock.advance(99);
  abort.abort();
  await sleeps[2];
  assert.deepEqual(woken, ['aborted']);
  clock.advance(101);
  await Promise.all(sleeps);
  assert.deepEqual(woken, ['aborted', 'early', 'late']);
});
