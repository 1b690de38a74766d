import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openLog } from '@lockstep/foundation/log';
import { cursorAt, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog, LogFields } from '../../core/log-fields.ts';
import type { Mirror, SetAsideCount, StreamFigures } from '../../postgres/index.ts';
import { startOfContent } from '../cursors/content.ts';
import { startOfCounts } from '../cursors/counts.ts';
import { repairOf } from '../cursors/repair.ts';
import { startOfSweep } from '../cursors/sweep.ts';
import { type SyncRequest, type SyncRequestQueue, SyncRequests } from './sync-requests.ts';
import type { Cursors, StreamState, SyncState } from './sync-state.ts';

const now = 1_000_000;
/** The position of the recheck of a stream at rest. */
const recheckAt = serverNow - 900;
const id = '001000000000001AAA' as RecordId;
const [at, stream, sync] = [cursorAt, streamState, syncState];
const timeless: Partial<Cursors> = { head: null, recheck: null, counts: null };

/** The destination's last ticket whenever it is asked. */
const lastTicket = 100;
const marked = (oldest: number) => ({ marked: { isPriority: false, oldest } });

const log: AppLog = openLog<LogFields>({ write: () => undefined }, 'error');

/** Sync requests in one queue, with what they did to the mirror and reported to the queue. */
function opened(...syncRequests: readonly Omit<SyncRequest, 'id'>[]) {
  const open: SyncRequest[] = syncRequests.map((syncRequest, index) => ({ ...syncRequest, id: index + 1 }));
  const ended: object[] = [];
  const reports: object[] = [];
  const writes: unknown[] = [];
  const queue: SyncRequestQueue & { isAway: boolean } = {
    isAway: false,
    open: () => (queue.isAway ? Promise.reject(new Error('away')) : Promise.resolve([...open])),
    report: (_, progress) => Promise.resolve(void reports.push(progress)),
    end(requestId, outcome) {
      if (queue.isAway) return Promise.reject(new Error('away'));
      open.splice(
        open.findIndex((syncRequest) => syncRequest.id === requestId),
        1,
      );
      ended.push('result' in outcome ? outcome.result : outcome.fault);
      return Promise.resolve();
    },
  };
  let figures: readonly StreamFigures[] = [];
  const aside: SetAsideCount[] = [];
  let decided = Promise.resolve();
  const mirror: Pick<Mirror, 'markRows' | 'decideOnAbsent' | 'readFigures' | 'readRepairs' | 'readSetAside'> =
    {
      markRows: (...asked) => Promise.resolve(void writes.push(asked)),
      decideOnAbsent: (...asked) => decided.then(() => void writes.push(asked)),
      readFigures: () => Promise.resolve({ ticket: lastTicket, figures }),
      readRepairs: () => Promise.resolve([]),
      readSetAside: () => Promise.resolve(aside),
    };
  const serving = new SyncRequests(queue, log, { post: () => undefined });
  return {
    queue,
    open,
    aside,
    ended,
    reports,
    writes,
    /** Sets the figures that the destination returns from now on. */
    setFigures: (next: readonly StreamFigures[]) => void (figures = next),
    /** Makes decisions on absent rows wait for this from now on. */
    decideAfter: (done: Promise<void>) => void (decided = done),
    look: (state: SyncState, at = now, isUnderWay = false) =>
      serving.look(mirror as Mirror, state, at, () => isUnderWay),
    settle: (state: SyncState, at = now) => serving.settle(mirror as Mirror, state, at),
    requested: (state: SyncState) => serving.withRequests(state).streams[0] as StreamState,
  };
}

const syncRequest = (kind: SyncRequest['kind'], change: Partial<SyncRequest> = {}) => ({
  kind,
  objects: null,
  ids: null,
  ...change,
});

/** The passes that are wanted of a stream. */
const wanted = ({ cursors }: StreamState) =>
  (['counts', 'sweep', 'content'] as const).filter((kind) => cursors[kind]?.position.isWanted);

const done = { objects: 1, skipped: [], repairs: [], setAside: [] };

