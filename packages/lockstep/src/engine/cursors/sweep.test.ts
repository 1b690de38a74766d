import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId, pageWith } from '@lockstep/harness/page';
import type { RecordId } from '../../core/ids.ts';
import { idPassAfter } from './pace.ts';
import { type SweepPosition, startOfSweep, sweepAfter, sweepPeriod } from './sweep.ts';

const begin = Date.UTC(2026, 10, 24) / 1000;
const [first, second] = ['001000000000001AAA', '001000000000002AAA'] as [RecordId, RecordId];

test('a sweep continues after the last Id that was asked for', () => {
  const to = sweepAfter(startOfSweep(begin), [first, second], false, begin + 10);
  assert.deepEqual(to, { begunAt: begin + 10, lastAt: begin, done: 2, isWanted: false, after: second });
});

test('a sweep ends with the last Id of the mirror, and counts as of its beginning', () => {
  const underWay = sweepAfter(startOfSweep(begin), [first], false, begin + 10);
  assert.deepEqual(sweepAfter(underWay, [second], true, begin + 20), startOfSweep(begin + 10));
});

test('a sweep of an empty table is complete at once', () => {
  assert.deepEqual(sweepAfter(startOfSweep(begin), [], true, begin + 10), startOfSweep(begin + 10));
});

test('an answer without Ids that is not the last one leaves a sweep where it is', () => {
  const underWay = sweepAfter(startOfSweep(begin), [first], false, begin + 10);
  assert.equal(sweepAfter(underWay, [], false, begin + 20).after, first);
});

test('any table is swept within a day, and a small one every hour if requests have room', () => {
  assert.deepEqual(sweepPeriod(0, 2_000), { everySeconds: 86_400, idleSeconds: 3_600 });
  assert.deepEqual(sweepPeriod(240_000, 2_000), { everySeconds: 86_400, idleSeconds: 7_200 });
  assert.deepEqual(sweepPeriod(100_000_000, 2_000), { everySeconds: 86_400, idleSeconds: 86_400 });
});

const pageRows = 100;
const wanted: SweepPosition = { ...startOfSweep(begin), isWanted: true };
/** Begun at 10, past the mirror's last Id at 20. */
const secondLeg = sweepAfter(sweepAfter(wanted, [first], false, begin + 10), [second], true, begin + 20);

test('a sweep that somebody waits for goes through Salesforce’s Ids after those of the mirror', () => {
  assert.deepEqual(secondLeg, {
    begunAt: begin + 10,
    lastAt: begin,
    done: 2,
    isWanted: true,
    after: null,
    leg: 'salesforce',
  });
  const ofEmptyTable = sweepAfter(wanted, [], true, begin + 10);
  assert.deepEqual(
    [ofEmptyTable.leg, ofEmptyTable.lastAt],
    ['salesforce', begin],
    'the mirror may lack every record',
  );
});

test('a full page of Salesforce’s Ids is followed by another, and so is one that was cut short', () => {
  for (const page of [pageWith(pageRows), pageWith(3, { done: false })]) {
    const next = idPassAfter(secondLeg, page, pageRows, begin + 30);
    assert.deepEqual(next, { ...secondLeg, done: 2 + page.count, after: lastId });
  }
});

test('a page cut short to nothing leaves a sweep where it is', () => {
  const underWay = { ...secondLeg, after: first };
  assert.deepEqual(idPassAfter(underWay, pageWith(0, { done: false }), pageRows, begin + 30), underWay);
});

test('the last page of Salesforce’s Ids ends a sweep, which counts as of its beginning and is no longer waited for', () => {
  for (const count of [0, pageRows - 1]) {
    const end = idPassAfter({ ...secondLeg, after: first }, pageWith(count), pageRows, begin + 30);
    assert.deepEqual(end, startOfSweep(begin + 10));
  }
});
