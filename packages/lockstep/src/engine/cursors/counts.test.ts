import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CountedDay,
  type CountQuestion,
  type CountsPosition,
  countAfter,
  countQuery,
  countQuestion,
  isCountDue,
  startOfCounts,
  suspectsMax,
} from './counts.ts';

const now = Date.UTC(2026, 10, 24, 12) / 1000;
const day = 86_400;
const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
const resting = startOfCounts(now - day);
const sum = (on: string, count = 1, newest: number | null = now - day): CountedDay => ({
  day: on,
  count,
  newest,
});

/** The result of the next question with these answers. */
function answered(
  position: CountsPosition,
  here: readonly CountedDay[],
  there: readonly CountedDay[],
  at = now,
) {
  return countAfter(position, countQuestion(position, at), { here, there, isCut: false }, at);
}

/** Both first ranges read: the recent days, then the older ones. */
function firstReading(here: readonly CountedDay[], there: readonly CountedDay[]) {
  const { to } = answered(resting, here, there);
  return answered(to, [], []).to;
}

const today = '2026-11-24';
const longAgo = '2009-03-01';
const second = firstReading([sum(today, 3)], [sum(today, 4)]);

test('a table is counted once a day, or when somebody waits for it', () => {
  assert.equal(isCountDue(startOfCounts(now - day + 1), now, false), false);
  assert.equal(isCountDue(resting, now, false), true);
  assert.equal(isCountDue({ ...startOfCounts(now), isWanted: true }, now, false), true);
});

test('only records that are older than W are counted, the days of the last five years first', () => {
  const question = countQuestion(resting, now);
  assert.deepEqual(question.range, { from: dayOf(now - 1_800 * day), to: null });
  assert.equal(question.before, now - 15 * 60);
  const { to } = answered(resting, [], []);
  assert.equal(isCountDue(to, now, false), true, 'the older days follow at once');
  assert.deepEqual(countQuestion(to, now).range, { from: null, to: dayOf(now - 1_801 * day) });
});

test('the count ends if all days are equal, and counts as of its beginning', () => {
  const { to } = answered(resting, [sum(today)], [sum(today)]);
  const end = answered({ ...to, isWanted: true }, [sum(longAgo)], [sum(longAgo)], now + 5);
  assert.deepEqual(end, { to: startOfCounts(now), differing: [], unrepaired: [] });
});

for (const [what, here, there] of [
  ['a different count', [sum(today, 3)], [sum(today, 4)]],
  ['a different newest time', [sum(today, 3, now - day)], [sum(today, 3, now - 2 * day)]],
  ['no record here', [], [sum(today)]],
  ['no record there', [sum(today)], []],
] as const) {
  test(`a day with ${what} is suspect, and nothing is done before a second reading`, () => {
    const to = firstReading(here, there);
    assert.deepEqual([to.round, to.suspects], ['second', [today]]);
  });
}

test('a day that has no record on either side is no difference', () => {
  assert.equal(firstReading([sum(today, 0, null)], []).begunAt, null);
  assert.equal(firstReading([], [sum('', 0, null)]).begunAt, null);
  assert.equal(firstReading([sum('', 0, null)], [sum('', 0, null)]).begunAt, null);
});

test('suspects of both ranges are collected', () => {
  const { to } = answered(resting, [sum(today)], []);
  assert.deepEqual(answered(to, [], [sum(longAgo)]).to.suspects, [today, longAgo]);
});

test('the second reading follows a minute later, or at once if somebody waits', () => {
  assert.equal(isCountDue(second, now + 59, false), false);
  assert.equal(isCountDue(second, now + 60, false), true);
  assert.equal(isCountDue({ ...second, isWanted: true }, now, false), true);
});

test('a change that was on its way has arrived at the second reading', () => {
  const { to, differing } = answered(second, [sum(today, 4)], [sum(today, 4)]);
  assert.deepEqual([to, differing], [startOfCounts(now), []]);
});

test('a day that differs again is repaired, and one that differs only now waits for the next count', () => {
  const { to, differing, unrepaired } = answered(second, [sum(today, 3)], [sum(today, 4), sum('2026-11-23')]);
  assert.deepEqual([differing, unrepaired], [[today], []]);
  assert.deepEqual([to.round, to.suspects], ['repairing', [today]]);
  assert.equal(isCountDue(to, now + 3_600, true), false, 'not while it is being repaired');
  assert.equal(isCountDue(to, now + 3_600, false), true);
});

