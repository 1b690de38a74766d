import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId as id, pageWith } from '@lockstep/harness/page';
import type { Page } from '../../core/page.ts';
import { backfillAfter, idCondition } from './backfill.ts';
import type { Pass } from './pass.ts';
import {
  canPollTogether,
  type HeadPosition,
  headAndRecheckQuery,
  headQuery,
  isRecheckDue,
  type PollQuery,
  pollAfter,
  type RecheckPosition,
  recheckQuery,
  settleSeconds,
  startOfHead,
  startOfRecheck,
} from './poll.ts';

const now = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;
const pageRows = 2_000;
const field = 'SystemModstamp';
const stamp = '2026-11-24T11:59:58.000+0000';
const rows = (count: number, { done = true, last = stamp } = {}) => pageWith(count, { done, stamp: last });
const head: HeadPosition = { at: now - 3, overlapSeconds: 10, pass: null };
const settled: RecheckPosition = { at: now - settleSeconds, pass: null };
const passOf = (until: number): Pass => ({
  until,
  reach: null,
  from: now - 1_000,
  rate: 1,
  window: null,
});

const after = (
  query: PollQuery,
  page: Page,
  at = { head, recheck: settled },
  answeredAt: number | null = null,
) => pollAfter(at, query, page, { limit: pageRows, serverNow: now, answeredAt });
const headAfter = (position: HeadPosition, page: Page, until = now) =>
  after(headQuery(field, position, until), page, { head: position, recheck: settled }).head ?? position;
const recheckAfter = (position: RecheckPosition, page: Page, until = now) =>
  after(recheckQuery(field, position, until), page, { head, recheck: position }).recheck ?? position;

test('head and recheck begin W before the first request, to include transactions open at that time', () => {
  assert.equal(startOfHead(now).at, now - settleSeconds);
  assert.equal(startOfRecheck(now).at, now - settleSeconds);
});

test('a head pass reads from its overlap on and proves the time of the answer before its first request', () => {
  const query = headQuery(field, head, now);
  assert.deepEqual(query, {
    where: 'SystemModstamp >= 2026-11-24T11:59:47Z',
    order: 'time',
    headUntil: now,
  });
  assert.deepEqual(headAfter(head, rows(3)), { at: now, overlapSeconds: 20, pass: null });
});

test('a head that polls since a time reads from there, unless its own overlap reaches further back', () => {
  const pollSince = (pollSince: number) => headQuery(field, head, now, { pollSince }).where;
  assert.equal(pollSince(now - settleSeconds), 'SystemModstamp >= 2026-11-24T11:45:00Z');
  assert.equal(pollSince(now - 1), 'SystemModstamp >= 2026-11-24T11:59:47Z');
});

test('after a full page a pass continues by Id within a window of time, and proves nothing yet', () => {
  const to = headAfter(head, rows(2_000));
  assert.equal(to.at, now - 3);
  assert.deepEqual(headQuery(field, to, now + 60, { before: now + 10 }), {
    where: 'SystemModstamp >= 2026-11-24T11:59:58Z AND SystemModstamp < 2026-11-24T12:00:10Z',
    order: 'Id',
    before: now + 10,
    headUntil: now,
  });
});

test('a page from which Salesforce held rows back counts as full, whatever its count', () => {
  const to = headAfter({ at: now, overlapSeconds: 2, pass: null }, rows(40, { done: false }));
  assert.equal(to.at, now);
  assert.notEqual(to.pass, null);
});

test('the overlap doubles while it is cheap and halves when it fills more than a quarter of a page', () => {
  const pollSince = { at: now, overlapSeconds: 40, pass: null };
  assert.equal(headAfter(pollSince, rows(10)).overlapSeconds, 60);
  assert.equal(headAfter(pollSince, rows(501)).overlapSeconds, 20);
  assert.equal(headAfter({ ...pollSince, overlapSeconds: 3 }, rows(900)).overlapSeconds, 2);
});

test('the head never moves back', () => {
  assert.equal(headAfter({ at: now, overlapSeconds: 2, pass: null }, rows(0), now - 5).at, now);
});

test('the recheck is due when a minute more is old enough, and while its pass is not drained', () => {
  assert.equal(isRecheckDue(settled, now), false);
  assert.equal(isRecheckDue(settled, now + 60), true);
  assert.equal(isRecheckDue({ at: now, pass: passOf(now) }, now), true);
});

