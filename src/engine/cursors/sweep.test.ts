import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../../core/ids.ts';
import { startOfSweep, sweepAfter, sweepPeriod } from './sweep.ts';

const begin = Date.UTC(2026, 10, 24) / 1000;
const [first, second] = ['001000000000001AAA', '001000000000002AAA'] as [RecordId, RecordId];

test('a sweep goes on behind the last Id that was asked for', () => {
  const to = sweepAfter(startOfSweep(begin), [first, second], false, begin + 10);
  assert.deepEqual(to, { begunAt: begin + 10, lastAt: begin, done: 2, isWanted: false, after: second });
});

test('a sweep ends with the last Id of the mirror, and is known by its beginning', () => {
  const underWay = { ...sweepAfter(startOfSweep(begin), [first], false, begin + 10), isWanted: true };
  assert.deepEqual(sweepAfter(underWay, [second], true, begin + 20), startOfSweep(begin + 10));
});

test('a sweep of an empty table is whole at once', () => {
  assert.deepEqual(sweepAfter(startOfSweep(begin), [], true, begin + 10), startOfSweep(begin + 10));
});

test('an answer without Ids that is not the last one leaves a sweep where it stands', () => {
  const underWay = sweepAfter(startOfSweep(begin), [first], false, begin + 10);
  assert.equal(sweepAfter(underWay, [], false, begin + 20).after, first);
});

test('any table is swept in a day, and a small one each hour where there is room', () => {
  assert.deepEqual(sweepPeriod(0, 2_000), { everySeconds: 86_400, idleSeconds: 3_600 });
  assert.deepEqual(sweepPeriod(240_000, 2_000), { everySeconds: 86_400, idleSeconds: 7_200 });
  assert.deepEqual(sweepPeriod(100_000_000, 2_000), { everySeconds: 86_400, idleSeconds: 86_400 });
});
