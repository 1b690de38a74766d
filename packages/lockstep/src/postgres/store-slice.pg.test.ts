/** What becomes of the records of a Bulk result: copied, merged, or set aside, each once. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openBulkBackfill } from '@lockstep/harness/bulk-backfill';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import type { ApplyCounts } from './page-part.ts';
import { SliceRounds } from './slice-rounds.ts';
import { OutdatedJob, RepeatedRecord, storeSlice } from './store-slice.ts';

/** For the tests that need more than a name; each choice of fields costs another database. */
const more = {
  Name: 'string',
  Other: 'string',
  Amount: 'currency',
  Size: 'int',
  Open: 'boolean',
  Day: 'date',
  At: 'time',
};

const nothing: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, nth) => from + nth);
const names = async (harness: DestinationHarness) => (await harness.rows()).map(({ name }) => name);

const versionOf = async ({ db }: DestinationHarness) => {
  const [row] = await db.query<{ version: number }>(
    sql`SELECT current_setting('server_version_num')::integer AS version`,
  );
  return row?.version ?? 0;
};
/** COPY straight into the table needs PostgreSQL 17. */
const isDirect = async (harness: DestinationHarness) => (await versionOf(harness)) >= 170_000;
/** Whether a slice has gone through a staging table. */
const hasStaged = async ({ db }: DestinationHarness) =>
  (await db.query(sql`SELECT FROM pg_class WHERE relname LIKE 'lockstep\_staging%' AND relpersistence = 't'`))
    .length > 0;
/** What the checkpoint counts, which has to be what the table has. */
async function counted({ db }: DestinationHarness) {
  const [row] = await db.query<{ rows: number; stored: number; nuls: number }>(sql`
    SELECT rows, (SELECT count(*) FROM salesforce.account) AS stored, nuls_removed AS nuls
      FROM _lockstep.checkpoint WHERE stream_no = 1`);
  assert.equal(row?.rows, row?.stored, 'the checkpoint counts what the table has');
  return row;
}

test('a first fill is copied into the table as it comes, and the page knows how far it is stored', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  assert.equal(bulk.reading.isFirstFill, true);
  const records = numbers(10).map((number) => record(number, { Name: `n${number}` }));
  assert.deepEqual(await bulk.store(records, { sliceRows: 4 }), { ...nothing, applied: 10 });
  const page = await bulk.page();
  assert.deepEqual([page.rows, page.last_id, page.is_done], [10, idOf(10), false]);
  assert.deepEqual(await counted(harness), { rows: 10, stored: 10, nuls: 0 });
  assert.equal(await hasStaged(harness), !(await isDirect(harness)));
  assert.deepEqual(await harness.fences(), []);
  const [first] = await harness.rows();
  assert.deepEqual(first, {
    id: idOf(1),
    isdeleted: 'f',
    systemmodstamp: '2026-01-01 00:00:00+00',
    name: 'n1',
  });
});

test('an empty value is null, in columns of every type', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  const bulk = await openBulkBackfill(harness);
  const values = { Name: 'null', Amount: '1.50', Open: true, Day: '2026-01-02', At: '10:20:30.000Z' };
  await bulk.store([record(1), record(2, values)]);
  const stored = (await harness.rows()).map(({ name, amount, open, day, at }) => [
    name,
    amount,
    open,
    day,
    at,
  ]);
  assert.deepEqual(stored, [
    [null, null, null, null, null],
    ['null', '1.50', 't', '2026-01-02', '10:20:30'],
  ]);
});

test('what others have stored since the results were ready is newer, deletions as well', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  await harness.apply([
    record(1, { Name: 'newer', SystemModstamp: stampAt(60) }),
    record(2, { IsDeleted: true, SystemModstamp: stampAt(60) }),
    record(3, { Name: 'same' }),
  ]);
  assert.deepEqual(
    (await harness.fences()).map(({ id }) => id),
    [idOf(1), idOf(2), idOf(3)],
  );
  const results = [1, 2, 3, 4].map((number) => record(number, { Name: number === 3 ? 'same' : 'older' }));
  assert.deepEqual(await bulk.store(results), { ...nothing, applied: 1, stale: 3 });
  assert.deepEqual(await names(harness), ['newer', 'same', 'older']);
  assert.equal((await counted(harness))?.rows, 3);
  await bulk.end();
  assert.deepEqual(await harness.fences(), []);
});

test('a reading that overlaps the job and differs in the same second makes the record be read again', async () => {
  await using harness = await openDestinationHarness();
  const overlapping = await harness.open();
  const bulk = await openBulkBackfill(harness);
  await harness.apply([record(1, { Name: 'one' })], { observation: overlapping });
  assert.deepEqual(await bulk.store([record(1, { Name: 'other' })]), { ...nothing, dirty: 1 });
  assert.deepEqual(
    (await harness.marks()).map(({ id }) => id),
    [idOf(1)],
  );
});

