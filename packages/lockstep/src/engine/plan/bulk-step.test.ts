/** Which objects are backfilled by Bulk, and what a Bulk backfill does next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idOf } from '@lockstep/harness/destination';
import { cursorAt, type StreamChange, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import type { StreamTable } from '../../postgres/index.ts';
import type { BulkJob, BulkPosition, IdRange } from '../cursors/bulk.ts';
import { startOfContent } from '../cursors/content.ts';
import type { ActivityProblem } from '../run/problems.ts';
import type { StreamState } from '../run/sync-state.ts';
import { type BulkUnderWay, bulkPageRows, nextBulkStep, noBulkUnderWay, wantsBulk } from './bulk-step.ts';
import { openQuota } from './quota.ts';

const now = 100_000;
const large = 100_000;

const waiting = (change: StreamChange = {}): StreamState =>
  streamState(1, { rows: 0, cursors: { backfill: cursorAt({ after: null }) }, ...change });

const problem = (tries: number, retryAt = 0): ActivityProblem => ({
  code: 'NET-01',
  explanation: '',
  next: '',
  tries,
  failedAt: 0,
  retryAt,
});

const limits = (change: Parameters<typeof syncState>[1] = {}) => syncState([], change);
const wants = (change: StreamChange = {}, sync: Parameters<typeof syncState>[1] = {}) =>
  wantsBulk(limits(sync), waiting(change));

const wholeTable: IdRange = { after: null, upTo: null };
const job: BulkJob = {
  id: '750000000000001AAA',
  dataPath: '/services/data/v62.0',
  purpose: 'backfill',
  fields: ['Id'],
  createdAt: now - 5_000,
  askAt: now,
  records: 0,
  advancedAt: now - 5_000,
  hi: null,
  next: null,
  isListed: false,
};
const position: BulkPosition = {
  purpose: 'backfill',
  begunAt: serverNow,
  observation: { lo: 1, nonce: 'n' },
  isFirstFill: true,
  ranges: [wholeTable],
  job,
  failures: 0,
  givenUp: null,
};
const byBulk = (change: Partial<BulkPosition> = {}, more: StreamChange = {}): StreamState =>
  waiting({
    cursors: { backfill: cursorAt({ after: null }), bulk: cursorAt({ ...position, ...change }) },
    ...more,
  });
const ready: BulkJob = { ...job, hi: 9 };
const page = (pageNo: number, isDone = false) => ({
  stream_no: 1,
  page_no: pageNo,
  path: `/page/${pageNo}`,
  rows: 0,
  last_id: null,
  is_done: isDone,
});
const underWay = (change: Partial<BulkUnderWay>): BulkUnderWay => ({ ...noBulkUnderWay, ...change });
const stepOf = (stream: StreamState, under: BulkUnderWay = noBulkUnderWay, at = now) =>
  nextBulkStep(limits(), stream, under, at);

test('an object of fifty pages of a query or more is backfilled by Bulk', () => {
  assert.equal(wants({ rowsExpected: large }), true);
  assert.equal(wants({ rowsExpected: large - 1 }), false);
  assert.equal(wants({ rowsExpected: 1_000 }, { pageRows: 20 }), true);
});

test('an object that Salesforce has not counted is judged by the rows of its table', () => {
  assert.equal(wants({ rowsExpected: null, rows: large }), true);
  assert.equal(wants({ rowsExpected: null, rows: 0 }), false);
  assert.equal(wants({ rowsExpected: 10, rows: large }), true);
});

test('a backfill that has begun by pages is changed to Bulk only if enough is left of it', () => {
  const begun = { backfill: cursorAt({ after: idOf(1) }) };
  assert.equal(wants({ cursors: begun, rowsExpected: 150_000, rows: 50_000 }), true);
  assert.equal(wants({ cursors: begun, rowsExpected: 149_999, rows: 50_000 }), false);
  assert.equal(wants({ cursors: begun, rowsExpected: null, rows: large }), false);
});

test('while requests are scarce an object of five pages or more is backfilled by Bulk', () => {
  const left = (used: number) => ({ quota: openQuota(90, { used, max: 10_000 }) });
  assert.equal(wants({ rowsExpected: 90_000 }, left(0)), false);
  assert.equal(wants({ rowsExpected: 90_000 }, left(8_499)), false);
  assert.equal(wants({ rowsExpected: 90_000 }, left(8_501)), true);
  assert.equal(wants({ rowsExpected: 10_000 }, left(9_000)), true);
  assert.equal(wants({ rowsExpected: 9_999 }, left(9_000)), false);
  assert.equal(wants({ rowsExpected: 90_000 }), false, 'nothing is known of the requests');
});

test('an object whose pages of a query were refused three times is backfilled by Bulk, however small it is', () => {
  assert.equal(wants({ rowsExpected: 10, problems: { backfill: problem(3) } }), true);
  assert.equal(wants({ rowsExpected: 10, problems: { backfill: problem(2) } }), false);
  assert.equal(wants({ rowsExpected: 10, problems: { poll: problem(9) } }), false);
});

test('a check that is due is made by Bulk if the table has a hundred thousand rows and no pass has begun', () => {
  const due = { backfill: null, content: cursorAt({ ...startOfContent(0), isWanted: true }) };
  const stepFor = (rows: number, content = due.content) =>
    stepOf(streamState(1, { rows, cursors: { ...due, content } }));
  assert.deepEqual(stepFor(large), { do: 'begin', purpose: 'content' });
  assert.equal(stepFor(large - 1), null);
  assert.equal(
    stepFor(large, cursorAt({ ...due.content.position, begunAt: serverNow, after: idOf(1) })),
    null,
  );
});

test('what Bulk does not read is backfilled by pages', () => {
  const withColumns = (sobject: string, columns: object[]) => {
    const { table } = waiting();
    const own = { ...table, stream: { ...table.stream, sobject, columns } } as StreamTable;
    return wants({ rowsExpected: large, table: own });
  };
  const id = { field: 'Id', fieldType: 'id' };
  assert.equal(withColumns('Invoice__c', [id]), true);
  assert.equal(withColumns('attachment', [id]), false);
  assert.equal(withColumns('Invoice__c', [{ field: 'Name', fieldType: 'string' }]), false);
  for (const fieldType of ['address', 'location', 'base64', 'complexvalue', 'json'])
    assert.equal(withColumns('Invoice__c', [id, { field: 'X__c', fieldType }]), false, fieldType);
  assert.equal(withColumns('AccountHistory', [id, { field: 'OldValue', fieldType: 'anyType' }]), true);
});

test('an object that is complete, or was given up less than a day ago, is not backfilled by Bulk', () => {
  assert.equal(wants({ rowsExpected: large, cursors: { backfill: null } }), false);
  const givenUp = byBulk({ job: null, givenUp: { reason: 'x', at: serverNow } }, { rowsExpected: large });
  assert.equal(wantsBulk(limits(), givenUp), false);
  assert.equal(stepOf(givenUp), null);
  const tomorrow = limits({ serverNow: serverNow + 86_400 });
  assert.deepEqual(nextBulkStep(tomorrow, givenUp, noBulkUnderWay, now), {
    do: 'begin',
    purpose: 'backfill',
  });
});

test('a large object begins with a job, and so does what a lost job leaves', () => {
  assert.deepEqual(stepOf(waiting({ rowsExpected: large })), { do: 'begin', purpose: 'backfill' });
  assert.deepEqual(stepOf(byBulk({ job: null })), { do: 'create' });
});

test('a table that is too large for one job is divided before the next is created', () => {
  const ranges = [{ ...wholeTable, isTooLarge: true }];
  assert.deepEqual(stepOf(byBulk({ job: null, ranges })), { do: 'split' });
});

test('a job is asked about when it is time, until its results are ready', () => {
  assert.deepEqual(stepOf(byBulk()), { do: 'ask' });
  assert.equal(stepOf(byBulk(), noBulkUnderWay, now - 1), null);
});

test('a job is asked about at once if another worker’s clock has set the time', () => {
  const askAt = now + 3_600_000;
  assert.deepEqual(stepOf(byBulk({ job: { ...job, askAt } })), { do: 'ask' });
});

test('result pages are listed, read two at a time, and listed on when no known page is left to begin', () => {
  const none = byBulk({ job: ready });
  assert.deepEqual(stepOf(none), { do: 'list' });
  const three = byBulk({ job: ready }, { bulkPages: [page(1, true), page(2), page(3), page(4)] });
  const reading = (...pageNos: number[]) => underWay({ pages: new Map([[1, new Set(pageNos)]]) });
  assert.deepEqual(stepOf(three), { do: 'read', pageNo: 2 });
  assert.deepEqual(stepOf(three, reading(2)), { do: 'read', pageNo: 3 });
  assert.equal(stepOf(three, reading(2, 3)), null);
  const two = byBulk({ job: ready }, { bulkPages: [page(1), page(2)] });
  assert.deepEqual(stepOf(two, reading(1, 2)), { do: 'list' });
});

test('two objects share the pages that are read at the same time', () => {
  const stream = byBulk({ job: ready }, { bulkPages: [page(1)] });
  const others = (count: number) =>
    underWay({ pages: new Map([[2, new Set(Array.from({ length: count }, (_, nth) => nth + 1))]]) });
  assert.deepEqual(stepOf(stream, others(1)), { do: 'read', pageNo: 1 });
  assert.equal(stepOf(stream, others(2)), null);
});

test('a backfill is finished when every page of a complete list is stored', () => {
  const listed = { ...ready, isListed: true };
  const done = byBulk({ job: listed }, { bulkPages: [page(1, true), page(2, true)] });
  assert.deepEqual(stepOf(done), { do: 'finish' });
  assert.deepEqual(stepOf(byBulk({ job: listed })), { do: 'finish' }, 'a job without records');
  const last = byBulk({ job: listed }, { bulkPages: [page(1, true), page(2)] });
  assert.equal(stepOf(last, underWay({ pages: new Map([[1, new Set([2])]]) })), null);
});

test('one step of a job is taken at a time, and none while the backfill rests after a failure', () => {
  assert.equal(stepOf(byBulk(), underWay({ jobs: new Set([1]) })), null);
  assert.deepEqual(stepOf(byBulk(), underWay({ jobs: new Set([2]) })), { do: 'ask' });
  const resting = byBulk({}, { problems: { backfill: problem(1, now + 1) } });
  assert.equal(stepOf(resting), null);
  assert.deepEqual(stepOf(resting, noBulkUnderWay, now + 1), { do: 'ask' });
});

test('a result page has as many records as fifty pages of a query', () => {
  assert.equal(bulkPageRows(2_000), 100_000);
});
