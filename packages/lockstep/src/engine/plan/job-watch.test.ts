import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BulkJob } from '../cursors/bulk.ts';
import { isAskDue, watchFrom, watchOn } from './job-watch.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = 1_000_000;
const created: BulkJob = {
  id: '750000000000001AAA',
  dataPath: '/services/data/v62.0',
  purpose: 'backfill',
  fields: ['Id'],
  ...watchFrom(start),
  hi: null,
  next: null,
  isListed: false,
};

/** The job after asking whenever it is due, each answer with this number of records; null: it hangs. */
function asked(job: BulkJob, untilMs: number, recordsAt: (now: number) => number): BulkJob | null {
  let watched: BulkJob = job;
  for (let now = job.askAt; now <= untilMs; now = watched.askAt) {
    const next = watchOn(watched, recordsAt(now), now);
    if (next === null) return null;
    watched = next;
  }
  return watched;
}

test('a job is asked about after a second, then after twice the time, at most after a minute', () => {
  const times: number[] = [];
  asked(created, start + 5 * minute, (now) => {
    times.push((now - start) / 1_000);
    return 0;
  });
  assert.deepEqual(times, [1, 2, 4, 8, 16, 32, 64, 124, 184, 244]);
});

test('a job that reads nothing for an hour hangs', () => {
  assert.ok(asked(created, start + hour - 2 * minute, () => 0));
  assert.equal(
    asked(created, start + hour + 2 * minute, () => 0),
    null,
  );
});

test('a job that reads a record now and then does not hang', () => {
  assert.ok(asked(created, start + 10 * hour, (now) => Math.floor((now - start) / (50 * minute))));
});

test('a job that nobody has asked about for hours is watched anew', () => {
  const late = watchOn(created, 0, start + 5 * hour);
  assert.ok(late);
  assert.ok(asked(late, start + 6 * hour - 2 * minute, () => 0));
  assert.equal(
    asked(late, start + 6 * hour + 2 * minute, () => 0),
    null,
  );
});

test('a worker whose clock is behind the former worker’s asks at once and goes on by its own clock', () => {
  const now = start - 3 * hour;
  assert.equal(isAskDue(created, now), true);
  const watched = watchOn(created, 0, now);
  assert.ok(watched);
  assert.equal(watched.askAt, now + 1_000);
  assert.equal(watched.advancedAt, now);
});

test('it is asked when its time has come, and not before', () => {
  assert.equal(isAskDue(created, start + 999), false);
  assert.equal(isAskDue(created, start + 1_000), true);
});
