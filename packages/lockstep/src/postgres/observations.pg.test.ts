/** Readings under way: how long they stay open, and which fences exist because of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, record, stampAt } from '@lockstep/harness/destination';
import { closeObservation } from './observations.ts';

type DestinationHarness = Awaited<ReturnType<typeof openDestinationHarness>>;
const openReadings = async (harness: DestinationHarness) =>
  (await harness.db.query<{ lo: number }>(sql`SELECT lo FROM _lockstep.observation ORDER BY lo`)).map(
    ({ lo }) => lo,
  );

test('readings are numbered in the order in which they begin', async () => {
  await using harness = await openDestinationHarness();
  const first = await harness.open();
  const second = await harness.openReadBack();
  const third = await harness.open();
  assert.ok(first.lo < second.lo && second.lo < third.lo);
  assert.deepEqual(await openReadings(harness), [first.lo, second.lo, third.lo]);
});

test('a reading in one part is closed by its page, or by ending without a page', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1)], { observation: await harness.open() });
  await closeObservation(harness.destination.db, await harness.open());
  assert.deepEqual(await openReadings(harness), []);
});

test('a reading in several parts stays open until its last part', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const observation = await harness.open(['Account', 'Contact']);
  await harness.apply([record(1)], { observation, isLast: false });
  assert.deepEqual(await openReadings(harness), [observation.lo]);

  // A newer reading of the stream whose part is still to come leaves a fence.
  await harness.apply([record(2, { Name: 'newer', SystemModstamp: stampAt(60) })], { sobject: 'Contact' });
  const counts = await harness.apply([record(2, { Name: 'older' })], { sobject: 'Contact', observation });
  assert.equal(counts.stale, 1);
  assert.deepEqual(await openReadings(harness), []);
});

test('a part of a reading that was closed meanwhile is refused', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.open();
  await harness.apply([record(1)], { observation, isLast: false });
  await closeObservation(harness.destination.db, observation);
  for (const isLast of [false, true]) {
    await assert.rejects(harness.apply([record(2)], { observation, isLast }), { code: 'SYS-09' });
  }
  assert.equal((await harness.rows()).length, 1);
});

test('while a part of a reading is being applied nobody can close the reading', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.open();
  await harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx, observation, isLast: false });
    await assert.rejects(
      harness.db.transaction(async (other) => {
        await other.query(sql`SET LOCAL lock_timeout = '20ms'`);
        await other.query(sql`DELETE FROM _lockstep.observation`);
      }),
      { code: '55P03' },
    );
  });
  assert.deepEqual(await openReadings(harness), [observation.lo]);
});

test('the next apply purges an expired reading, but does not wait for one whose row is locked', async () => {
  await using harness = await openDestinationHarness();
  const [expired, locked] = [await harness.open(['Account'], 0), await harness.open(['Account'], 0)];
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.observation WHERE lo = ${locked.lo} FOR UPDATE`);
    await harness.apply([record(1)]);
    assert.deepEqual(await openReadings(harness), [locked.lo]);
  });
  await assert.rejects(harness.apply([record(1)], { observation: expired }), { code: 'SYS-09' });
});

test('an expired reading counts as open until it is purged', async () => {
  await using harness = await openDestinationHarness();
  const expired = await harness.open(['Account'], 0);
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.observation FOR UPDATE`);
    await harness.apply([record(1, { Name: 'newer', SystemModstamp: stampAt(60) })]);
  });
  assert.equal((await harness.apply([record(1, { Name: 'older' })], { observation: expired })).stale, 1);
});

test('a fence is left only if an older reading of the same stream is under way', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const other = await harness.open(['Contact']);
  await harness.apply([record(1)]);
  assert.deepEqual(await harness.fences(), []);

  const older = await harness.open();
  await harness.apply([record(1)]);
  assert.deepEqual(
    (await harness.fences()).map(({ id }) => id),
    [idOf(1)],
  );
  await closeObservation(harness.destination.db, older);
  await closeObservation(harness.destination.db, other);
});

test('an unchanged row and a deletion without a row leave fences too', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1)]);
  await harness.open();
  const counts = await harness.apply([record(1), record(2, { IsDeleted: true })], { absent: [idOf(3)] });
  assert.equal(counts.unchanged, 3);
  assert.deepEqual(
    (await harness.fences()).map(({ id, deleted }) => [id, deleted]),
    [
      [idOf(1), false],
      [idOf(2), true],
      [idOf(3), true],
    ],
  );
});

test('the next apply deletes the fences that no older open reading needs any more', async () => {
  await using harness = await openDestinationHarness();
  const oldest = await harness.open();
  await harness.apply([record(1)]);
  const later = await harness.open();
  await harness.apply([record(2)]);
  assert.equal((await harness.fences()).length, 2);

  await harness.apply([], { observation: oldest });
  assert.deepEqual(
    (await harness.fences()).map(({ id }) => id),
    [idOf(2)],
  );
  await harness.apply([], { observation: later });
  assert.deepEqual(await harness.fences(), []);
});