test('the recheck reads up to W before now and settles that when it is drained', () => {
  const recheck = { at: now - settleSeconds - 60, pass: null };
  const query = recheckQuery(field, recheck, now);
  assert.equal(
    query.where,
    'SystemModstamp >= 2026-11-24T11:44:00Z AND SystemModstamp < 2026-11-24T11:45:00Z',
  );
  const full = recheckAfter(recheck, rows(2_000, { last: '2026-11-24T11:44:30.000+0000' }));
  assert.equal(full.at, recheck.at);
  const next = recheckQuery(field, full, now + 600, { before: now - settleSeconds });
  assert.equal(
    next.where,
    'SystemModstamp >= 2026-11-24T11:44:30Z AND SystemModstamp < 2026-11-24T11:45:00Z',
  );
  const drained = after(next, rows(5), { head, recheck: full }).recheck;
  assert.deepEqual(drained, { at: now - settleSeconds, pass: null });
});

test('head and recheck share a query while little changes, and a short page ends both', () => {
  const recheck = { at: now - settleSeconds - 5, pass: null };
  assert.equal(canPollTogether(head, recheck, now), true);
  const query = headAndRecheckQuery(field, head, recheck, now);
  assert.equal(
    query.where,
    '(SystemModstamp >= 2026-11-24T11:59:47Z) OR (SystemModstamp >= 2026-11-24T11:44:55Z AND SystemModstamp < 2026-11-24T11:45:00Z)',
  );
  const to = after(query, rows(7), { head, recheck });
  assert.deepEqual([to.head?.at, to.recheck?.at], [now, now - settleSeconds]);
});

test('a full page that ends within the recheck’s part proves nothing for the head', () => {
  const recheck = { at: now - settleSeconds - 5, pass: null };
  const query = headAndRecheckQuery(field, head, recheck, now);
  const to = after(query, rows(2_000, { last: '2026-11-24T11:44:57.000+0000' }), { head, recheck });
  assert.equal(to.head, undefined);
  assert.equal(to.recheck?.pass?.until, now - settleSeconds);
  assert.equal(to.recheck?.at, recheck.at);
});

test('a full page that ends within the head’s part drains the recheck', () => {
  const recheck = { at: now - settleSeconds - 5, pass: null };
  const to = after(headAndRecheckQuery(field, head, recheck, now), rows(2_000), { head, recheck });
  assert.equal(to.recheck?.at, now - settleSeconds);
  assert.equal(to.head?.at, head.at);
  assert.notEqual(to.head?.pass, null);
});

test('head and recheck do not share a query if their parts would overlap or one is within a pass', () => {
  const behind = { ...head, at: now - settleSeconds };
  assert.equal(canPollTogether(behind, { at: now - settleSeconds - 5, pass: null }, now), false);
  const passing = { at: now - 1_000, pass: passOf(now - settleSeconds) };
  assert.equal(canPollTogether(head, passing, now), false);
});

test('a drained window takes the pass to its end, and one that is not drained continues after its last Id', () => {
  const passing = { ...head, pass: passOf(now) };
  const query = headQuery(field, passing, now, { before: now - 500 });
  const inside = after(query, rows(2_000), { head: passing, recheck: settled }).head;
  assert.deepEqual(inside?.pass?.window, { before: now - 500, after: id, rows: 2_000 });
  assert.match(
    headQuery(field, inside ?? passing, now, { before: now - 500 }).where,
    /Id > '001000000000001AAA'$/,
  );
  const behind = after(query, rows(7), { head: inside ?? passing, recheck: settled }).head;
  assert.deepEqual([behind?.at, behind?.pass?.from, behind?.pass?.window], [head.at, now - 500, null]);
});

test('a pass of the head ends when an open-ended window is drained', () => {
  const passing = { ...head, pass: passOf(now) };
  const to = after(headQuery(field, passing, now, { before: null }), rows(7), {
    head: passing,
    recheck: settled,
  });
  assert.deepEqual([to.head?.at, to.head?.pass], [now, null]);
});

test('under constant load a pass proves its time when it has read that far, and continues as the next one', () => {
  const passing = { ...head, pass: { ...passOf(now), reach: now - 500 } };
  const read = (before: number) =>
    after(headQuery(field, passing, now, { before }), rows(10), { head: passing, recheck: settled }, now + 3)
      .head;
  const near = read(now - 500);
  assert.deepEqual([near?.at, near?.pass?.until], [head.at, now]);
  const far = read(now - 499);
  assert.deepEqual([far?.at, far?.pass?.until, far?.pass?.reach], [now, now + 3, null]);
  assert.equal(far?.pass?.from, now - 499);
});

test('a backfill continues after the last Id and is drained by a short page', () => {
  assert.equal(idCondition(null), undefined);
  assert.equal(idCondition(id), `Id > '${id}'`);
  assert.equal(idCondition(id, "'@{q0.records[1999].Id}'"), "Id > '@{q0.records[1999].Id}'");
  assert.deepEqual(backfillAfter({ after: null }, rows(2_000), pageRows), {
    to: { after: id },
    drained: false,
  });
  assert.deepEqual(backfillAfter({ after: id }, rows(0), pageRows), { to: { after: id }, drained: true });
});