test('a page of a reading that is older than the results does not undo them, because they leave fences', async () => {
  await using harness = await openDestinationHarness();
  const older = await harness.open();
  const bulk = await openBulkBackfill(harness);
  await bulk.store([record(1, { Name: 'newer', SystemModstamp: stampAt(60) })]);
  const [fence] = await harness.fences();
  assert.equal(fence?.id, idOf(1));
  // This is what a copy would leave: a row without a fence.
  await harness.db.query(sql`
    INSERT INTO salesforce.account (id, isdeleted, systemmodstamp, name)
    VALUES (${idOf(2)}, false, ${stampAt(60)}::timestamptz, 'newer')`);
  const page = [1, 2].map((number) => record(number, { Name: 'older' }));
  await harness.apply(page, { observation: older });
  assert.deepEqual(await names(harness), ['newer', 'older'], 'without a fence it would be undone');
});

test('a reading that began after the results were ready needs no fences of theirs', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const later = await harness.open();
  await bulk.store([record(1, { Name: 'older' })]);
  assert.deepEqual(await harness.fences(), []);
  await harness.apply([record(1, { Name: 'newer' })], { observation: later });
  assert.deepEqual(await names(harness), ['newer']);
});

for (const [when, isFirstFill] of [
  ['a first fill', true],
  ['a later one', false],
] as const)
  test(`a value that does not fit its column is set aside by ${when}, the other records are stored, and no message quotes it`, async () => {
    await using harness = await openDestinationHarness({ fields: more });
    const bulk = await openBulkBackfill(harness);
    const secret = `canary-${when.replaceAll(' ', '-')}-4711`;
    const records = numbers(5).map((number) => record(number, { Amount: number === 3 ? secret : number }));
    assert.deepEqual(await bulk.store(records, { isFirstFill }), { ...nothing, applied: 4, quarantined: 1 });
    assert.deepEqual(
      (await harness.quarantined()).map(({ id, column_name, code }) => [id, column_name, code]),
      [[idOf(3), 'amount', 'misfit']],
    );
    assert.equal((await counted(harness))?.rows, 4);
    const log = process.env.TEST_POSTGRES_LOG;
    if (log) assert.equal((await readFile(log, 'utf8')).includes(secret), false);
  });

test('whole numbers may come with decimals', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  const bulk = await openBulkBackfill(harness);
  assert.deepEqual(await bulk.store([record(1, { Size: '7.0' }), record(2, { Size: '8' })]), {
    ...nothing,
    applied: 2,
  });
  assert.deepEqual(
    (await harness.rows()).map(({ size }) => size),
    ['7', '8'],
  );
});

test('a refill merges, writes no row that is equal, and leaves rows of the table that it does not have', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([
    record(1, { Name: 'same' }),
    record(2, { Name: 'before' }),
    record(3, { Name: 'not in the job' }),
  ]);
  const bulk = await openBulkBackfill(harness);
  assert.equal(bulk.reading.isFirstFill, false);
  const versions = () =>
    harness.db.query<{ xmin: string }>(sql`SELECT xmin::text FROM salesforce.account ORDER BY id LIMIT 1`);
  const before = await versions();
  const results = [
    record(1, { Name: 'same' }),
    record(2, { Name: 'after', SystemModstamp: stampAt(9) }),
    record(4),
  ];
  assert.deepEqual(await bulk.store(results), { ...nothing, applied: 2, unchanged: 1 });
  assert.deepEqual(await versions(), before);
  assert.deepEqual(await names(harness), ['same', 'after', 'not in the job', null]);
  assert.equal((await counted(harness))?.rows, 4);
});

test('a record that the job sends again is told, because others are missing then', async () => {
  for (const isFirstFill of [true, false])
    for (const sliceRows of [2, 4]) {
      await using harness = await openDestinationHarness();
      const bulk = await openBulkBackfill(harness);
      const records = [1, 2, 3, 1].map((number) => record(number));
      if (!isFirstFill && sliceRows === 2) continue; // it is in the table like any row of an earlier backfill
      await assert.rejects(bulk.store(records, { sliceRows, isFirstFill }), RepeatedRecord);
      assert.equal((await counted(harness))?.rows, sliceRows === 2 ? 2 : 0);
    }
});

test('a field that is not read any more makes the job useless, and nothing is stored', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const fields = ['Id', 'IsDeleted', 'SystemModstamp', 'Gone__c'];
  await assert.rejects(bulk.store([record(1)], { fields }), OutdatedJob);
  assert.equal((await counted(harness))?.rows, 0);
});

test('a column that the job does not read is left as it is', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  await harness.apply([record(1, { Name: 'before', Other: 'kept' })]);
  const bulk = await openBulkBackfill(harness);
  const fields = ['Id', 'IsDeleted', 'SystemModstamp', 'Name'];
  const results = [record(1, { Name: 'after', SystemModstamp: stampAt(9) }), record(2, { Name: 'new' })];
  for (const isFirstFill of [false, true]) {
    const part = isFirstFill ? results.slice(1).map((one) => ({ ...one, Id: idOf(3) })) : results;
    await bulk.store(part, { fields, isFirstFill });
  }
  assert.deepEqual(
    (await harness.rows()).map(({ name, other }) => [name, other]),
    [
      ['after', 'kept'],
      ['new', null],
      ['new', null],
    ],
  );
});

