/** Readings under way: how long they stay open, and which fences live for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationWorld, record, stampAt } from '@lockstep/harness/destination';
import { closeObservation } from './observations.ts';

type World = Awaited<ReturnType<typeof openDestinationWorld>>;
const openReadings = async (world: World) =>
  (await world.db.query<{ lo: number }>(sql`SELECT lo FROM _lockstep.observation ORDER BY lo`)).map(
    ({ lo }) => lo,
  );

test('readings are numbered in the order in which they begin', async () => {
  await using world = await openDestinationWorld();
  const first = await world.open();
  const second = await world.openReadBack();
  const third = await world.open();
  assert.ok(first.lo < second.lo && second.lo < third.lo);
  assert.deepEqual(await openReadings(world), [first.lo, second.lo, third.lo]);
});

test('a reading in one part is closed by its page, and by an end without a page', async () => {
  await using world = await openDestinationWorld();
  await world.apply([record(1)], { observation: await world.open() });
  await closeObservation(world.destination.db, await world.open());
  assert.deepEqual(await openReadings(world), []);
});

test('a reading in several parts stays open until its last part', async () => {
  await using world = await openDestinationWorld({ streams: ['Account', 'Contact'] });
  const observation = await world.open(['Account', 'Contact']);
  await world.apply([record(1)], { observation, isLast: false });
  assert.deepEqual(await openReadings(world), [observation.lo]);

  // A newer reading of the stream that is still to come leaves a fence against it.
  await world.apply([record(2, { Name: 'newer', SystemModstamp: stampAt(60) })], { sobject: 'Contact' });
  const counts = await world.apply([record(2, { Name: 'older' })], { sobject: 'Contact', observation });
  assert.equal(counts.stale, 1);
  assert.deepEqual(await openReadings(world), []);
});

test('a part of a reading that was closed meanwhile is refused', async () => {
  await using world = await openDestinationWorld();
  const observation = await world.open();
  await world.apply([record(1)], { observation, isLast: false });
  await closeObservation(world.destination.db, observation);
  for (const isLast of [false, true]) {
    await assert.rejects(world.apply([record(2)], { observation, isLast }), { code: 'SYS-09' });
  }
  assert.equal((await world.rows()).length, 1);
});

test('while a part of a reading is being applied nobody can close the reading', async () => {
  await using world = await openDestinationWorld();
  const observation = await world.open();
  await world.destination.db.transaction(async (tx) => {
    await world.apply([record(1)], { tx, observation, isLast: false });
    await assert.rejects(
      world.db.transaction(async (other) => {
        await other.query(sql`SET LOCAL lock_timeout = '20ms'`);
        await other.query(sql`DELETE FROM _lockstep.observation`);
      }),
      { code: '55P03' },
    );
  });
  assert.deepEqual(await openReadings(world), [observation.lo]);
});

test('an expired reading is purged by the next apply, whoever holds its row is not waited for', async () => {
  await using world = await openDestinationWorld();
  const [gone, held] = [await world.open(['Account'], 0), await world.open(['Account'], 0)];
  await world.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.observation WHERE lo = ${held.lo} FOR UPDATE`);
    await world.apply([record(1)]);
    assert.deepEqual(await openReadings(world), [held.lo]);
  });
  await assert.rejects(world.apply([record(1)], { observation: gone }), { code: 'SYS-09' });
});

test('an expired reading counts as open until it is purged', async () => {
  await using world = await openDestinationWorld();
  const expired = await world.open(['Account'], 0);
  await world.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.observation FOR UPDATE`);
    await world.apply([record(1, { Name: 'newer', SystemModstamp: stampAt(60) })]);
  });
  assert.equal((await world.apply([record(1, { Name: 'older' })], { observation: expired })).stale, 1);
});

test('a fence is left only where an older reading of the same stream is under way', async () => {
  await using world = await openDestinationWorld({ streams: ['Account', 'Contact'] });
  const other = await world.open(['Contact']);
  await world.apply([record(1)]);
  assert.deepEqual(await world.fences(), []);

  const older = await world.open();
  await world.apply([record(1)]);
  assert.deepEqual(
    (await world.fences()).map(({ id }) => id),
    [idOf(1)],
  );
  await closeObservation(world.destination.db, older);
  await closeObservation(world.destination.db, other);
});

test('an equal row and a deletion without a row leave their fences too', async () => {
  await using world = await openDestinationWorld();
  await world.apply([record(1)]);
  await world.open();
  const counts = await world.apply([record(1), record(2, { IsDeleted: true })], { absent: [idOf(3)] });
  assert.equal(counts.unchanged, 3);
  assert.deepEqual(
    (await world.fences()).map(({ id, deleted }) => [id, deleted]),
    [
      [idOf(1), false],
      [idOf(2), true],
      [idOf(3), true],
    ],
  );
});

test('fences die with the next apply when no older reading is open any more', async () => {
  await using world = await openDestinationWorld();
  const oldest = await world.open();
  await world.apply([record(1)]);
  const later = await world.open();
  await world.apply([record(2)]);
  assert.equal((await world.fences()).length, 2);

  await world.apply([], { observation: oldest });
  assert.deepEqual(
    (await world.fences()).map(({ id }) => id),
    [idOf(2)],
  );
  await world.apply([], { observation: later });
  assert.deepEqual(await world.fences(), []);
});
