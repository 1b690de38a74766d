/** How the steps of Bulk backfills and polls share the requests of a sync. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cursorAt as at,
  type StreamChange,
  serverNow,
  streamState as stream,
  syncState as sync,
} from '@lockstep/harness/sync-state';
import type { BulkPosition } from '../cursors/bulk.ts';
import { noBulkUnderWay } from './bulk-step.ts';
import { watchFrom } from './job-watch.ts';
import { type InBackground, nextRequest, nothingInBackground } from './next-request.ts';
import { kinds, streamsOf } from './test-requests.ts';

const now = 100_000;
const large = 100_000;
const backfill = at({ after: null });

const position: BulkPosition = {
  purpose: 'backfill',
  begunAt: serverNow,
  observation: { lo: 1, nonce: 'n' },
  isFirstFill: true,
  ranges: [{ after: null, upTo: null }],
  job: {
    id: '750000000000001AAA',
    dataPath: '/services/data/v62.0',
    purpose: 'backfill',
    fields: ['Id'],
    ...watchFrom(0),
    hi: 9,
    next: null,
    isListed: true,
  },
  failures: 0,
  givenUp: null,
};
const page = (streamNo: number, pageNo: number) => ({
  stream_no: streamNo,
  page_no: pageNo,
  path: '',
  rows: 0,
  last_id: null,
  is_done: false,
});

const waiting = (streamNo: number, change: StreamChange = {}) =>
  stream(streamNo, { rows: 0, rowsExpected: large, cursors: { backfill }, ...change });
/** Its results are being read. */
const readByBulk = (streamNo: number, change: StreamChange = {}) =>
  waiting(streamNo, {
    cursors: { backfill, bulk: at(position) },
    bulkPages: [1, 2, 3].map((pageNo) => page(streamNo, pageNo)),
    polledAt: now,
    ...change,
  });
const pagesOf = (streamNo: number, ...pageNos: number[]): InBackground => ({
  ...nothingInBackground,
  bulk: { ...noBulkUnderWay, pages: new Map([[streamNo, new Set(pageNos)]]) },
});

test('a large object begins with a Bulk job, apart from the requests of the others', () => {
  assert.deepEqual(nextRequest(sync([stream(1), waiting(2)]), now), {
    kind: 'bulk',
    index: 1,
    step: { do: 'begin', purpose: 'backfill' },
    isSeparate: true,
  });
});

test('at least every second request is left for polls, however many steps there are', () => {
  const streams = [...streamsOf(2), ...[3, 4, 5].map((streamNo) => readByBulk(streamNo))];
  let state = sync(streams);
  const asked: string[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const next = nextRequest(state, now + turn * 3_000);
    asked.push(next.kind);
    assert.ok(next.kind === 'bulk' || next.kind === 'composite');
    state = { ...state, sharedInARow: next.isSeparate ? 0 : state.sharedInARow + 1 };
  }
  assert.deepEqual(asked, Array.from({ length: 6 }, () => ['bulk', 'composite']).flat());
});

test('steps go on at every request while there is nothing to poll', () => {
  const alone = { ...sync([readByBulk(1)]), sharedInARow: 0 };
  const next = nextRequest(alone, now);
  assert.equal(next.kind, 'bulk');
});

test('a record that a proxied write waits for comes before a step, but a constant load of them stops no step', () => {
  const urgent = stream(1, { marked: { isPriority: true, oldest: 7 } });
  const state = sync([urgent, readByBulk(2)]);
  const next = nextRequest(state, now);
  assert.ok(next.kind === 'composite');
  assert.equal(kinds(next.slots)[0], 're-read 0');
  assert.equal(nextRequest({ ...state, sharedInARow: 3 }, now).kind, 'bulk');
});

