import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advancedPass, dueOf, endedPass, restingPass, type TablePass } from './pace.ts';

const begin = Date.UTC(2026, 10, 24) / 1000;
const period = { everySeconds: 10_000, idleSeconds: 1_000 };
const rows = 100;

const resting = restingPass(begin);
const underWay = (done: number): TablePass => ({
  ...advancedPass(resting, done, begin),
  lastAt: begin - 50_000,
});
const dueAfter = (pass: TablePass, seconds: number) => dueOf(pass, rows, period, begin + seconds);

test('a pass begins when its period is over, or after the shorter one if a request has room', () => {
  assert.equal(dueAfter(resting, 999), null);
  assert.equal(dueAfter(resting, 1_000), 'idle');
  assert.equal(dueAfter(resting, 9_999), 'idle');
  assert.equal(dueAfter(resting, 10_000), 'now');
});

test('a pass under way takes its steps in proportion to its rows, a little ahead of its period', () => {
  assert.equal(dueAfter(underWay(50), 499), null);
  assert.equal(dueAfter(underWay(50), 500), 'idle');
  assert.equal(dueAfter(underWay(50), 4_499), 'idle');
  assert.equal(dueAfter(underWay(50), 4_500), 'now');
});

test('a pass that somebody waits for is due at once, whether or not it has begun', () => {
  assert.equal(dueAfter({ ...resting, isWanted: true }, 0), 'now');
  assert.equal(dueAfter({ ...underWay(50), isWanted: true }, 0), 'now');
});

test('a pass with more rows than expected is due no later than its period', () => {
  assert.equal(dueAfter(underWay(1_000), 8_999), 'idle');
  assert.equal(dueAfter(underWay(1_000), 9_000), 'now');
});

test('an empty table has a schedule too', () => {
  assert.equal(dueOf(underWay(0), 0, period, begin), 'now');
  assert.equal(dueOf(resting, 0, period, begin + 500), null);
});

test('steps add up, and the first one sets when the pass began', () => {
  const first = advancedPass(resting, 10, begin + 5);
  assert.deepEqual(first, { begunAt: begin + 5, lastAt: begin, done: 10, isWanted: false });
  assert.deepEqual(advancedPass(first, 20, begin + 9), { ...first, done: 30 });
});

test('a pass that has ended counts as of its beginning, and nobody waits for it any more', () => {
  const pass = { ...advancedPass(resting, 10, begin + 5), isWanted: true };
  assert.deepEqual(endedPass(pass), { begunAt: null, lastAt: begin + 5, done: 0, isWanted: false });
  assert.deepEqual(endedPass(resting), resting);
});
