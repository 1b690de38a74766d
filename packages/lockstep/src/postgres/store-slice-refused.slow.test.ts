/**
 * Bulk results and what a user or another process does to the mirror: constraints and triggers of their own, rights
 * taken away, two workers, pages that want the same lock.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { openBulkBackfill } from '@lockstep/harness/bulk-backfill';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
  untilBlocked,
} from '@lockstep/harness/destination';
import type { ApplyCounts } from './page-part.ts';
import { SliceRounds } from './slice-rounds.ts';
import { lockCheckpoint } from './sql.ts';
import { storeSlice } from './store-slice.ts';

const nothing: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, nth) => from + nth);
const idsIn = async (harness: DestinationHarness) => (await harness.rows()).map(({ id }) => id);

async function countedRows({ db }: DestinationHarness): Promise<number | undefined> {
  const [row] = await db.query<{ rows: number; stored: number }>(sql`
    SELECT rows, (SELECT count(*) FROM salesforce.account) AS stored FROM _lockstep.checkpoint WHERE stream_no = 1`);
  assert.equal(row?.rows, row?.stored, 'the checkpoint counts what the table has');
  return row?.rows;
}

for (const [what, obstacle, code] of [
  ['a unique index', 'CREATE UNIQUE INDEX ON salesforce.account (name)', '23505'],
  [
    'a check',
    `ALTER TABLE salesforce.account ADD CHECK (name IS DISTINCT FROM 'twice' OR id < '${idOf(3)}')`,
    '23514',
  ],
  [
    'a trigger',
    `CREATE FUNCTION salesforce.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.name = 'twice' AND NEW.id >= '${idOf(3)}' THEN RAISE 'canary %', NEW.name; END IF; RETURN NEW; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON salesforce.account FOR EACH ROW EXECUTE FUNCTION salesforce.refuse()`,
    'P0001',
  ],
] as const)
  test(`${what} of a user refuses a record of a slice: it is set aside, and the others are stored`, async () => {
    for (const isFirstFill of [true, false]) {
      await using harness = await openDestinationHarness();
      await harness.db.script(obstacle);
      const bulk = await openBulkBackfill(harness);
      const results = numbers(6).map((number) =>
        record(number, { Name: [2, 5].includes(number) ? 'twice' : `n${number}` }),
      );
      assert.deepEqual(await bulk.store(results, { isFirstFill }), {
        ...nothing,
        applied: 5,
        quarantined: 1,
      });
      assert.deepEqual(
        (await harness.quarantined()).map((one) => [one.id, one.code]),
        [[idOf(5), code]],
      );
      assert.equal(await countedRows(harness), 5);
    }
  });

test('a trigger of a user that leaves records out leaves them out, and the slice counts as stored', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`
    CREATE FUNCTION salesforce.skip() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.name = 'skip' THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER skip BEFORE INSERT ON salesforce.account FOR EACH ROW EXECUTE FUNCTION salesforce.skip()`);
  const bulk = await openBulkBackfill(harness);
  await bulk.store([record(1, { Name: 'skip' }), record(2, { Name: 'kept' })]);
  assert.deepEqual(await idsIn(harness), [idOf(2)]);
  assert.equal((await bulk.page()).rows, 2);
});

test('a login that may have no temporary table stores slices all the same', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const { db } = harness;
  const role = 'without_temporary';
  const database = new URL(harness.url).pathname.slice(1);
  await db.script(`DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  await db.script(`
    REVOKE TEMPORARY ON DATABASE "${database}" FROM PUBLIC;
    GRANT USAGE ON SCHEMA salesforce, _lockstep TO ${role};
    GRANT ALL ON ALL TABLES IN SCHEMA salesforce, _lockstep TO ${role};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA _lockstep TO ${role}`);
  const url = databaseUrl(harness.url, {});
  const restricted = openDatabase({ url, applicationName: 'test', settings: { role } });
  try {
    const counts = await bulk.store([record(1), record(2)], {
      store: (table, slice, part) =>
        storeSlice(
          { db: restricted, serverVersion: 160_000, rounds: new SliceRounds(1) },
          table,
          slice,
          part,
        ),
    });
    assert.deepEqual(counts, { ...nothing, applied: 2 });
    assert.equal(await countedRows(harness), 2);
  } finally {
    await restricted.end();
    await db.script(`DROP OWNED BY ${role}`);
    await db.query(sql`DROP ROLE IF EXISTS ${ident(role)}`);
  }
});

test('two workers that have read the same slice store it once', async () => {
  for (const isFirstFill of [true, false])
    for (const Name of ['plain', 'a\0b']) {
      await using harness = await openDestinationHarness();
      const bulk = await openBulkBackfill(harness);
      const other = await harness.openAs({ owner: 'second', epoch: 1 });
      const [slice] = await bulk.slices(numbers(50).map((number) => record(number, { Name })));
      assert.ok(slice);
      const page = await bulk.page();
      const results = await Promise.allSettled([
        bulk.storeSlice(slice, { page, isFirstFill }),
        bulk.storeSlice(slice, { page, isFirstFill, destination: other }),
      ]);
      const refused = results.filter((one) => one.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code?: string }).code),
        ['SYS-09'],
      );
      assert.equal(await countedRows(harness), 50);
      assert.equal((await bulk.page()).rows, 50);
    }
});

test('two slices of different pages are stored at the same time', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness, { pages: 2 });
  // A row of the first slice waits for a session that holds its key; the second slice does not wait for the first.
  const session = await harness.db.session();
  await session.script(`BEGIN; INSERT INTO salesforce.account (id) VALUES ('${idOf(1)}')`);
  const first = bulk.store([record(1)]);
  await untilBlocked(harness.db);
  const [version] = await harness.db.query<{ number: number }>(
    sql`SELECT current_setting('server_version_num')::integer AS number`,
  );
  if ((version?.number ?? 0) >= 170_000) {
    assert.deepEqual(await bulk.store([record(2)], { pageNo: 2 }), { ...nothing, applied: 1 });
    assert.equal((await bulk.page(2)).rows, 1);
  }
  await session.script('ROLLBACK');
  await session.close();
  await first;
  assert.equal((await bulk.page(1)).rows, 1);
});

test('a slice waits for a page that holds the stream, and then leaves out what it has fenced', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const gate = Promise.withResolvers<void>();
  const reading = await harness.open();
  const storing = harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1, { Name: 'newer', SystemModstamp: stampAt(9) })], {
      tx,
      observation: reading,
    });
    await gate.promise;
  });
  const [slice] = await bulk.slices([record(1, { Name: 'older' }), record(2, { Name: 'other' })]);
  assert.ok(slice);
  const sliced = bulk.storeSlice(slice);
  await untilBlocked(harness.db);
  gate.resolve();
  await storing;
  assert.deepEqual((await sliced).counts, { ...nothing, applied: 1, stale: 1 });
  assert.deepEqual(
    (await harness.rows()).map(({ name }) => name),
    ['newer', 'other'],
  );
});

test('a page waits for a slice that is being copied, and a change of the table does too', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const session = await harness.db.session();
  await session.script(`BEGIN; INSERT INTO salesforce.account (id) VALUES ('${idOf(1)}')`);
  const sliced = bulk.store([record(1)]);
  await untilBlocked(harness.db);
  await assert.rejects(
    harness.db.transaction(async (tx) => {
      await tx.query(sql`SET LOCAL lock_timeout = '20ms'`);
      await lockCheckpoint(tx, 1);
    }),
    { code: '55P03' },
  );
  const page = harness.apply([record(1, { Name: 'newer', SystemModstamp: stampAt(9) })]);
  await untilBlocked(harness.db, 2);
  await session.script('ROLLBACK');
  await session.close();
  await sliced;
  await page;
  assert.deepEqual(
    (await harness.rows()).map(({ name }) => name),
    ['newer'],
  );
});

test('the end of a backfill waits for a slice that is under way, and nothing of it is stored afterwards', async () => {
  await using harness = await openDestinationHarness();
  const bulk = await openBulkBackfill(harness);
  const [slice] = await bulk.slices([record(1)]);
  assert.ok(slice);
  const page = await bulk.page();
  await bulk.end();
  await assert.rejects(bulk.storeSlice(slice, { page }), { name: 'ReadingClosed' });
  assert.equal(await countedRows(harness), 0);
  assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
});
