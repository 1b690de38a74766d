import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyRequests, intervalOf, readEveryMs, requestsPerDay, secondsFor, suitedSeconds } from './pace.ts';

test('a sync begins with a request every three seconds, or with half of what the org allows', () => {
  assert.equal(suitedSeconds(118_000), 3);
  assert.equal(suitedSeconds(null), 3);
  assert.equal(suitedSeconds(15_000), 12); // a Developer Edition
  assert.equal(requestsPerDay(12_000), 7_200);
});

test('a pace is what the API takes, with a point or a comma', () => {
  assert.deepEqual(
    ['', '1.5', '0,2', ' 300 '].map((typed) => intervalOf(typed, null)),
    [3_000, 1_500, 200, 300_000],
  );
  for (const typed of ['0', '0.1', '301', 'fast', '-3']) assert.equal(intervalOf(typed, null), null, typed);
});

test('requests a day and seconds between them are the same pace', () => {
  assert.equal(requestsPerDay(3_000), 28_800);
  assert.equal(secondsFor(28_800), 3);
});

test('five objects share a request, and large tables are copied by Bulk jobs', () => {
  assert.equal(readEveryMs(5, 900), 1_000);
  assert.equal(readEveryMs(6, 900), 2_000);
  assert.equal(copyRequests([0, 4_100]), 1 + 3);
  assert.equal(copyRequests([1_000_000]), 6 + 20);
});
