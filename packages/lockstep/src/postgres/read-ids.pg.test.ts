/** What the mirror has, for comparison with Salesforce: its Ids, and its counts by day. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase, type Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import type { RecordId } from '../core/ids.ts';
import { secondsOf } from '../core/stamps.ts';
import { planOnceByIndex } from './planner.ts';
import { countByDay, countTableRows, idsAfter } from './read-ids.ts';
import { idsAfterStatement, selectChanged } from './table-sql.ts';
import type { Stream } from './tables.ts';
import { planForWholeTable } from './transaction-sql.ts';

const fields = { CreatedDate: 'datetime' };
const always = { from: null, to: null };
const at = (seconds: number) => secondsOf(stampAt(seconds));
const created = (number: number, time: string, stamp = 0) =>
  record(number, { CreatedDate: `${time}.000+0000`, SystemModstamp: stampAt(stamp) });

/** Days begin and end at midnight UTC, whatever the server's time zone. */
const acrossMidnight = [
  created(1, '2026-03-28T23:59:59', 10),
  created(2, '2026-03-29T00:00:00', 20),
  created(3, '2026-03-29T23:59:59', 30),
  created(4, '2026-03-30T00:00:00', 40),
  created(5, '2026-04-01T12:00:00', 50),
];

/** The mirror with these records, and sessions in another time zone. */
async function openFilled() {
  const harness = await openDestinationHarness({ fields });
  await harness.apply(acrossMidnight);
  const db = openDatabase({
    url: harness.url,
    applicationName: 'test',
    settings: { ...planOnceByIndex, TimeZone: 'Pacific/Auckland' },
  });
  return {
    db,
    stream: harness.table().stream,
    async [Symbol.asyncDispose]() {
      await db.end();
      await harness[Symbol.asyncDispose]();
    },
  };
}

const without = (stream: Stream, ...names: string[]): Stream => ({
  ...stream,
  columns: stream.columns.filter(({ field }) => !names.includes(field)),
});

test('changed records come in the order of time and Id, from a position on and up to a time', async () => {
  await using harness = await openDestinationHarness({ fields });
  const stamps = [10, 20, 20, 20, 30, 40];
  await harness.apply(stamps.map((stamp, nth) => created(nth + 1, '2026-03-29T00:00:00', stamp)));
  const { stream } = harness.table();
  const found = async (from: number, id: RecordId | null, limit: number, before: number | null = null) => {
    const position = { at: at(from), id };
    const rows = await selectChanged(
      harness.db,
      stream,
      position,
      limit,
      before === null ? null : at(before),
    );
    return rows.map((row) => [row.id, row.at - at(0)]);
  };
  assert.deepEqual(await found(20, null, 2), [
    [idOf(2), 20],
    [idOf(3), 20],
  ]);
  assert.deepEqual(await found(20, idOf(3), 10), [
    [idOf(4), 20],
    [idOf(5), 30],
    [idOf(6), 40],
  ]);
  assert.deepEqual(await found(20, idOf(4), 10, 40), [[idOf(5), 30]]);
  assert.deepEqual(await found(40, idOf(6), 10), []);
  assert.deepEqual(
    await selectChanged(harness.db, { ...stream, cursorField: null }, { at: 0, id: null }, 10, null),
    [],
  );
});

test('Ids come in byte order, after the given one, and no more than asked for', async () => {
  await using harness = await openDestinationHarness({ fields });
  const ids = ['001b', '0019', '001A', '001a', '001B'].map((start) => start.padEnd(18, '0') as RecordId);
  await harness.apply(ids.map((Id) => ({ ...record(1), Id })));
  const { db } = harness.destination;
  const { stream } = harness.table();
  const inOrder = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(await idsAfter(db, stream, null, 10), inOrder);
  assert.deepEqual(await idsAfter(db, stream, null, 2), inOrder.slice(0, 2));
  assert.deepEqual(await idsAfter(db, stream, inOrder[1] ?? null, 2), inOrder.slice(2, 4));
  assert.deepEqual(await idsAfter(db, stream, inOrder[4] ?? null, 2), []);
  assert.deepEqual(await idsAfter(db, stream, '0010' as RecordId, 1), inOrder.slice(0, 1));
});

test('the Ids of a day are those of the records that were created on it, in UTC', async () => {
  await using harness = await openFilled();
  const { db, stream } = harness;
  assert.deepEqual(await idsAfter(db, stream, null, 10, '2026-03-29'), [idOf(2), idOf(3)]);
  assert.deepEqual(await idsAfter(db, stream, idOf(2), 10, '2026-03-29'), [idOf(3)]);
  assert.deepEqual(await idsAfter(db, stream, null, 1, '2026-03-29'), [idOf(2)]);
  assert.deepEqual(await idsAfter(db, stream, null, 10, '2026-03-31'), []);
  assert.deepEqual(await idsAfter(db, without(stream, 'CreatedDate'), null, 10, '2026-03-29'), []);
  await assert.rejects(idsAfter(db, stream, null, 10, 'spring'), { code: '22007' });
});

