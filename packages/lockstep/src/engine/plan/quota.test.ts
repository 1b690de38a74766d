import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterAnswer, openQuota } from './quota.ts';

const now = 1_000_000;
const checkMs = 15 * 60_000;
const used = (percent: number) => ({ used: percent, max: 100 });
const closed = afterAnswer(openQuota(90), used(90), now);

test('a quota is open below its stop line', () => {
  const quota = afterAnswer(openQuota(90), used(89), now);
  assert.deepEqual(quota, { stopAtPercent: 90, usage: used(89), closedUntil: null });
});

test('a quota closes at its stop line, until the next check', () => {
  assert.equal(closed.closedUntil, now + checkMs);
  assert.equal(afterAnswer(openQuota(90), { used: 15_001, max: 15_000 }, now).closedUntil, now + checkMs);
});

test('a closed quota opens only five points below its stop line', () => {
  assert.equal(afterAnswer(closed, used(89), now + checkMs).closedUntil, now + 2 * checkMs);
  assert.equal(afterAnswer(closed, used(85), now + checkMs).closedUntil, now + 2 * checkMs);
  assert.equal(afterAnswer(closed, used(84), now + checkMs).closedUntil, null);
});

test('a changed stop line counts from the next answer on', () => {
  assert.equal(afterAnswer({ ...closed, stopAtPercent: 100 }, used(94), now).closedUntil, null);
  assert.equal(
    afterAnswer({ ...openQuota(90), stopAtPercent: 50 }, used(50), now).closedUntil,
    now + checkMs,
  );
});

test('an answer without a valid usage neither closes a quota nor opens one', () => {
  for (const usage of [null, { used: 5, max: 0 }, { used: 5, max: -1 }]) {
    const open = openQuota(90, used(10));
    assert.deepEqual(afterAnswer(open, usage, now), open);
    const still = afterAnswer(closed, usage, now + checkMs);
    assert.deepEqual(still, { ...closed, closedUntil: now + 2 * checkMs });
  }
});
