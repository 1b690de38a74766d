/** A user has changed a table of the mirror by hand: what is found, what is restored, what stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  pageOf,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import { isTableChanged } from './faults.ts';
import { markDirty } from './mark-sql.ts';
import { isAsPlanned, restoreTable } from './restore-table.ts';
import { insertCursor } from './sql.ts';
import { missingIndexes, restoreIndex } from './table-indexes.ts';
import { loadStreams } from './tables.ts';

const fields = { Name: 'string', Size__c: 'int', OwnerId: 'reference', CloseTime__c: 'time' };
const openHarness = () => openDestinationHarness({ fields });

const lockWaitMs = 100;

const two = [record(1, { Name: 'One', Size__c: 1 }), record(2, { Name: 'Two', Size__c: 2 })];

/** The table as the catalog describes it: columns with their types, collations and comments, and indexes. */
async function shapeOf({ db }: DestinationHarness) {
  const columns = await db.query(sql`
    SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attcollation AS collation,
           col_description(attrelid, attnum) AS comment
      FROM pg_attribute WHERE attrelid = 'salesforce.account'::regclass AND attnum > 0 AND NOT attisdropped
     ORDER BY attname`);
  const indexes = await db.query(sql`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'salesforce' ORDER BY 1`);
  return { columns, indexes };
}

/** What the sync would do: restore the table and load the stream again. */
async function restore(harness: DestinationHarness) {
  const { db } = harness.destination;
  const own = harness.table().stream;
  const found = await restoreTable(db, own, lockWaitMs);
  for (const column of await missingIndexes(db, own, new Set())) await restoreIndex(db, own, column);
  const [stream] = await loadStreams(harness.db, 'salesforce');
  assert.ok(stream);
  const restored = await harness.openAs(harness.holder);
  assert.ok(await isAsPlanned(db, own));
  return { found, stream, restored };
}

const changes: Record<string, { change: string; found: string; sqlState: string; rows: number }> = {
  'the table is dropped': {
    change: 'DROP TABLE salesforce.account',
    found: 'it was dropped',
    sqlState: '42P01',
    rows: 0,
  },
  'a column is dropped': {
    change: 'ALTER TABLE salesforce.account DROP COLUMN name',
    found: 'column name is missing',
    sqlState: '42703',
    rows: 2,
  },
  'a column is renamed': {
    change: 'ALTER TABLE salesforce.account RENAME COLUMN name TO title',
    found: 'column name is missing',
    sqlState: '42703',
    rows: 2,
  },
  'a column gets another type': {
    change: 'ALTER TABLE salesforce.account ALTER COLUMN name TYPE integer USING length(name)',
    found: 'column name has another type',
    sqlState: '42883',
    rows: 2,
  },
  'a time becomes text': {
    change: 'ALTER TABLE salesforce.account ALTER COLUMN closetime__c TYPE text',
    found: 'column closetime__c has another type',
    sqlState: '42883',
    rows: 2,
  },
  'a text column becomes too short': {
    change: 'ALTER TABLE salesforce.account ALTER COLUMN name TYPE varchar(3)',
    found: 'column name has another type',
    sqlState: '',
    rows: 2,
  },
  'a column is generated': {
    change: `ALTER TABLE salesforce.account DROP COLUMN size__c;
      ALTER TABLE salesforce.account ADD COLUMN size__c integer GENERATED ALWAYS AS (length(name)) STORED`,
    found: 'column size__c has another type',
    sqlState: '428C9 42601', // the second before version 14
    rows: 2,
  },
  'the Id gets the default collation of the database': {
    change: 'ALTER TABLE salesforce.account ALTER COLUMN id TYPE text COLLATE "default"',
    found: 'column id has another type, its primary key is missing',
    sqlState: '',
    rows: 0,
  },
  'the Id gets another collation': {
    change: 'ALTER TABLE salesforce.account ALTER COLUMN id TYPE text COLLATE ucs_basic',
    found: 'column id has another type, its primary key is missing',
    sqlState: '42P22',
    rows: 0,
  },
  'the Id is dropped': {
    change: 'ALTER TABLE salesforce.account DROP COLUMN id',
    found: 'column id is missing, its primary key is missing',
    sqlState: '42703',
    rows: 0,
  },
  'the primary key is dropped': {
    change: 'ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey',
    found: 'its primary key is missing',
    sqlState: '42P10',
    rows: 2,
  },
  'the primary key is dropped and rows are added twice or without an Id': {
    change: `ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey, ALTER COLUMN id DROP NOT NULL;
      INSERT INTO salesforce.account (id, name) SELECT id, name FROM salesforce.account;
      INSERT INTO salesforce.account (name) VALUES ('nobody''s')`,
    found: 'its primary key is missing',
    sqlState: '42P10',
    rows: 2,
  },
  'the primary key has other columns': {
    change: `ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey;
      ALTER TABLE salesforce.account ADD CONSTRAINT own_key PRIMARY KEY (id, name)`,
    found: 'its primary key is different',
    sqlState: '42P10',
    rows: 2,
  },
  'the primary key is deferrable': {
    change: `ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey,
      ADD CONSTRAINT account_pkey PRIMARY KEY (id) DEFERRABLE`,
    found: 'its primary key is different',
    sqlState: '55000',
    rows: 2,
  },
  'several parts are dropped': {
    change: `ALTER TABLE salesforce.account DROP COLUMN systemmodstamp, DROP COLUMN ownerid,
      DROP CONSTRAINT account_pkey`,
    found: 'column systemmodstamp is missing, column ownerid is missing, its primary key is missing',
    sqlState: '42703',
    rows: 2,
  },
};

