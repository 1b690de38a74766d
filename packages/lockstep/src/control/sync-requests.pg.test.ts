import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orAbort } from '@lockstep/foundation/abort';
import { ManualClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import { startSyncRequestServer, untilLeased } from '@lockstep/harness/sync-request-server';
import { Fault } from '../core/faults.ts';
import { newSyncId, type RecordId } from '../core/ids.ts';
import { listenForChanges } from './changes.ts';
import {
  endSyncRequest,
  makeSyncRequest,
  type NewSyncRequest,
  readSyncRequest,
  reportSyncRequest,
  type SyncRequestStatus,
  takeSyncRequests,
  withdrawSyncRequest,
} from './sync-requests.ts';
import { changeSettings, eraseSync, recordSync } from './syncs.ts';
import { waitForSyncRequest } from './wait-for-sync-request.ts';

const never = new AbortController().signal;
const flush: NewSyncRequest = { kind: 'flush', objects: null };

async function recorded({ control }: TestControl) {
  const sync = newSync();
  await recordSync(control, sync);
  return sync;
}

test('open sync requests are taken oldest first, by any process, as often as asked until they end', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await recorded(harness);
  const other = await recorded(harness);
  const ids = ['001000000000001AAA', '001000000000002AAA'] as RecordId[];
  const first = await makeSyncRequest(control, sync.id, { kind: 'refetch', objects: ['Account'], ids });
  const second = await makeSyncRequest(control, sync.id, flush);
  await makeSyncRequest(control, other.id, { kind: 'verify content', objects: ['Contact'] });
  assert.equal((await readSyncRequest(control, first))?.isTaken, false);

  const worker = await harness.openAnother();
  const expected = [
    { id: first, kind: 'refetch', objects: ['Account'], ids },
    { id: second, kind: 'flush', objects: null, ids: null },
  ];
  assert.deepEqual(await takeSyncRequests(worker, sync.id), expected);
  assert.equal((await readSyncRequest(control, first))?.isTaken, true);
  assert.deepEqual(await takeSyncRequests(await harness.openAnother(), sync.id), expected, 'after a restart');

  await endSyncRequest(worker, first, { result: { objects: 1 } });
  assert.deepEqual(await takeSyncRequests(worker, sync.id), expected.slice(1));
});

test('a sync request for a sync that does not exist is refused', async () => {
  await using harness = await openTestControl();
  await assert.rejects(makeSyncRequest(harness.control, newSyncId(), flush), { code: 'PRX-01' });
});

test('a sync request that no worker could serve is not stored', async () => {
  await using harness = await openTestControl();
  const { id } = await recorded(harness);
  const refused: NewSyncRequest[] = [
    { kind: 'wash' as 'flush', objects: null },
    { kind: 'refetch', objects: ['Account'] },
    { kind: 'refetch', objects: null, ids: ['001000000000001AAA' as RecordId] },
    { kind: 'remove', objects: null },
    { kind: 'flush', objects: null, ids: ['001000000000001AAA' as RecordId] },
  ];
  for (const syncRequest of refused)
    await assert.rejects(makeSyncRequest(harness.control, id, syncRequest), { code: '23514' });
  assert.deepEqual(await takeSyncRequests(harness.control, id), []);
});

test('making and withdrawing a sync request notify like a change of the sync', async () => {
  await using harness = await openTestControl();
  const sync = await recorded(harness);
  const told: (string | null)[] = [];
  let onTold = Promise.withResolvers<void>();
  const stop = new AbortController();
  const listening = listenForChanges(
    await harness.openAnother(),
    (id) => {
      told.push(id);
      onTold.resolve();
    },
    stop.signal,
  );
  const nextTold = async () => {
    await onTold.promise;
    onTold = Promise.withResolvers<void>();
    return told.splice(0);
  };
  assert.deepEqual(await nextTold(), [null]);
  const syncRequest = await makeSyncRequest(harness.control, sync.id, flush);
  assert.deepEqual(await nextTold(), [sync.id]);
  assert.equal(await withdrawSyncRequest(harness.control, syncRequest), true);
  assert.deepEqual(await nextTold(), [sync.id]);
  stop.abort();
  await listening;
});

test('a waiting caller learns of progress and of the end at once, from another process', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await recorded(harness);
  const worker = await harness.openAnother();
  const progress = { done: 1, of: 2 };
  const heard = Promise.withResolvers<void>();
  await using server = startSyncRequestServer(worker, async ({ id }) => {
    await reportSyncRequest(worker, id, progress);
    await heard.promise;
    await endSyncRequest(worker, id, { result: { objects: 2 } });
  });
  await untilLeased(control, sync);

  const news: SyncRequestStatus[] = [];
  const end = await waitForSyncRequest(
    control,
    await makeSyncRequest(control, sync.id, flush),
    (syncRequest) => {
      news.push(syncRequest);
      if (syncRequest.progress !== null) heard.resolve();
    },
    never,
  );
  assert.deepEqual(news.at(-1)?.progress, progress);
  assert.deepEqual(end?.end, { result: { objects: 2 } });
  assert.deepEqual(
    server.seen.map(({ kind }) => kind),
    ['flush'],
  );
});

