/** How many rows may go because a reading did not find them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type DestinationWorld, idOf, openDestinationWorld, record } from '@lockstep/harness/destination';
import type { MarkReason } from './mark-sql.ts';
import { beginStream } from './progress.ts';

const rowCount = 100;
const check = { before: 0, at: 0 };

/** Of a hundred rows twenty may go unasked. */
async function openFilled(): Promise<DestinationWorld> {
  const world = await openDestinationWorld();
  await beginStream(world.db, 1, { sweep: { after: null }, repair: { days: [] } }, 0);
  await world.db.query(sql`UPDATE _lockstep.checkpoint SET state = 'current', backfilled_at = now()`);
  await world.apply(Array.from({ length: rowCount }, (_, n) => record(n)));
  return world;
}

const idsFrom = (from: number, count: number) => Array.from({ length: count }, (_, n) => idOf(from + n));

/** A full reading by Id that finds none of them. */
const miss = (world: DestinationWorld, from: number, count: number) =>
  world.apply([], { absent: idsFrom(from, count), check });

const mark = (world: DestinationWorld, from: number, count: number, reason: MarkReason) =>
  world.destination.mirror.markRows(1, idsFrom(from, count), reason, false);

async function heldRows({ db }: DestinationWorld): Promise<unknown> {
  const [status] = await db.query(sql`SELECT state, missing_rows FROM _lockstep.status`);
  return status;
}

test('rows that few readings of a day do not find go, and from the first one beyond them all stay', async () => {
  await using world = await openFilled();
  assert.equal((await miss(world, 0, 12)).applied, 12);
  assert.equal((await miss(world, 12, 8)).applied, 8);
  const counts = await miss(world, 20, 1);
  assert.deepEqual([counts.applied, counts.dirty], [0, 1]);
  assert.equal((await world.rows()).length, rowCount - 20);
  assert.deepEqual(await heldRows(world), { state: 'rows missing', missing_rows: 1 });
  assert.deepEqual(await world.destination.mirror.nextMarked(1, 10), [], 'it waits for somebody to decide');
});

test('of one reading that does not find too many, none goes', async () => {
  await using world = await openFilled();
  const counts = await miss(world, 0, 21);
  assert.deepEqual([counts.applied, counts.dirty], [0, 21]);
  assert.deepEqual(await heldRows(world), { state: 'rows missing', missing_rows: 21 });
});

test('why they were read again makes no difference', async () => {
  await using world = await openFilled();
  await mark(world, 0, 21, 'related');
  await miss(world, 0, 21);
  assert.equal((await world.rows()).length, rowCount);
});

test('after a day as many may go again', async () => {
  await using world = await openFilled();
  await miss(world, 0, 20);
  await world.db.query(sql`UPDATE _lockstep.removal SET hour = hour - interval '25 hours'`);
  assert.equal((await miss(world, 20, 10)).applied, 10);
});

for (const reason of ['deleted log', 'accepted'] as const) {
  test(`rows that are missing because of "${reason}" go in any number, and do not count`, async () => {
    await using world = await openFilled();
    await mark(world, 0, 60, reason);
    assert.equal((await miss(world, 0, 60)).applied, 60);
    assert.equal((await miss(world, 60, 15)).applied, 15);
  });
}

test('rows that a check marks while it goes on wait for its end, and then for a person where they are too many', async () => {
  await using world = await openFilled();
  const { mirror } = world.destination;
  const setSweep = (after: string | null) =>
    world.db.query(sql`
      UPDATE _lockstep.cursor SET position = ${JSON.stringify({ after })}::jsonb WHERE kind = 'sweep'`);
  const sweep = (from: number, count: number) =>
    world.apply([], { absent: idsFrom(from, count), partial: { settledUntil: 0 } });
  await setSweep(idOf(5));
  await sweep(0, 5);
  assert.deepEqual(await mirror.nextMarked(1, 10), []);
  await setSweep(null);
  assert.deepEqual(await mirror.nextMarked(1, 10), idsFrom(0, 5));
  await sweep(5, 16);
  assert.deepEqual(await mirror.nextMarked(1, 10), []);
  assert.deepEqual(await heldRows(world), { state: 'rows missing', missing_rows: 21 });
  await mirror.decideOnAbsent(1, 'kept');
  assert.deepEqual(await heldRows(world), { state: 'current', missing_rows: 0 });
});

test('rows that wait for a person are told while a later check goes on, which takes most of the time of a large table', async () => {
  await using world = await openFilled();
  await miss(world, 0, 21);
  for (const [kind, position] of [
    ['sweep', { after: idOf(5) }],
    ['repair', { days: ['2026-01-01'] }],
  ] as const) {
    await world.db.query(sql`
      UPDATE _lockstep.cursor SET position = ${JSON.stringify(position)}::jsonb WHERE kind = ${kind}`);
    assert.deepEqual(await heldRows(world), { state: 'rows missing', missing_rows: 21 });
  }
});

test('the kept number of absent rows is that of the marks, whatever becomes of these', async () => {
  await using world = await openFilled();
  const { mirror } = world.destination;
  await world.apply([], { absent: idsFrom(0, 30), partial: { settledUntil: 0 } });
  await world.apply([record(0), record(1)]);
  await mark(world, 2, 3, 'written');
  await world.apply([], { absent: idsFrom(2, 5), partial: { settledUntil: 0 } });
  await mirror.decideOnAbsent(1, 'accepted');
  await world.apply([], { absent: idsFrom(40, 4), partial: { settledUntil: 0 } });
  const [counts] = await world.db.query(sql`
    SELECT absent_rows, (SELECT count(*) FROM _lockstep.dirty WHERE reason = 'absent') AS marks FROM _lockstep.checkpoint`);
  assert.deepEqual(counts, { absent_rows: 4, marks: 4 });
});