test('a flush wants the head read from W on, with priority, until a reading that began after it has ended', async () => {
  const syncRequests = opened(syncRequest('flush'));
  const before = sync([stream(1)]);
  await syncRequests.look(before);
  const asked = syncRequests.requested(before);
  assert.deepEqual([asked.isPriority, asked.pollSince, wanted(asked)], [true, recheckAt, []]);

  const underWay = sync([stream(1, { pollSinceBegunAt: now + 5 })]);
  assert.deepEqual(
    [syncRequests.requested(underWay).isPriority, syncRequests.requested(underWay).pollSince],
    [true, null],
  );
  await syncRequests.settle(underWay);
  assert.deepEqual(syncRequests.ended, []);

  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now + 5 })]));
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a count that was under way when a comparison was asked for does not end it', async () => {
  const syncRequests = opened(syncRequest('verify counts'));
  await syncRequests.look(sync([stream(1)]), now, true);
  const counted = (lastAt: number) => sync([stream(1, { cursors: { counts: at(startOfCounts(lastAt)) } })]);
  await syncRequests.settle(counted(serverNow));
  assert.deepEqual(syncRequests.ended, []);
  await syncRequests.settle(counted(serverNow + 1));
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a reading that began before a flush does not end it, and another one is wanted', async () => {
  const syncRequests = opened(syncRequest('flush'));
  const state = sync([stream(1, { pollSinceBegunAt: now - 5, pollSinceReadAt: now - 9 })]);
  await syncRequests.look(state);
  assert.equal(syncRequests.requested(state).pollSince, recheckAt);
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now - 5 })]));
  assert.deepEqual(syncRequests.ended, []);
});

test('a flush waits for the records that were marked when its reading ended, and for no later ones', async () => {
  const syncRequests = opened(syncRequest('flush'));
  await syncRequests.look(sync([stream(1)]));
  syncRequests.setFigures([{ stream_no: 1, rows: 1_000, urgent: false, oldest: lastTicket }]);
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now })]));
  assert.deepEqual(syncRequests.ended, []);
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now, ...marked(lastTicket) })]));
  assert.deepEqual(syncRequests.ended, []);
  await syncRequests.settle(
    sync([stream(1, { pollSinceReadAt: now, ...marked(lastTicket + 1) }), stream(2, marked(1))]),
  );
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a flush reports what was set aside for the objects that it names', async () => {
  const syncRequests = opened(syncRequest('flush', { objects: ['object1'] }));
  const one = { column: 'size__c', code: 'misfit', rows: 3 };
  syncRequests.aside.push({ sobject: 'Object1', ...one }, { sobject: 'Object2', ...one });
  await syncRequests.look(sync([stream(1), stream(2)]));
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now }), stream(2)]));
  assert.deepEqual(syncRequests.ended, [{ ...done, setAside: [{ sobject: 'Object1', ...one }] }]);
});

for (const [kind, change, passes] of [
  ['flush', timeless, ['sweep', 'content']],
  ['verify counts', {}, ['counts']],
  ['verify counts', timeless, []],
  ['verify ids', {}, ['sweep']],
  ['verify content', {}, ['sweep', 'content']],
  ['refetch', {}, []],
] as const) {
  const object = change === timeless ? 'an object without a time field' : 'an object';
  test(`${kind} of ${object} wants: ${passes.join(', ') || 'no pass'}`, async () => {
    const syncRequests = opened(syncRequest(kind));
    const state = sync([stream(1, { cursors: change })]);
    await syncRequests.look(state);
    const asked = syncRequests.requested(state);
    assert.deepEqual(wanted(asked), passes);
    assert.equal(asked.pollSince, null);
  });
}

