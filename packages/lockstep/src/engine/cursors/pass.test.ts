import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId as id, pageWith } from '@lockstep/harness/page';
import {
  type Pass,
  pagesExpected,
  passAfter,
  passAfterFullPage,
  windowCondition,
  windowEnd,
} from './pass.ts';

const now = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;
const pageRows = 2_000;
const rows = (count: number) => pageWith(count, { stamp: '2026-11-24T11:00:20.000+0000' });
const pass: Pass = { until: now, reach: null, from: now - 3_600, rate: 100, window: null };
const open = { end: null, serverNow: now };

test('a pass begins with the last second of its first page, which may not be complete', () => {
  const begun = passAfterFullPage(rows(pageRows), { from: now - 3_600, until: now, reach: now + 1 });
  assert.deepEqual(begun, { until: now, reach: now + 1, from: now - 3_580, rate: 100, window: null });
});

test('a window of the head ends at now, or is open-ended if the available pages are enough', () => {
  assert.equal(windowEnd(pass, 5, pageRows, open), now - 1);
  assert.equal(windowEnd({ ...pass, rate: 2.4 }, 5, pageRows, open), null);
  assert.equal(windowEnd({ ...pass, rate: 2.6 }, 5, pageRows, open), now - 1);
  assert.equal(windowEnd({ ...pass, from: now, rate: 1_000_000 }, 5, pageRows, open), now + 1);
});

test('an open-ended window that is not drained ends at the time of its first request', () => {
  const at = passAfter({ ...pass, from: now - 10 }, null, rows(pageRows), {
    limit: pageRows,
    serverNow: now,
  });
  assert.ok(at !== 'ended');
  assert.equal(at.window?.before, now - 1);
});

test('a window of the recheck ends where its pass ends', () => {
  assert.equal(windowEnd({ ...pass, rate: 0.1 }, 5, pageRows, { end: now - 900, serverNow: now }), now - 900);
});

test('a window that is not drained keeps its end, however many pages are available', () => {
  const inside = { ...pass, window: { before: now - 3_599, after: id, rows: pageRows } };
  assert.equal(windowEnd(inside, 5, pageRows, open), now - 3_599);
});

test('pages of a window follow each other by Id, and by reference within one request', () => {
  const condition = 'SystemModstamp >= 2026-11-24T11:00:00Z AND SystemModstamp < 2026-11-24T11:01:00Z';
  assert.equal(windowCondition('SystemModstamp', pass, now - 3_540), condition);
  const inside = { ...pass, window: { before: now - 3_540, after: id, rows: pageRows } };
  assert.equal(windowCondition('SystemModstamp', inside, now - 3_540), `${condition} AND Id > '${id}'`);
  const reference = "'@{q0.records[1999].Id}'";
  assert.equal(
    windowCondition('SystemModstamp', inside, now - 3_540, reference),
    `${condition} AND Id > ${reference}`,
  );
  assert.equal(windowCondition('LoginTime', pass, null), 'LoginTime >= 2026-11-24T11:00:00Z');
});

test('any number of records with one stamp are one window, however many pages it takes', () => {
  let at: Pass | 'ended' = { ...pass, rate: 2_000 };
  for (let page = 1; page <= 500; page++) {
    assert.ok(at !== 'ended');
    const serverNow = now + page;
    const before = windowEnd(at, 5, pageRows, { ...open, serverNow });
    at = passAfter(at, before, rows(pageRows), { limit: pageRows, serverNow });
  }
  assert.ok(at !== 'ended');
  assert.deepEqual([at.from, at.window?.rows, at.window?.before], [now - 3_600, 1_000_000, now]);
  const behind = passAfter(at, windowEnd(at, 5, pageRows, open), rows(3), {
    limit: pageRows,
    serverNow: now,
  });
  assert.ok(behind !== 'ended');
  assert.deepEqual([behind.from, behind.window], [now, null]);
});

test('the rate of the last window decides whether the next one is open-ended', () => {
  const thin = passAfter(pass, now - 3_510, rows(9), { limit: pageRows, serverNow: now });
  assert.ok(thin !== 'ended');
  assert.equal(thin.rate, 0.1);
  assert.equal(passAfter(pass, null, rows(9), { limit: pageRows, serverNow: now }), 'ended');
});

test('a nearly drained window gets only the pages that it may need, and one larger than expected gets more', () => {
  assert.equal(pagesExpected(pass, pageRows, open), 200);
  const inside = { ...pass, window: { before: now - 3_500, after: id, rows: 8_000 } };
  assert.equal(pagesExpected(inside, pageRows, open), 2);
  assert.equal(pagesExpected({ ...inside, rate: 1 }, pageRows, open), 5);
});
