import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { type Budget, nextSendAt, spend } from './budget.ts';

test('the first request goes out at once', () => {
  assert.equal(nextSendAt({ intervalMs: 3_000, sentAt: [] }, false, 500), 500);
});

test('ordinary requests keep the interval, urgent ones a third of it', () => {
  const budget: Budget = { intervalMs: 3_000, sentAt: [10_000] };
  assert.equal(nextSendAt(budget, false, 10_500), 13_000);
  assert.equal(nextSendAt(budget, true, 10_500), 11_000);
});

test('a shorter interval counts from the next request on', () => {
  assert.equal(nextSendAt({ intervalMs: 500, sentAt: [10_000] }, false, 10_100), 10_500);
});

test('no pause is longer than twice the interval, however many requests are urgent', () => {
  let budget: Budget = { intervalMs: 3_000, sentAt: [] };
  let now = 1_000_000;
  for (let count = 0; count < 200; count++) {
    const next = nextSendAt(budget, true, now);
    assert.ok(next - now <= 6_000, `a pause of ${next - now} ms after ${count} requests`);
    now = next;
    budget = spend(budget, now);
  }
});

test('a longer interval counts from the next request on', () => {
  const sentAt = Array.from({ length: 10 }, (_, place) => 10_000 + place * 200);
  assert.ok(nextSendAt({ intervalMs: 3_000, sentAt }, false, 11_900) <= 11_800 + 5_000);
});

test('there are never more than ceil(60 s / interval) requests in 60 seconds, nor two within a third of the interval', () => {
  assertProperty(
    fc.property(
      fc.integer({ min: 200, max: 300_000 }),
      fc.array(fc.record({ idleMs: fc.integer({ min: 0, max: 20_000 }), isPriority: fc.boolean() }), {
        maxLength: 400,
      }),
      (intervalMs, sendings) => {
        let budget: Budget = { intervalMs, sentAt: [] };
        let now = 1_000_000;
        const sent: number[] = [];
        for (const { idleMs, isPriority } of sendings) {
          now = Math.max(now + idleMs, nextSendAt(budget, isPriority, now + idleMs));
          budget = spend(budget, now);
          sent.push(now);
        }
        const perWindow = Math.ceil(60_000 / intervalMs);
        for (const [index, at] of sent.entries()) {
          const next = sent[index + 1];
          assert.ok(next === undefined || next - at >= intervalMs / 3);
          const after = sent[index + perWindow];
          assert.ok(after === undefined || after - at >= 60_000);
        }
      },
    ),
  );
});