test('a pass that was under way when the request came does not count, and the next one does', async () => {
  const syncRequests = opened(syncRequest('verify ids'));
  const sweep = { ...startOfSweep(serverNow - 60), begunAt: serverNow };
  await syncRequests.look(sync([stream(1, { cursors: { sweep: at(sweep) } })]));
  const ended = sync([stream(1, { cursors: { sweep: at(startOfSweep(serverNow)) } })]);
  await syncRequests.settle(ended);
  assert.deepEqual(syncRequests.ended, []);
  assert.deepEqual(wanted(syncRequests.requested(ended)), ['sweep']);
  await syncRequests.settle(sync([stream(1, { cursors: { sweep: at(startOfSweep(serverNow + 1)) } })]));
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a comparison ends when the days that differed have been read again', async () => {
  const syncRequests = opened(syncRequest('verify counts'));
  await syncRequests.look(sync([stream(1)]));
  const counts = at(startOfCounts(serverNow + 1));
  await syncRequests.settle(sync([stream(1, { cursors: { counts, repair: at(repairOf(['2026-11-24'])) } })]));
  assert.deepEqual(syncRequests.ended, []);
  await syncRequests.settle(sync([stream(1, { cursors: { counts } })]));
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a refetch marks its records with priority, and ends when none of them is marked', async () => {
  const syncRequests = opened(syncRequest('refetch', { objects: ['object1'], ids: [id] }));
  syncRequests.setFigures([{ stream_no: 1, rows: 1_000, urgent: true, oldest: lastTicket }]);
  const state = await syncRequests.look(sync([stream(1), stream(2)]));
  assert.deepEqual(syncRequests.writes, [[1, [id], 'asked', true]]);
  assert.deepEqual(state.streams[0]?.marked, { isPriority: true, oldest: lastTicket });
  await syncRequests.settle(state);
  assert.deepEqual(syncRequests.ended, []);
  await syncRequests.settle(sync([stream(1, marked(lastTicket + 1)), stream(2)]));
  assert.deepEqual(syncRequests.ended, [done]);
});

for (const [kind, decision] of [
  ['keep', 'kept'],
  ['remove', 'accepted'],
] as const) {
  test(`${kind} decides on the absent rows of the objects that it names, and is then done`, async () => {
    const syncRequests = opened(syncRequest(kind, { objects: ['OBJECT2'] }));
    const state = sync([stream(1), stream(2)]);
    await syncRequests.look(state);
    await setImmediate();
    assert.deepEqual(syncRequests.writes, [[2, decision]]);
    await syncRequests.settle(state);
    assert.deepEqual(syncRequests.ended, [done]);
  });
}

test('a decision on many rows holds up nothing, and the request ends with it', async () => {
  const syncRequests = opened(syncRequest('keep', { objects: ['Object2'] }));
  const state = sync([stream(1), stream(2)]);
  const { promise, resolve } = Promise.withResolvers<void>();
  syncRequests.decideAfter(promise);
  await syncRequests.look(state);
  await syncRequests.settle(state);
  assert.deepEqual(syncRequests.ended, []);
  resolve();
  await setImmediate();
  await syncRequests.settle(state);
  assert.deepEqual(syncRequests.ended, [done]);
});

test('a decision that fails in the database is made again', async () => {
  const syncRequests = opened(syncRequest('remove', { objects: ['Object2'] }));
  const state = sync([stream(1), stream(2)]);
  syncRequests.decideAfter(Promise.reject(new Error('connection lost')));
  await syncRequests.look(state);
  await setImmediate();
  await syncRequests.settle(state);
  assert.deepEqual([syncRequests.ended, syncRequests.writes], [[], []]);
  syncRequests.decideAfter(Promise.resolve());
  await syncRequests.look(state);
  await setImmediate();
  await syncRequests.settle(state);
  assert.deepEqual([syncRequests.ended, syncRequests.writes], [[done], [[2, 'accepted']]]);
});

const stoppedAt = (failedAt: number, tries = 1) => ({
  stopped: { code: 'PERM-02', tries, failedAt, retryAt: now + 3_600_000 },
});

test('what failed before the request is tried again at once, even if it failed in the same millisecond', async () => {
  const failed = (failedAt: number, tries: number) => ({
    counts: { code: 'NET-01', explanation: '', next: '', tries, failedAt, retryAt: now + 60_000 },
  });
  for (const before of [now - 1, now]) {
    const syncRequests = opened(syncRequest('verify counts'));
    const state = sync([stream(1, { problems: failed(before, 3), ...stoppedAt(before) })]);
    await syncRequests.look(state);
    const asked = syncRequests.requested(state);
    assert.deepEqual([asked.problems.counts?.retryAt, asked.stopped?.retryAt], [now, now]);
    await syncRequests.settle(state);
    assert.deepEqual(syncRequests.ended, []);
    await syncRequests.settle(sync([stream(1, { problems: failed(now, 4) })]));
    assert.deepEqual(syncRequests.ended, [
      { ...done, objects: 0, skipped: [{ object: 'Object1', reason: 'its count failed (NET-01)' }] },
    ]);
  }
});

