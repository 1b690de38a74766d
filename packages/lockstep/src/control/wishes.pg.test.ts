import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orAbort } from '@lockstep/foundation/abort';
import { ManualClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import { startWishGranter, untilHeld } from '@lockstep/harness/wish-granter';
import { Fault } from '../core/faults.ts';
import { newSyncId, type RecordId } from '../core/ids.ts';
import { listenForChanges } from './changes.ts';
import { eraseSync, recordSync, setPaused } from './syncs.ts';
import { waitForWish } from './wait-for-wish.ts';
import {
  endWish,
  makeWish,
  type NewWish,
  readWish,
  reportWish,
  takeWishes,
  type WishStatus,
  withdrawWish,
} from './wishes.ts';

const never = new AbortController().signal;
const flush: NewWish = { kind: 'flush', objects: null };

async function recorded({ control }: TestControl) {
  const sync = newSync();
  await recordSync(control, sync);
  return sync;
}

test('open wishes are taken oldest first, by any process, again and again until they end', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const sync = await recorded(world);
  const other = await recorded(world);
  const ids = ['001000000000001AAA', '001000000000002AAA'] as RecordId[];
  const first = await makeWish(control, sync.id, { kind: 'repair', objects: ['Account'], ids });
  const second = await makeWish(control, sync.id, flush);
  await makeWish(control, other.id, { kind: 'reread', objects: ['Contact'] });
  assert.equal((await readWish(control, first))?.isTaken, false);

  const worker = await world.openAnother();
  const expected = [
    { id: first, kind: 'repair', objects: ['Account'], ids },
    { id: second, kind: 'flush', objects: null, ids: null },
  ];
  assert.deepEqual(await takeWishes(worker, sync.id), expected);
  assert.equal((await readWish(control, first))?.isTaken, true);
  assert.deepEqual(await takeWishes(await world.openAnother(), sync.id), expected, 'after a restart');

  await endWish(worker, first, { result: { objects: 1 } });
  assert.deepEqual(await takeWishes(worker, sync.id), expected.slice(1));
});

test('a wish for a sync that is not there is refused', async () => {
  await using world = await openTestControl();
  await assert.rejects(makeWish(world.control, newSyncId(), flush), { code: 'PRX-01' });
});

test('a wish of a form that nobody can grant is not stored', async () => {
  await using world = await openTestControl();
  const { id } = await recorded(world);
  const refused: NewWish[] = [
    { kind: 'wash' as 'flush', objects: null },
    { kind: 'repair', objects: ['Account'] },
    { kind: 'repair', objects: null, ids: ['001000000000001AAA' as RecordId] },
    { kind: 'remove', objects: null },
    { kind: 'flush', objects: null, ids: ['001000000000001AAA' as RecordId] },
  ];
  for (const wish of refused) await assert.rejects(makeWish(world.control, id, wish), { code: '23514' });
  assert.deepEqual(await takeWishes(world.control, id), []);
});

test('a new wish and one that is withdrawn are told like a change of the sync', async () => {
  await using world = await openTestControl();
  const sync = await recorded(world);
  const told: (string | null)[] = [];
  let onTold = Promise.withResolvers<void>();
  const stop = new AbortController();
  const listening = listenForChanges(
    await world.openAnother(),
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
  const wish = await makeWish(world.control, sync.id, flush);
  assert.deepEqual(await nextTold(), [sync.id]);
  assert.equal(await withdrawWish(world.control, wish), true);
  assert.deepEqual(await nextTold(), [sync.id]);
  stop.abort();
  await listening;
});

test('whoever waits hears of progress and of the end at once, from another process', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const sync = await recorded(world);
  const worker = await world.openAnother();
  const progress = { done: 1, of: 2 };
  const heard = Promise.withResolvers<void>();
  await using granter = startWishGranter(worker, async ({ id }) => {
    await reportWish(worker, id, progress);
    await heard.promise;
    await endWish(worker, id, { result: { objects: 2 } });
  });
  await untilHeld(control, sync);

  const news: WishStatus[] = [];
  const end = await waitForWish(
    control,
    await makeWish(control, sync.id, flush),
    (wish) => {
      news.push(wish);
      if (wish.progress !== null) heard.resolve();
    },
    never,
  );
  assert.deepEqual(news.at(-1)?.progress, progress);
  assert.deepEqual(end?.end, { result: { objects: 2 } });
  assert.deepEqual(
    granter.seen.map(({ kind }) => kind),
    ['flush'],
  );
});

