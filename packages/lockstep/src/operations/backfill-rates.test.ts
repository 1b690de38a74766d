import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackfillRates, secondsLeft, timeLeftWords } from './backfill-rates.ts';

const measured = () => {
  const rates = openBackfillRates();
  return (seconds: number, rows: number) => rates.note('s1', { sobject: 'Account', rows }, seconds * 1_000);
};

test('a rate is told after three pages and a minute, and is that of the last ten minutes', () => {
  const at = measured();
  assert.deepEqual([at(0, 0), at(20, 2_000), at(40, 4_000), at(59, 6_000)], [null, null, null, null]);
  assert.equal(at(60, 6_000), 6_000);
  for (let minute = 2; minute <= 15; minute++) at(minute * 60, 6_000 + (minute - 1) * 600);
  assert.equal(at(900, 14_400), 600, 'what came faster before is forgotten');
});

test('one page that takes long is no rate, and rows that stop coming lower it', () => {
  const slow = measured();
  assert.deepEqual([slow(0, 0), slow(120, 2_000)], [null, null]);
  const at = measured();
  for (const [seconds, rows] of [
    [0, 0],
    [20, 1_000],
    [40, 2_000],
    [60, 3_000],
  ] as const)
    at(seconds, rows);
  assert.equal(at(120, 3_000), 1_500);
});

test('a copy that begins anew is measured anew, and each object by itself', () => {
  const rates = openBackfillRates();
  const note = (sobject: string, seconds: number, rows: number) =>
    rates.note('s1', { sobject, rows }, seconds * 1_000);
  for (let second = 0; second <= 60; second += 20) note('Account', second, 1_000 * second);
  assert.equal(note('Account', 61, 5), null);
  assert.equal(note('Contact', 61, 5), null);
});

test('the time left is rounded as little is known, and is never nothing', () => {
  assert.deepEqual(
    [secondsLeft(0, null, 100), secondsLeft(0, 100, null), secondsLeft(0, 100, 0), secondsLeft(99, 100, 600)],
    [null, null, null, 60],
  );
  assert.equal(secondsLeft(1_000, 4_000, 1_000), 180);
  assert.equal(secondsLeft(120, 100, 600), 60, 'more have come than were expected');
  assert.deepEqual([20, 61, 3_540, 3_600, 33_060, 86_400, 400_000].map(timeLeftWords), [
    '1 min',
    '1 min',
    '59 min',
    '1 h',
    '9 h 10 min',
    '24 h',
    '4 days',
  ]);
});
