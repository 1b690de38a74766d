/** How many rows may be removed because a reading did not find them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type DestinationHarness, idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { removalsMax } from '../core/merge-rule.ts';
import type { MarkReason } from './mark-sql.ts';
import { beginStream } from './progress.ts';

const rowCount = 100;
const check = { before: 0, at: 0 };

/** Of a hundred rows, twenty may be removed without asking. */
async function openFilled(): Promise<DestinationHarness> {
  const harness = await openDestinationHarness();
  await beginStream(harness.db, 1, { sweep: { after: null }, repair: { days: [] } }, 0);
  await harness.db.query(sql`UPDATE _lockstep.checkpoint SET state = 'current', backfilled_at = now()`);
  await harness.apply(Array.from({ length: rowCount }, (_, n) => record(n)));
  return harness;
}

const idsFrom = (from: number, count: number) => Array.from({ length: count }, (_, n) => idOf(from + n));

test('the database lets as many rows be removed as the merge rule says', async () => {
  await using harness = await openDestinationHarness();
  const said = await harness.db.query<{ rows: number; max: string }>(sql`
    SELECT rows, _lockstep.removals_max(rows) AS max FROM generate_series(0, 100000) AS rows`);
  const other = said.filter(({ rows, max }) => Number(max) !== removalsMax(rows));
  assert.equal(said.length, 100_001);
  assert.deepEqual(other, []);
});

/** A full reading by Id that finds none of them. */
const miss = (harness: DestinationHarness, from: number, count: number) =>
  harness.apply([], { absent: idsFrom(from, count), check });

const mark = (harness: DestinationHarness, from: number, count: number, reason: MarkReason) =>
  harness.destination.mirror.markRows(1, idsFrom(from, count), reason, false);

async function statusOf({ db }: DestinationHarness): Promise<unknown> {
  const [status] = await db.query(sql`SELECT state, missing_rows FROM _lockstep.status`);
  return status;
}

test('rows that readings do not find are removed up to the limit of a day; beyond it all stay', async () => {
  await using harness = await openFilled();
  assert.equal((await miss(harness, 0, 12)).applied, 12);
  assert.equal((await miss(harness, 12, 8)).applied, 8);
  const counts = await miss(harness, 20, 1);
  assert.deepEqual([counts.applied, counts.dirty], [0, 1]);
  assert.equal((await harness.rows()).length, rowCount - 20);
  assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: 1 });
  assert.deepEqual(await harness.destination.mirror.nextMarked(1, 10), [], 'it waits for somebody to decide');
});

test('if one reading does not find too many rows, none is removed', async () => {
  await using harness = await openFilled();
  const counts = await miss(harness, 0, 21);
  assert.deepEqual([counts.applied, counts.dirty], [0, 21]);
  assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: 21 });
});

test('missing rows are kept whatever the reason of their marks', async () => {
  await using harness = await openFilled();
  await mark(harness, 0, 21, 'related');
  await miss(harness, 0, 21);
  assert.equal((await harness.rows()).length, rowCount);
});

test('after a day as many rows may be removed again', async () => {
  await using harness = await openFilled();
  await miss(harness, 0, 20);
  await harness.db.query(sql`UPDATE _lockstep.removal SET hour = hour - interval '25 hours'`);
  assert.equal((await miss(harness, 20, 10)).applied, 10);
});

for (const reason of ['deleted log', 'accepted'] as const) {
  test(`missing rows with a mark of "${reason}" are removed in any number and do not count`, async () => {
    await using harness = await openFilled();
    await mark(harness, 0, 60, reason);
    assert.equal((await miss(harness, 0, 60)).applied, 60);
    assert.equal((await miss(harness, 60, 15)).applied, 15);
  });
}

test('rows that a check marks wait for its end, and then for a person if they are too many', async () => {
  await using harness = await openFilled();
  const { mirror } = harness.destination;
  const setSweep = (after: string | null) =>
    harness.db.query(sql`
      UPDATE _lockstep.cursor SET position = ${JSON.stringify({ after })}::jsonb WHERE kind = 'sweep'`);
  const sweep = (from: number, count: number) =>
    harness.apply([], { absent: idsFrom(from, count), partial: { settledUntil: 0 } });
  await setSweep(idOf(5));
  await sweep(0, 5);
  assert.deepEqual(await mirror.nextMarked(1, 10), []);
  await setSweep(null);
  assert.deepEqual(await mirror.nextMarked(1, 10), idsFrom(0, 5));
  await sweep(5, 16);
  assert.deepEqual(await mirror.nextMarked(1, 10), []);
  assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: 21 });
  await mirror.decideOnAbsent(1, 'kept');
  assert.deepEqual(await statusOf(harness), { state: 'current', missing_rows: 0 });
});

test('rows that wait for a person are still reported while a later check runs', async () => {
  // On a large table a check runs most of the time.
  await using harness = await openFilled();
  await miss(harness, 0, 21);
  for (const [kind, position] of [
    ['sweep', { after: idOf(5) }],
    ['repair', { days: ['2026-01-01'] }],
  ] as const) {
    await harness.db.query(sql`
      UPDATE _lockstep.cursor SET position = ${JSON.stringify(position)}::jsonb WHERE kind = ${kind}`);
    assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: 21 });
  }
});

test('the recorded number of absent rows stays that of the marks, whatever happens to these', async () => {
  await using harness = await openFilled();
  const { mirror } = harness.destination;
  await harness.apply([], { absent: idsFrom(0, 30), partial: { settledUntil: 0 } });
  await harness.apply([record(0), record(1)]);
  await mark(harness, 2, 3, 'written');
  await harness.apply([], { absent: idsFrom(2, 5), partial: { settledUntil: 0 } });
  await mirror.decideOnAbsent(1, 'accepted');
  await harness.apply([], { absent: idsFrom(40, 4), partial: { settledUntil: 0 } });
  const [counts] = await harness.db.query(sql`
    SELECT absent_rows, (SELECT count(*) FROM _lockstep.dirty WHERE reason = 'absent') AS marks FROM _lockstep.checkpoint`);
  assert.deepEqual(counts, { absent_rows: 4, marks: 4 });
});