test('columns in another order than the table’s are stored in their places', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  const bulk = await openBulkBackfill(harness);
  const fields = ['Id', 'Other', 'Name', 'SystemModstamp', 'IsDeleted'];
  for (const [number, isFirstFill] of [
    [1, true],
    [2, false],
  ] as const)
    await bulk.store([record(number, { Name: 'name', Other: 'other' })], { fields, isFirstFill });
  assert.deepEqual(
    (await harness.rows()).map(({ name, other }) => [name, other]),
    [
      ['name', 'other'],
      ['name', 'other'],
    ],
  );
});

test('a table that has changed since refuses slices in every way of storing them, and nothing is stored', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  const bulk = await openBulkBackfill(harness);
  await harness.db.query(sql`UPDATE _lockstep.checkpoint SET plan_version = plan_version + 1`);
  const ways = [
    { records: [record(1)], isFirstFill: true },
    { records: [record(1)], isFirstFill: false },
    { records: [record(1, { Amount: 'x' })], isFirstFill: true },
    { records: [record(1, { Name: 'a\0b' })], isFirstFill: true },
  ];
  for (const { records, isFirstFill } of ways)
    await assert.rejects(bulk.store(records, { isFirstFill }), { code: 'SYS-09' });
  assert.equal((await counted(harness))?.rows, 0);
  assert.equal((await bulk.page()).rows, 0);
});

test('a slice is stored in full or not at all if its reading is closed', async () => {
  await using harness = await openDestinationHarness({ fields: more });
  const bulk = await openBulkBackfill(harness);
  await bulk.store([record(1)]);
  await harness.db.query(sql`DELETE FROM _lockstep.observation`);
  for (const isFirstFill of [true, false])
    await assert.rejects(bulk.store([record(2)], { isFirstFill }), { name: 'ReadingClosed' });
  await assert.rejects(bulk.store([record(2, { Name: 'a\0b' })]), { name: 'ReadingClosed' });
  await assert.rejects(bulk.store([record(2, { Amount: 'x' })]), { name: 'ReadingClosed' });
  assert.equal((await counted(harness))?.rows, 1);
});

test('the page after another is added once, even if two workers have read that one to its end', async () => {
  await using harness = await openDestinationHarness();
  const { mirror } = harness.destination;
  const bulk = await openBulkBackfill(harness);
  await bulk.store([record(1)]);
  const page = await bulk.page();
  await mirror.endBulkPage(page, '/results/2');
  await assert.rejects(mirror.endBulkPage(page, '/results/2'), { code: 'SYS-09' });
  const known = await harness.db.query(
    sql`SELECT page_no, is_done FROM _lockstep.bulk_page ORDER BY page_no`,
  );
  assert.deepEqual(known, [
    { page_no: 1, is_done: true },
    { page_no: 2, is_done: false },
  ]);
});

test('NUL characters are removed and counted, and a record that is not UTF-8 is set aside', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const broken = Buffer.concat([
    Buffer.from(`"${idOf(2)}","false","2026-01-01T00:00:00.000Z","caf`),
    Buffer.from([0xe9]),
    Buffer.from('"'),
  ]);
  const counts = await bulk.store([record(1, { Name: 'a\0b\0' }), broken, record(3, { Name: 'x\n\\.\ny' })]);
  assert.deepEqual(counts, { ...nothing, applied: 2, quarantined: 1 });
  assert.deepEqual(await names(harness), ['ab', 'x\n\\.\ny']);
  assert.deepEqual(await counted(harness), { rows: 2, stored: 2, nuls: 2 });
  assert.deepEqual(
    (await harness.quarantined()).map(({ id, code }) => [id, code]),
    [[idOf(2), 'lone surrogate']],
  );
});

test('a line that would end a COPY is stored as it is, at the beginning of a value and within', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const odd = ['\\.', '\n\\.\n', '\\.\n', '\r\n\\.\r\n', '\\N', '"', ',', '\t', 'a\rb'];
  await bulk.store(odd.map((Name, nth) => record(nth + 1, { Name })));
  await bulk.store(
    odd.map((Name, nth) => record(nth + 101, { Name })),
    { isFirstFill: false },
  );
  assert.deepEqual(await names(harness), [...odd, ...odd]);
});

test('a server before PostgreSQL 17 gets a first fill by way of a staging table', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const { db } = harness.destination;
  const version = Math.min(160_000, await versionOf(harness));
  const counts = await bulk.store([record(1), record(2)], {
    store: (table, slice, part) =>
      storeSlice({ db, serverVersion: version, rounds: new SliceRounds(1) }, table, slice, part),
  });
  assert.deepEqual(counts, { ...nothing, applied: 2 });
  assert.equal(await hasStaged(harness), true);
  assert.equal((await counted(harness))?.rows, 2);
});