test('a sync request that fails ends with the texts of its fault, and nothing changes that', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const syncRequest = await makeSyncRequest(control, (await recorded(harness)).id, flush);
  const fault = new Fault('NET-01', { host: 'acme.example.com', reason: 'ECONNREFUSED' });
  await endSyncRequest(control, syncRequest, { fault });
  await endSyncRequest(control, syncRequest, { result: {} });
  await reportSyncRequest(control, syncRequest, { done: 1 });

  const { end, progress } = (await readSyncRequest(control, syncRequest)) ?? {};
  assert.deepEqual(end, { fault: { code: 'NET-01', explanation: fault.message, next: fault.next } });
  assert.equal(progress, null);
  assert.equal(await withdrawSyncRequest(control, syncRequest), false);
});

test('a caller stops waiting when its sync request is withdrawn or the sync is erased', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  for (const remove of [
    withdrawSyncRequest,
    (_: unknown, __: number, id: ReturnType<typeof newSyncId>) => eraseSync(control, id),
  ]) {
    const sync = await recorded(harness);
    await using _server = startSyncRequestServer(await harness.openAnother(), () => Promise.resolve());
    await untilLeased(control, sync);
    const syncRequest = await makeSyncRequest(control, sync.id, flush);
    const seen = Promise.withResolvers<void>();
    const waiting = waitForSyncRequest(control, syncRequest, () => seen.resolve(), never);
    await seen.promise;
    await remove(control, syncRequest, sync.id);
    assert.equal(await waiting, null);
  }
});

test('a sync may be erased between any two looks of a caller that waits', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  let last = '';
  for (let after = 1; last !== 'waiting'; after++) {
    const sync = await recorded(harness);
    await using _server = startSyncRequestServer(await harness.openAnother(), () => Promise.resolve());
    await untilLeased(control, sync);
    const syncRequest = await makeSyncRequest(control, sync.id, flush);
    let queries = 0;
    const query: typeof control.db.query = async (statement) => {
      const rows = await control.db.query(statement);
      if (++queries === after) await eraseSync(control, sync.id);
      return rows as never;
    };
    const erasing = { ...control, db: { ...control.db, query } };
    last = 'erased';
    assert.equal(await waitForSyncRequest(erasing, syncRequest, () => (last = 'waiting'), never), null);
  }
});

test('a caller does not wait for a sync that is paused or that no worker runs, and the request is kept', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await recorded(harness);
  const syncRequest = await makeSyncRequest(control, sync.id, flush);
  const waiting = () => waitForSyncRequest(control, syncRequest, () => undefined, never);
  await assert.rejects(waiting(), { code: 'SYS-13', safe: { sync: shellWord(sync.name) } });
  await changeSettings(control, sync.id, { paused: true });
  await assert.rejects(waiting(), { code: 'SYS-12' });
  assert.equal((await takeSyncRequests(control, sync.id)).length, 1);
});

test('a caller waits for a sync that changes workers, but not longer than a take-over lasts', async () => {
  const clock = new ManualClock();
  await using harness = await openTestControl();
  const control = { ...harness.control, clock };
  const sync = await recorded(harness);
  const server = startSyncRequestServer(await harness.openAnother(), () => Promise.resolve());
  await untilLeased(harness.control, sync);
  let onLook = Promise.withResolvers<void>();
  const look = async (ms: number) => {
    onLook = Promise.withResolvers<void>();
    clock.advance(ms);
    await onLook.promise;
  };
  const waiting = waitForSyncRequest(
    control,
    await makeSyncRequest(control, sync.id, flush),
    () => onLook.resolve(),
    never,
  );
  const failed = assert.rejects(waiting, { code: 'SYS-13' });
  await onLook.promise;
  await server[Symbol.asyncDispose]();
  for (let seconds = 0; seconds < 8; seconds++) await look(1_000);
  clock.advance(5_000);
  await failed;
});

test('an abort ends the wait and leaves the request as it is', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await recorded(harness);
  await using _server = startSyncRequestServer(await harness.openAnother(), () => Promise.resolve());
  await untilLeased(control, sync);
  const syncRequest = await makeSyncRequest(control, sync.id, flush);
  const stop = new AbortController();
  const waiting = waitForSyncRequest(
    control,
    syncRequest,
    () => stop.abort(new Error('enough')),
    stop.signal,
  );
  await assert.rejects(orAbort(waiting, AbortSignal.timeout(5_000)), /enough/);
  assert.equal((await readSyncRequest(control, syncRequest))?.end, null);
});

test('a sync request is dropped when it expires, and deleted a month after its end', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const { id } = await recorded(harness);
  const short = await makeSyncRequest(control, id, { ...flush, expiresInMs: 0 });
  const kept = await makeSyncRequest(control, id, { ...flush, expiresInMs: 60_000 });
  const ended = await makeSyncRequest(control, id, flush);
  await endSyncRequest(control, ended, { result: {} });
  assert.equal(await readSyncRequest(control, short), null);
  assert.deepEqual(
    (await takeSyncRequests(control, id)).map((syncRequest) => syncRequest.id),
    [kept],
  );

  await control.db.query(sql`
    UPDATE lockstep.sync_request
       SET ended_at = ended_at - interval '31 days', expires_at = expires_at - interval '2 days'
     WHERE request_id <> ${kept}`);
  const last = await makeSyncRequest(control, id, flush);
  const rows = await control.db.query<{ request_id: number }>(
    sql`SELECT request_id FROM lockstep.sync_request ORDER BY request_id`,
  );
  assert.deepEqual(
    rows.map((row) => row.request_id),
    [kept, last],
  );
});