test('a request adds no problem to a stream', async () => {
  const syncRequests = opened(syncRequest('verify content'));
  const state = sync([stream(1)]);
  await syncRequests.look(state);
  assert.deepEqual(Object.keys(syncRequests.requested(state).problems), []);
});

test('an object that is stopped again in the very millisecond of the request has been tried', async () => {
  const syncRequests = opened(syncRequest('flush'));
  await syncRequests.look(sync([stream(1, stoppedAt(now, 1))]));
  await syncRequests.settle(sync([stream(1, stoppedAt(now, 2))]));
  const skipped = [{ object: 'Object1', reason: 'it is stopped (PERM-02)' }];
  assert.deepEqual(syncRequests.ended, [{ ...done, objects: 0, skipped }]);
});

test('objects that cannot be served are left out with the reason, and the others are served', async () => {
  const syncRequests = opened(syncRequest('flush'));
  const copying = stream(2, { cursors: { backfill: at({ after: null }) } });
  const stopped = stream(3, stoppedAt(now - 1));
  await syncRequests.look(sync([stream(1), copying, stopped]));
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now }), copying, stopped]));
  assert.deepEqual(syncRequests.ended, [], 'it is tried again first');
  await syncRequests.settle(
    sync([stream(1, { pollSinceReadAt: now }), copying, stream(3, stoppedAt(now + 1))]),
  );
  const skipped = [
    { object: 'Object2', reason: 'its backfill is not complete' },
    { object: 'Object3', reason: 'it is stopped (PERM-02)' },
  ];
  assert.deepEqual(syncRequests.ended, [{ ...done, skipped }]);
});

test('an object that stops meanwhile does not hold up the request', async () => {
  const syncRequests = opened(syncRequest('verify content'));
  await syncRequests.look(sync([stream(1)]));
  await syncRequests.settle(sync([stream(1, stoppedAt(now + 1))]));
  assert.equal(syncRequests.ended.length, 1);
});

test('the progress of a sync request is reported once a second', async () => {
  const syncRequests = opened(syncRequest('verify content'));
  await syncRequests.look(sync([stream(1), stream(2)]));
  const sweep = { ...startOfSweep(serverNow - 60), begunAt: serverNow + 1, done: 250 };
  const state = sync([
    stream(1, { cursors: { sweep: at(sweep) } }),
    stream(2, {
      cursors: { sweep: at(startOfSweep(serverNow + 1)), content: at(startOfContent(serverNow + 1)) },
    }),
  ]);
  await syncRequests.settle(state, now + 999);
  assert.deepEqual(syncRequests.reports, []);
  await syncRequests.settle(state, now + 1_000);
  await syncRequests.settle(state, now + 1_500);
  assert.deepEqual(syncRequests.reports, [
    { done: 1, of: 2, objects: [{ object: 'Object1', rows: 250, of: 1_000 }] },
  ]);
});

test('a withdrawn sync request is forgotten', async () => {
  const syncRequests = opened(syncRequest('flush'));
  const state = sync([stream(1)]);
  await syncRequests.look(state);
  syncRequests.open.length = 0;
  await syncRequests.look(state);
  assert.deepEqual(syncRequests.requested(state), state.streams[0]);
  await syncRequests.settle(sync([stream(1, { pollSinceReadAt: now })]));
  assert.deepEqual(syncRequests.ended, []);
});

test('while the queue cannot be read, requests continue, and their end is reported later', async () => {
  const syncRequests = opened(syncRequest('flush'));
  const state = sync([stream(1)]);
  await syncRequests.look(state);
  syncRequests.queue.isAway = true;
  assert.equal(await syncRequests.look(state), state);
  assert.equal(syncRequests.requested(state).pollSince, recheckAt);
  const read = sync([stream(1, { pollSinceReadAt: now })]);
  await syncRequests.settle(read);
  assert.deepEqual(syncRequests.ended, []);
  syncRequests.queue.isAway = false;
  await syncRequests.settle(read);
  assert.deepEqual(syncRequests.ended, [done]);
});