test('records are counted by the day of their creation, with the newest of their times', async () => {
  await using harness = await openFilled();
  const { db, stream } = harness;
  const days = [
    { day: '2026-03-28', count: 1, newest: at(10) },
    { day: '2026-03-29', count: 2, newest: at(30) },
    { day: '2026-03-30', count: 1, newest: at(40) },
    { day: '2026-04-01', count: 1, newest: at(50) },
  ];
  const count = (from: string | null, to: string | null) => countByDay(db, stream, { from, to }, at(100));
  assert.deepEqual(await count(null, null), days);
  assert.deepEqual(await count('2026-03-29', null), days.slice(1));
  assert.deepEqual(await count(null, '2026-03-29'), days.slice(0, 2));
  assert.deepEqual(await count('2026-03-29', '2026-03-30'), days.slice(1, 3));
  assert.deepEqual(await count('2026-03-31', '2026-03-31'), []);
});

test('only records that were changed before a time count', async () => {
  await using harness = await openFilled();
  const { db, stream } = harness;
  const days = await countByDay(db, stream, always, at(30));
  assert.deepEqual(days, [
    { day: '2026-03-28', count: 1, newest: at(10) },
    { day: '2026-03-29', count: 1, newest: at(20) },
  ]);
  assert.deepEqual(await countByDay(db, stream, always, at(0)), []);
});

test('records without a creation day are one group, which exists even if it is empty', async () => {
  await using harness = await openFilled();
  const { db } = harness;
  const stream = without(harness.stream, 'CreatedDate');
  assert.deepEqual(await countByDay(db, stream, always, at(30)), [{ day: '', count: 2, newest: at(20) }]);
  assert.deepEqual(await countByDay(db, stream, always, at(0)), [{ day: '', count: 0, newest: null }]);
});

test('if an object has no cursor field, all of its records count', async () => {
  await using harness = await openFilled();
  const stream = { ...harness.stream, cursorField: null };
  const days = await countByDay(harness.db, stream, { from: '2026-03-29', to: '2026-03-29' }, 0);
  assert.deepEqual(days, [{ day: '2026-03-29', count: 2, newest: null }]);
});

test('records are compared by the cursor field of their stream', async () => {
  await using harness = await openFilled();
  const stream = { ...harness.stream, cursorField: 'CreatedDate' as const };
  const days = await countByDay(harness.db, stream, always, secondsOf('2026-03-29T00:00:01.000+0000'));
  assert.deepEqual(days, [
    { day: '2026-03-28', count: 1, newest: secondsOf('2026-03-28T23:59:59.000+0000') },
    { day: '2026-03-29', count: 1, newest: secondsOf('2026-03-29T00:00:00.000+0000') },
  ]);
});

test('the rows of a table are counted, whatever number is recorded', async () => {
  await using harness = await openFilled();
  const { db, stream } = harness;
  await db.script('DELETE FROM salesforce.account WHERE id = (SELECT min(id) FROM salesforce.account)');
  assert.equal(await countTableRows(db, stream), 4);
  assert.deepEqual(await db.query(sql`SELECT rows FROM _lockstep.checkpoint`), [{ rows: 5 }]);
  await assert.rejects(countTableRows(db, { ...stream, table: 'nothing' }), { code: '42P01' });
});

let large: DestinationHarness;
before(async () => {
  large = await openDestinationHarness({ fields });
  await large.db.script(`
    INSERT INTO salesforce.account (id, isdeleted, systemmodstamp, createddate)
    SELECT '001' || lpad(n::text, 12, '0') || 'AAA', false, '2026-01-01Z'::timestamptz + n * interval '1 second',
           '2026-01-01Z'::timestamptz + n * interval '1 minute'
      FROM generate_series(0, 199999) AS n;
    ANALYZE salesforce.account`);
});
after(() => large[Symbol.asyncDispose]());

/** How the server reads a table in a session with the product's settings. */
async function planOf(statement: Sql, tx: Tx = large.destination.db): Promise<string> {
  const lines = await tx.query<Record<string, string>>(sql`EXPLAIN (ANALYZE) ${statement}`);
  return lines.flatMap(Object.values).join('\n');
}

test('the Ids of a large table are read along its primary key, and no further than needed', async () => {
  const { stream } = large.table();
  const behind = idOf(150_000);
  for (const after of [null, behind]) {
    const plan = await planOf(idsAfterStatement(stream, after, 2_000));
    assert.match(plan, /Index (Only )?Scan using account_pkey on account .*rows=2000/);
    assert.doesNotMatch(plan, /Seq Scan|Sort/);
  }
  const ids = await idsAfter(large.destination.db, stream, behind, 2_000);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [2_000, idOf(150_001), idOf(152_000)]);
  assert.match(await planOf(idsAfterStatement(stream, behind, 10, '2026-04-20')), /using account_pkey/);
});

test('a large table is counted in one scan, and afterwards the session uses indexes again', async () => {
  const { stream } = large.table();
  const { db } = large.destination;
  const all = sql`SELECT max(createddate) FROM salesforce.account WHERE systemmodstamp < '2100-01-01'`;
  const wholly = await db.transaction(async (tx) => {
    await planForWholeTable(tx);
    return planOf(all, tx);
  });
  assert.match(wholly, /Seq Scan on account/);

  const days = await countByDay(db, stream, always, at(1_000_000));
  assert.equal(days.length, 139);
  assert.deepEqual(days[0], { day: '2026-01-01', count: 1_440, newest: at(1_439) });
  assert.equal(
    days.reduce((sum, day) => sum + day.count, 0),
    200_000,
  );
  assert.equal(await countTableRows(db, stream), 200_000);
  assert.match(await planOf(all), /Index Scan using account_stamp/);
});