test('an object that is to be read by Bulk is neither polled nor read page by page before, so that its table is empty', () => {
  const others = { ...sync([stream(1), waiting(2)]), sharedInARow: 0 };
  const next = nextRequest(others, now);
  assert.ok(next.kind === 'composite');
  assert.deepEqual(kinds(next.slots), ['head 0']);
  const written = { ...sync([waiting(1, { isPriority: true })]), sharedInARow: 0 };
  const first = nextRequest(written, now);
  assert.ok(first.kind === 'composite', 'unless a proxied write is to be found');
  assert.equal(kinds(first.slots)[0], 'head 0');
});

test('after a request that failed as a whole, an object that waits for its job asks for a page, which shows whether all is well', () => {
  const next = nextRequest(sync([waiting(1)], { syncProblem: { tries: 1, retryAt: 0 } }), now);
  assert.ok(next.kind === 'composite');
  assert.equal(kinds(next.slots)[0], 'backfill 0');
});

test('while its job is being created, an object that waits for it is not read otherwise', () => {
  const creating = { ...nothingInBackground, bulk: { ...noBulkUnderWay, jobs: new Set([1]) } };
  assert.deepEqual(nextRequest(sync([waiting(1)]), now, creating).kind, 'wait');
});

test('an object that is read by Bulk is polled every ten seconds, and not read page by page', () => {
  const slotsAt = (polledAt: number) => {
    const next = nextRequest(
      { ...sync([readByBulk(1, { polledAt })]), sharedInARow: 0 },
      now,
      pagesOf(1, 1, 2),
    );
    return next.kind === 'composite' ? kinds(next.slots) : [next.kind];
  };
  assert.deepEqual(slotsAt(now - 10_000), ['head 0']);
  assert.deepEqual(slotsAt(now - 9_999), ['wait']);
});

test('an object that was given up for Bulk is read page by page', () => {
  const bulk = at({
    ...position,
    observation: null,
    job: null,
    givenUp: { reason: 'NOT_FOUND', at: serverNow },
  });
  const next = nextRequest(sync([waiting(1, { cursors: { backfill, bulk }, polledAt: now })]), now);
  assert.ok(next.kind === 'composite');
  assert.deepEqual(new Set(kinds(next.slots)), new Set(['backfill 0']));
});

test('two result pages are read at once, of one object or of two', () => {
  const two = sync([readByBulk(1), readByBulk(2)]);
  const stepAt = (background: InBackground) => {
    const next = nextRequest(two, now, background);
    return next.kind === 'bulk'
      ? `${next.index} ${'pageNo' in next.step ? next.step.pageNo : next.step.do}`
      : null;
  };
  assert.equal(stepAt(nothingInBackground), '0 1');
  assert.equal(stepAt(pagesOf(1, 1)), '0 2');
  assert.equal(stepAt(pagesOf(2, 1)), '0 1');
  assert.equal(stepAt(pagesOf(1, 1, 2)), null);
});

test('no step is taken while the object is stopped, its table is changed, or the sync rests', () => {
  const taken = (change: StreamChange, more: Parameters<typeof sync>[1] = {}) =>
    nextRequest(sync([readByBulk(1, change)], more), now).kind === 'bulk';
  assert.equal(taken({}), true);
  assert.equal(taken({ stopped: { code: 'SCH-01', tries: 1, failedAt: now, retryAt: now + 1 } }), false);
  assert.equal(taken({ isTableChanged: true }), false);
  assert.equal(taken({}, { syncProblem: { tries: 1, retryAt: now + 1 } }), false);
  assert.equal(taken({}, { syncProblem: { tries: 1, retryAt: 0 } }), false);
});

test('of several jobs, the one that has waited longest is asked about first', () => {
  const asking = (streamNo: number, askAt: number) => {
    const { job } = position;
    const bulk = at({ ...position, job: job && { ...job, hi: null, isListed: false, askAt } });
    return waiting(streamNo, { cursors: { backfill, bulk } });
  };
  const asked = nextRequest(sync([asking(1, now - 10), asking(2, now - 20)]), now);
  assert.deepEqual(asked, { kind: 'bulk', index: 1, step: { do: 'ask' }, isSeparate: true });
});