test('the third reading ends the count, and reports what still differs', () => {
  const { to } = answered(second, [sum(today, 3)], [sum(today, 4)]);
  const repaired = answered(to, [sum(today, 4)], [sum(today, 4)], now + 90);
  assert.deepEqual(repaired, { to: startOfCounts(now), differing: [], unrepaired: [] });
  const still = answered(to, [sum(today, 3)], [sum(today, 4)], now + 90);
  assert.deepEqual(still, { to: startOfCounts(now), differing: [], unrepaired: [today] });
});

const tooMany = Array.from({ length: 2_000 }, (_, n) => sum(dayOf(now - n * day)));

test('a range with more days than an answer can hold is split in halves', () => {
  const { to, differing } = answered(resting, [], tooMany);
  const [young, old, rest] = to.ranges;
  assert.deepEqual([to.suspects, differing], [[], []], 'such an answer proves nothing');
  assert.equal(young?.from, dayOf(now - 1_800 * day));
  assert.equal(Date.parse(old?.from ?? ''), Date.parse(young?.to ?? '') + day * 1000);
  assert.equal(old?.to, null);
  assert.deepEqual(rest, { from: null, to: dayOf(now - 1_801 * day) });
});

test('the oldest range is split as well, and no day is lost between the halves', () => {
  const { to } = answered(resting, [], []);
  const [first, next] = answered(to, [], tooMany).to.ranges;
  assert.equal(first?.from, null);
  assert.equal(Date.parse(next?.from ?? ''), Date.parse(first?.to ?? '') + day * 1000);
  assert.equal(next?.to, dayOf(now - 1_801 * day));
});

const queryOf = (question: CountQuestion, hasDays = true) =>
  countQuery('Account', 'SystemModstamp', hasDays, question);
const sums = 'COUNT(Id) n, MAX(SystemModstamp) newest';
const before = 'SystemModstamp < 2026-11-24T11:45:00Z';

test('a range includes its first and its last day, in UTC', () => {
  const range = { from: '2024-02-28', to: '2024-02-29' };
  assert.equal(
    queryOf({ ...countQuestion(resting, now), range }),
    `SELECT DAY_ONLY(CreatedDate) d, ${sums} FROM Account WHERE ${before} AND CreatedDate >= 2024-02-28T00:00:00Z` +
      ' AND CreatedDate < 2024-03-01T00:00:00Z GROUP BY DAY_ONLY(CreatedDate)',
  );
});

test('records of an object without CreatedDate are counted as one group', () => {
  assert.equal(queryOf(countQuestion(resting, now), false), `SELECT ${sums} FROM Account WHERE ${before}`);
  const to = firstReading([sum('', 3)], [sum('', 4)]);
  assert.equal(queryOf(countQuestion(to, now), false), `SELECT ${sums} FROM Account WHERE ${before}`);
});

test('a second reading asks only for the suspects, because there can be too many days between them', () => {
  const { to } = answered(resting, [sum(today)], []);
  const question = countQuestion(answered(to, [], [sum(longAgo)]).to, now);
  assert.deepEqual(question.range, { from: longAgo, to: today }, 'for the mirror');
  assert.equal(
    queryOf(question),
    `SELECT DAY_ONLY(CreatedDate) d, ${sums} FROM Account WHERE ${before}` +
      ' AND ((CreatedDate >= 2026-11-24T00:00:00Z AND CreatedDate < 2026-11-25T00:00:00Z)' +
      ' OR (CreatedDate >= 2009-03-01T00:00:00Z AND CreatedDate < 2009-03-02T00:00:00Z))' +
      ' GROUP BY DAY_ONLY(CreatedDate)',
  );
});

test('too many suspects are read as one range', () => {
  const many = tooMany.slice(0, suspectsMax + 1);
  const question = countQuestion(firstReading(many, []), now);
  assert.deepEqual(question.range, { from: many.at(-1)?.day, to: today });
  assert.doesNotMatch(queryOf(question), / OR /);
});
