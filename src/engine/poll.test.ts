import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { backfillAfter, backfillCondition } from './backfill.ts';
import {
  headAfter,
  headQuery,
  isTailDue,
  settleSeconds,
  startOfHead,
  startOfTail,
  tailAfter,
  tailQuery,
} from './poll.ts';

const now = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;
const id = '001000000000001AAA' as RecordId;
const stamp = '2026-11-24T11:59:58.000+0000';
const rows = (count: number, done = true): Page => ({
  records: '[]',
  count,
  last: count > 0 ? { stamp, id } : null,
  done,
  unstorable: [],
  nulsRemoved: 0,
});

test('head and tail begin W before the first request, for transactions that are open then', () => {
  assert.equal(startOfHead(now).at, now - settleSeconds);
  assert.equal(startOfTail(now).at, now - settleSeconds);
});

test('a head pass asks from its overlap on and proves the time of the answer before its first request', () => {
  const head = { at: now - 3, overlapSeconds: 10, pass: null };
  const query = headQuery(head, now);
  assert.deepEqual(query, { where: 'SystemModstamp >= 2026-11-24T11:59:47Z', until: now });
  const to = headAfter(head, query.until, rows(3), 2_000);
  assert.equal(to.at, now);
  assert.equal(to.pass, null);
});

test('after a full page the pass goes on behind its last record and proves nothing yet', () => {
  const head = { at: now - 3, overlapSeconds: 10, pass: null };
  const to = headAfter(head, now, rows(2_000), 2_000);
  assert.equal(to.at, now - 3);
  assert.deepEqual(headQuery(to, now + 60), {
    where: `((SystemModstamp = 2026-11-24T11:59:58.000Z AND Id > '${id}') OR SystemModstamp > 2026-11-24T11:59:58.000Z)`,
    until: now,
  });
});

test('an answer that Salesforce kept rows back from is a full page, whatever its count', () => {
  const to = headAfter({ at: now, overlapSeconds: 2, pass: null }, now, rows(40, false), 2_000);
  assert.equal(to.at, now);
  assert.notEqual(to.pass, null);
});

test('the overlap doubles while it is cheap and halves when it fills more than a quarter of a page', () => {
  const head = { at: now, overlapSeconds: 40, pass: null };
  assert.equal(headAfter(head, now, rows(10), 2_000).overlapSeconds, 60);
  assert.equal(headAfter(head, now, rows(501), 2_000).overlapSeconds, 20);
  assert.equal(headAfter({ ...head, overlapSeconds: 3 }, now, rows(900), 2_000).overlapSeconds, 2);
});

test('the head never moves back', () => {
  assert.equal(headAfter({ at: now, overlapSeconds: 2, pass: null }, now - 5, rows(0), 2_000).at, now);
});

test('the tail is due once a minute has become old enough, and while its pass is not drained', () => {
  assert.equal(isTailDue({ at: now - settleSeconds, pass: null }, now), false);
  assert.equal(isTailDue({ at: now - settleSeconds, pass: null }, now + 60), true);
  assert.equal(isTailDue({ at: now, pass: { until: now, after: { stamp, id } } }, now), true);
});

test('the tail reads up to W before now and settles that when it is drained', () => {
  const tail = { at: now - settleSeconds - 60, pass: null };
  const query = tailQuery(tail, now);
  assert.equal(
    query.where,
    'SystemModstamp >= 2026-11-24T11:44:00Z AND SystemModstamp < 2026-11-24T11:45:00Z',
  );
  const full = tailAfter(tail, query.until, rows(2_000), 2_000);
  assert.equal(full.at, tail.at);
  assert.match(
    tailQuery(full, now + 600).where,
    /Id > '001000000000001AAA'.* AND SystemModstamp < 2026-11-24T11:45:00Z$/,
  );
  assert.equal(tailAfter(full, query.until, rows(5), 2_000).at, now - settleSeconds);
});

test('a first copy goes on behind the last Id and is drained by a short page', () => {
  assert.equal(backfillCondition({ after: null }), undefined);
  assert.equal(backfillCondition({ after: id }), `Id > '${id}'`);
  assert.deepEqual(backfillAfter({ after: null }, rows(2_000), 2_000), { to: { after: id }, drained: false });
  assert.deepEqual(backfillAfter({ after: id }, rows(0), 2_000), { to: { after: id }, drained: true });
});