for (const [what, { change, found, sqlState, rows }] of Object.entries(changes)) {
  test(`if ${what}, the table is restored and its rows are read again`, async () => {
    await using harness = await openHarness();
    await harness.apply(two);
    const [before, planned] = [await harness.rows(), await shapeOf(harness)];
    await harness.db.script(change);
    if (sqlState !== '') {
      await assert.rejects(harness.apply([record(3, { Name: 'Three' })]), (error) => {
        assert.ok(sqlState.split(' ').includes((error as { code: string }).code));
        return isTableChanged(error);
      });
    }

    assert.equal(await isAsPlanned(harness.destination.db, harness.table().stream), false);
    const { found: told, stream, restored } = await restore(harness);
    assert.equal(told, found);
    assert.equal(stream.planVersion, 2);
    assert.deepEqual(
      await harness.db.query(sql`SELECT state, rows, backfilled_at FROM _lockstep.checkpoint`),
      [{ state: 'backfilling', rows, backfilled_at: null }],
    );
    const shape = await shapeOf(harness);
    const isPlanned = (column: { name?: unknown }) =>
      planned.columns.some(({ name }) => name === column.name);
    assert.deepEqual({ ...shape, columns: shape.columns.filter(isPlanned) }, planned);

    await harness.apply(two, { destination: restored });
    const asBefore = (await harness.rows()).map(({ title: _, ...row }) => row);
    assert.deepEqual(asBefore, before);
  });
}

test('a table that is as planned is left unchanged, whatever was added to it, and its stream goes on', async () => {
  await using harness = await openHarness();
  await harness.apply(two);
  await harness.db.script(`
    ALTER TABLE salesforce.account ADD COLUMN note text DEFAULT 'mine';
    CREATE INDEX ON salesforce.account (name);
    CREATE VIEW salesforce.large AS SELECT * FROM salesforce.account WHERE size__c > 1`);
  const before = await harness.rows();
  const { found, stream } = await restore(harness);
  assert.equal(found, null);
  assert.equal(stream.planVersion, 1);
  assert.deepEqual(await harness.rows(), before);
});

test('a dropped index is created again, and no row is read again for it', async () => {
  await using harness = await openHarness();
  const planned = await shapeOf(harness);
  await harness.db.script('DROP INDEX salesforce.account_stamp');
  const { found, stream } = await restore(harness);
  assert.equal(found, null);
  assert.equal(stream.planVersion, 1);
  assert.deepEqual(await shapeOf(harness), planned);
});

test("a user's own index that begins with the same column is good enough", async () => {
  await using harness = await openHarness();
  await harness.db.script(`
    DROP INDEX salesforce.account_stamp;
    CREATE INDEX mine ON salesforce.account (systemmodstamp, id)`);
  assert.equal((await restore(harness)).found, null);
  const { indexes } = await shapeOf(harness);
  assert.deepEqual(
    indexes.map(({ name }) => name),
    ['account_pkey', 'mine'],
  );
});

test('restoring a table keeps head, recheck, marks and fences; only the backfill begins again', async () => {
  await using harness = await openHarness();
  const older = await harness.open();
  await harness.apply(two);
  const { streamNo } = harness.table().stream;
  for (const kind of ['backfill', 'head', 'recheck'] as const) {
    await insertCursor(harness.db, streamNo, kind, { at: 7 });
  }
  await markDirty(harness.db, streamNo, [idOf(1)], { urgent: true, reason: 'written' });
  await harness.db.script(`
    UPDATE _lockstep.checkpoint SET state = 'stopped', stop_code = 'DB-15', stop_reason = 'x',
      backfilled_at = now(), counts_verified_at = now(), stamps_verified_at = now(), content_verified_at = now();
    ALTER TABLE salesforce.account DROP COLUMN name`);
  const [fences, marks] = [await harness.fences(), await harness.marks()];
  assert.equal(fences.length, 2);

  await restore(harness);
  assert.deepEqual(await harness.db.query(sql`SELECT kind FROM _lockstep.cursor ORDER BY kind`), [
    { kind: 'head' },
    { kind: 'recheck' },
  ]);
  assert.deepEqual([await harness.fences(), await harness.marks()], [fences, marks]);
  const [checkpoint] = await harness.db.query(sql`
    SELECT state, stop_code, stop_reason, counts_verified_at, stamps_verified_at, content_verified_at
      FROM _lockstep.checkpoint`);
  assert.deepEqual(checkpoint, {
    state: 'backfilling',
    stop_code: null,
    stop_reason: null,
    counts_verified_at: null,
    stamps_verified_at: null,
    content_verified_at: null,
  });
  await assert.rejects(harness.apply([record(1)], { observation: older }), { code: 'SYS-09' });
});

