import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorAt, type StreamChange, streamState, syncState } from '@lockstep/harness/sync-state';
import { startOfContent } from '../cursors/content.ts';
import { repairOf } from '../cursors/repair.ts';
import { startOfSweep } from '../cursors/sweep.ts';
import type { Activity } from '../run/problems.ts';
import type { Cursors } from '../run/sync-state.ts';
import { nextRequest, nothingInBackground } from './next-request.ts';
import { kinds, polled, slotsOf, streamsOf } from './test-requests.ts';

const [at, stream, sync] = [cursorAt, streamState, syncState];

const backfilling: Partial<Cursors> = { backfill: at({ after: null }) };

const failing = (activity: Activity, retryAt: number): StreamChange => ({
  problems: { [activity]: { code: 'NET-01', explanation: '', next: '', tries: 1, failedAt: 0, retryAt } },
});

test('a failed poll rests while the others go on, and then gets a request of its own', () => {
  const streams = [stream(1, failing('poll', 200_000)), stream(2, { polledAt: 1 })];
  assert.deepEqual(kinds(slotsOf(sync(streams), 200_000)), ['head 0']);
  const together = [stream(1, { ...failing('poll', 200_000), polledAt: 2 }), stream(2, { polledAt: 1 })];
  assert.deepEqual(kinds(slotsOf(sync(together), 100_000)), ['head 1']);
});

for (const [activity, change, kind] of [
  ['sweep', { cursors: { sweep: at(startOfSweep(0)) } }, 'sweep'],
  ['content', { cursors: { content: at(startOfContent(0)) } }, 'content'],
  ['re-read', { marked: { isPriority: true, oldest: 7 } }, 're-read'],
  ['counts', { cursors: { repair: at(repairOf(['2026-11-24'])) } }, 'repair'],
] as const) {
  test(`only a failed ${activity} rests: the stream is polled as before, together with the others`, () => {
    const streams = (retryAt: number) =>
      sync([stream(1, { ...change, ...failing(activity, retryAt) }), stream(2)]);
    assert.deepEqual(kinds(slotsOf(streams(200_000))), ['head 0', 'head 1']);
    assert.ok(kinds(slotsOf(streams(100_000))).includes(`${kind} 0`));
  });
}

test('nothing is read of a stream whose table is locked or has been changed', () => {
  const locked = sync([stream(1, failing('table', 200_000)), stream(2)]);
  assert.deepEqual(kinds(slotsOf(locked)), ['head 1']);
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { isTableChanged: true }), stream(2)]))), ['head 1']);
});

test('a slow stream gets requests of its own, and the others share the ones in between', () => {
  let state = sync([stream(1, { slow: 'polls' }), stream(2), stream(3)]);
  const asked: string[][] = [];
  for (let turn = 0; turn < 4; turn++) {
    const slots = slotsOf(state, 100_000 + turn);
    asked.push(kinds(slots));
    state = polled(state, slots, 100_000 + turn);
  }
  assert.deepEqual(asked, [['head 0'], ['head 1', 'head 2'], ['head 0'], ['head 1', 'head 2']]);
});

test('a slow stream is read apart, and not again before that answer has taken effect', () => {
  const state = sync([stream(1, { slow: 'polls' }), stream(2), stream(3)]);
  const next = nextRequest(state, 100_000);
  assert.ok(next.kind === 'composite' && next.isSeparate);
  const beside = nextRequest(state, 100_000, { ...nothingInBackground, asking: new Set([1]) });
  assert.ok(beside.kind === 'composite' && !beside.isSeparate);
  assert.deepEqual(kinds(beside.slots), ['head 1', 'head 2']);
  const only = nextRequest(sync([stream(1, { slow: 'polls' })]), 100_000);
  assert.ok(only.kind === 'composite' && !only.isSeparate, 'there is no other stream to hold up');
});

test('no more than five requests are under way apart', () => {
  const state = sync(streamsOf(7, { slow: 'polls' }));
  const asking = new Set([1, 2, 3, 4, 5]);
  assert.equal(nextRequest(state, 100_000, { ...nothingInBackground, asking }).kind, 'wait');
});

test('after a request that failed as a whole no stream is read apart', () => {
  const state = sync(streamsOf(3, { slow: 'polls' }), { syncProblem: { retryAt: 0, tries: 1 } });
  const next = nextRequest(state, 100_000);
  assert.ok(next.kind === 'composite' && !next.isSeparate);
});

const stoppedUntil = (retryAt: number): StreamChange => ({
  stopped: { code: 'PERM-02', tries: 1, failedAt: 0, retryAt },
});

test('a mark of a stopped stream is not urgent', () => {
  const marked = { isPriority: true, oldest: 7 };
  const budget = { intervalMs: 3_000, sentAt: [99_000] };
  const state = sync([stream(1, { ...stoppedUntil(200_000), marked }), stream(2)], { budget });
  assert.deepEqual(nextRequest(state, 99_100), { kind: 'wait', until: 102_000 });
});

test('after a request that failed as a whole the streams take turns in requests of their own', () => {
  const streams = [stream(1), stream(2, { cursors: backfilling }), stream(3)];
  const asked = [1, 2, 3].map((tries) => {
    const slots = slotsOf(sync(streams, { syncProblem: { retryAt: 0, tries } }));
    return [...new Set(slots.map(({ index }) => index))];
  });
  assert.deepEqual(asked, [[1], [2], [0]]);
});

test('a stopped stream is not read, and a sync whose streams are all stopped waits', () => {
  assert.deepEqual(kinds(slotsOf(sync([stream(1, stoppedUntil(200_000)), stream(2)]))), ['head 1']);
  const waiting = nextRequest(sync([stream(1, stoppedUntil(120_000))]), 100_000);
  assert.deepEqual(waiting, { kind: 'wait', until: 120_000 });
});

test('only the poll of a stopped stream is tried again, in the same request as others', () => {
  const sweep = at(startOfSweep(0));
  const marked = { isPriority: false, oldest: 7 };
  const streams = [stream(1, { ...stoppedUntil(100_000), cursors: { sweep }, marked }), stream(2)];
  assert.deepEqual(kinds(slotsOf(sync(streams))).toSorted(), ['head 0', 'head 1']);
  const timeless = { ...stoppedUntil(100_000), cursors: { head: null, recheck: null, counts: null } };
  assert.deepEqual(kinds(slotsOf(sync([stream(1, timeless)]))), ['content 0']);
});

test('a sync with a problem waits until it may be tried again', () => {
  const state = sync([stream(1)], { syncProblem: { retryAt: 160_000, tries: 3 } });
  assert.deepEqual(nextRequest(state, 100_000), { kind: 'wait', until: 160_000 });
});

test('while a poll that has failed rests, the others are polled', () => {
  const resting = stream(1, { ...failing('poll', 200_000), polledAt: 0 });
  assert.deepEqual(kinds(slotsOf(sync([resting, stream(2), stream(3)]))), ['head 1', 'head 2']);
});
