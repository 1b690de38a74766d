import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

test('the clock does not follow when somebody sets the machine’s time back', (t) => {
  const before = systemClock.now();
  assert.ok(Math.abs(before - Date.now()) < 60_000);
  t.mock.method(Date, 'now', () => before - 3_600_000);
  assert.ok(systemClock.now() >= before);
});