test('a reading from before the table was restored cannot undo a newer one', async () => {
  await using harness = await openHarness();
  const older = await harness.open();
  await harness.apply([record(1, { Name: 'New', SystemModstamp: stampAt(60) })]);
  await harness.db.script('ALTER TABLE salesforce.account DROP COLUMN size__c');
  const { restored } = await restore(harness);

  const late = { observation: older, destination: restored };
  assert.equal((await harness.apply([record(1, { Name: 'Old' })], late)).stale, 1);
  assert.equal((await harness.rows())[0]?.name, 'New');
});

test('a stream is not restored from an outdated plan', async () => {
  await using harness = await openHarness();
  await harness.db.script('DROP TABLE salesforce.account');
  await restore(harness);
  await assert.rejects(restoreTable(harness.destination.db, harness.table().stream, lockWaitMs), {
    code: 'SYS-09',
  });
});

test('a restored table without a cursor field gets no index for it', async () => {
  await using harness = await openHarness();
  await harness.db.script(`
    UPDATE _lockstep.checkpoint SET cursor_field = NULL;
    DROP INDEX salesforce.account_stamp`);
  const [stream] = await loadStreams(harness.db, 'salesforce');
  assert.ok(stream);
  assert.equal(await restoreTable(harness.db, stream, lockWaitMs), null);
  await harness.db.script('DROP TABLE salesforce.account');
  assert.equal(await restoreTable(harness.db, stream, lockWaitMs), 'it was dropped');
  assert.deepEqual(
    (await shapeOf(harness)).indexes.map(({ name }) => name),
    ['account_pkey'],
  );
});

test('a view in place of the table is left unchanged, and the fault names it', async () => {
  await using harness = await openHarness();
  await harness.db.script(`
    ALTER TABLE salesforce.account RENAME TO mine;
    CREATE VIEW salesforce.account AS SELECT DISTINCT * FROM salesforce.mine`);
  await assert.rejects(harness.apply(two), isTableChanged);
  await assert.rejects(restoreTable(harness.destination.db, harness.table().stream, lockWaitMs), {
    code: 'SCH-05',
    safe: { stream: 'Account', reason: 'salesforce.account is not a table' },
  });
});

test('a view that depends on what must be dropped fails the whole restore with its code', async () => {
  await using harness = await openHarness();
  await harness.apply(two);
  await harness.db.script(`
    ALTER TABLE salesforce.account DROP COLUMN ownerid, ALTER COLUMN size__c TYPE bigint;
    CREATE VIEW salesforce.sizes AS SELECT size__c FROM salesforce.account`);
  await assert.rejects(restoreTable(harness.destination.db, harness.table().stream, lockWaitMs), {
    code: '2BP01',
  });
  const [first] = await harness.rows();
  assert.ok(first && !('ownerid' in first));
  assert.deepEqual(await harness.db.query(sql`SELECT plan_version FROM _lockstep.checkpoint`), [
    { plan_version: 1 },
  ]);
});

test('restoring does not wait for a query that uses the table', async () => {
  await using harness = await openHarness();
  await harness.db.script('ALTER TABLE salesforce.account DROP COLUMN name');
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`SELECT count(*) FROM salesforce.account`);
    await assert.rejects(restoreTable(harness.destination.db, harness.table().stream, lockWaitMs), {
      code: '55P03',
    });
  });
  assert.equal((await restore(harness)).found, 'column name is missing');
});

test('an error of a record does not count as a changed table', async () => {
  await using harness = await openHarness();
  for (const code of ['22P02', '23505', '23502', '40P01', '42501', '57014', '08006', undefined]) {
    assert.equal(isTableChanged(Object.assign(new Error('refused'), { code })), false, code ?? 'none');
  }
  assert.equal(isTableChanged(null), false);
  assert.equal((await harness.apply(pageOf([record(1, { Size__c: 'many' })]))).quarantined, 1);
});