test('a wish that fails ends with the words of its fault, once and for all', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const wish = await makeWish(control, (await recorded(world)).id, flush);
  const fault = new Fault('NET-01', { host: 'acme.example.com', reason: 'ECONNREFUSED' });
  await endWish(control, wish, { fault });
  await endWish(control, wish, { result: {} });
  await reportWish(control, wish, { done: 1 });

  const { end, progress } = (await readWish(control, wish)) ?? {};
  assert.deepEqual(end, { fault: { code: 'NET-01', explanation: fault.message, next: fault.next } });
  assert.equal(progress, null);
  assert.equal(await withdrawWish(control, wish), false);
});

test('a wish is gone for whoever waits when it is withdrawn, and when its sync is erased', async () => {
  await using world = await openTestControl();
  const { control } = world;
  for (const remove of [
    withdrawWish,
    (_: unknown, __: number, id: ReturnType<typeof newSyncId>) => eraseSync(control, id),
  ]) {
    const sync = await recorded(world);
    await using _granter = startWishGranter(await world.openAnother(), () => Promise.resolve());
    await untilHeld(control, sync);
    const wish = await makeWish(control, sync.id, flush);
    const seen = Promise.withResolvers<void>();
    const waiting = waitForWish(control, wish, () => seen.resolve(), never);
    await seen.promise;
    await remove(control, wish, sync.id);
    assert.equal(await waiting, null);
  }
});

test('nobody waits for a sync that is paused or that nobody runs, and the wish is kept', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const sync = await recorded(world);
  const wish = await makeWish(control, sync.id, flush);
  const waiting = () => waitForWish(control, wish, () => undefined, never);
  await assert.rejects(waiting(), { code: 'SYS-13', safe: { sync: shellWord(sync.name) } });
  await setPaused(control, sync.id, true);
  await assert.rejects(waiting(), { code: 'SYS-12' });
  assert.equal((await takeWishes(control, sync.id)).length, 1);
});

test('a sync that changes hands is waited for, and not longer than a take-over lasts', async () => {
  const clock = new ManualClock();
  await using world = await openTestControl();
  const control = { ...world.control, clock };
  const sync = await recorded(world);
  const granter = startWishGranter(await world.openAnother(), () => Promise.resolve());
  await untilHeld(world.control, sync);
  let onLook = Promise.withResolvers<void>();
  const look = async (ms: number) => {
    onLook = Promise.withResolvers<void>();
    clock.advance(ms);
    await onLook.promise;
  };
  const waiting = waitForWish(
    control,
    await makeWish(control, sync.id, flush),
    () => onLook.resolve(),
    never,
  );
  const failed = assert.rejects(waiting, { code: 'SYS-13' });
  await onLook.promise;
  await granter[Symbol.asyncDispose]();
  for (let seconds = 0; seconds < 8; seconds++) await look(1_000);
  clock.advance(5_000);
  await failed;
});

test('an abort ends the waiting and leaves the wish as it is', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const sync = await recorded(world);
  await using _granter = startWishGranter(await world.openAnother(), () => Promise.resolve());
  await untilHeld(control, sync);
  const wish = await makeWish(control, sync.id, flush);
  const stop = new AbortController();
  const waiting = waitForWish(control, wish, () => stop.abort(new Error('enough')), stop.signal);
  await assert.rejects(orAbort(waiting, AbortSignal.timeout(5_000)), /enough/);
  assert.equal((await readWish(control, wish))?.end, null);
});

test('a wish is dropped when its time has come, and forgotten a month after its end', async () => {
  await using world = await openTestControl();
  const { control } = world;
  const { id } = await recorded(world);
  const short = await makeWish(control, id, { ...flush, expiresInMs: 0 });
  const kept = await makeWish(control, id, { ...flush, expiresInMs: 60_000 });
  const ended = await makeWish(control, id, flush);
  await endWish(control, ended, { result: {} });
  assert.equal(await readWish(control, short), null);
  assert.deepEqual(
    (await takeWishes(control, id)).map((wish) => wish.id),
    [kept],
  );

  await control.db.query(sql`
    UPDATE lockstep.wish
       SET ended_at = ended_at - interval '31 days', expires_at = expires_at - interval '2 days'
     WHERE wish_id <> ${kept}`);
  const last = await makeWish(control, id, flush);
  const rows = await control.db.query<{ wish_id: number }>(
    sql`SELECT wish_id FROM lockstep.wish ORDER BY wish_id`,
  );
  assert.deepEqual(
    rows.map((row) => row.wish_id),
    [kept, last],
  );
});
