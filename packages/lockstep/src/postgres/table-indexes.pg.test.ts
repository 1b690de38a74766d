import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type DestinationHarness, idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { restoreTable } from './restore-table.ts';
import { alignForeignKeys, missingIndexes, restoreIndex } from './table-indexes.ts';
import { loadStreams, type Stream } from './tables.ts';

const fields = {
  ParentId: 'reference Account',
  OwnerId: 'reference User',
  LastModifiedById: 'reference Account',
  Elsewhere__c: 'reference Case',
};
const openHarness = () => openDestinationHarness({ fields, streams: ['Account', 'Contact'] });
const mirrored = new Set(['Account', 'Contact', 'User']);

async function makeIndexes({ destination: { db } }: DestinationHarness, stream: Stream): Promise<string[]> {
  const missing = await missingIndexes(db, stream, mirrored);
  for (const column of missing) await restoreIndex(db, stream, column);
  return missing.map(({ field }) => field);
}

const indexesOf = async ({ db }: DestinationHarness) => {
  const rows = await db.query<{ index: string }>(sql`
    SELECT indexname || substring(indexdef FROM ' USING.*') AS index FROM pg_indexes
     WHERE schemaname = 'salesforce' AND tablename = 'account' ORDER BY 1`);
  return rows.map(({ index }) => index);
};

const foreignKeys = ({ db }: DestinationHarness) =>
  db.query(sql`
    SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS definition FROM pg_constraint
     WHERE contype = 'f' AND connamespace = 'salesforce'::regnamespace ORDER BY 1, 2`);

const parentsOf = async ({ db }: DestinationHarness) =>
  new Map((await loadStreams(db, 'salesforce')).map((stream) => [stream.sobject, stream]));

test('references to objects of the mirror are indexed, but not who created and changed a row', async () => {
  await using harness = await openHarness();
  const { stream } = harness.table();
  assert.deepEqual(await makeIndexes(harness, stream), ['ParentId', 'OwnerId']);
  assert.deepEqual(await indexesOf(harness), [
    'account_ownerid_idx USING btree (ownerid) WHERE (ownerid IS NOT NULL)',
    'account_parentid_idx USING btree (parentid) WHERE (parentid IS NOT NULL)',
    'account_pkey USING btree (id)',
    'account_stamp USING btree (systemmodstamp)',
  ]);
  assert.deepEqual(await makeIndexes(harness, stream), []);
});

test("an index of a user's own is enough, and one that an interrupted attempt left invalid is made again", async () => {
  await using harness = await openHarness();
  const { stream } = harness.table();
  await harness.db.script(`
    CREATE INDEX mine ON salesforce.account (ownerid, id);
    CREATE INDEX some_parents ON salesforce.account (parentid) WHERE parentid > '5';
    CREATE INDEX account_parentid_idx ON salesforce.account (parentid)`);
  assert.deepEqual(await makeIndexes(harness, stream), []);
  await harness.db.script(
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'salesforce.account_parentid_idx'::regclass`,
  );
  assert.deepEqual(await makeIndexes(harness, stream), ['ParentId']);
});

test('rows that refer to a record are found by the index', async () => {
  await using harness = await openHarness();
  const { stream } = harness.table();
  await makeIndexes(harness, stream);
  await harness.apply(Array.from({ length: 2_000 }, (_, n) => record(n, { ParentId: idOf(n % 500) })));
  const plan = await harness.destination.db.query(sql`
    EXPLAIN (FORMAT TEXT) SELECT id FROM salesforce.account
     WHERE parentid = ANY (${[idOf(7)]}::text[]) OR ownerid = ANY (${[idOf(7)]}::text[]) LIMIT 10`);
  assert.match(JSON.stringify(plan), /Bitmap|Index/);
});

test('foreign keys refer to the one object of a reference, refuse no row, and go when they are no longer wanted', async () => {
  await using harness = await openHarness();
  const { db } = harness.destination;
  const parents = await parentsOf(harness);
  const [account, contact] = [harness.table().stream, harness.table('Contact').stream];
  for (const stream of [account, contact]) await alignForeignKeys(db, stream, parents);
  const key = (field: string) => `FOREIGN KEY (${field}) REFERENCES salesforce.account(id) NOT ENFORCED`;
  const all = ['salesforce.account', 'salesforce.contact'].flatMap((table) =>
    ['lastmodifiedbyid', 'parentid'].map((field) => ({ table, definition: key(field) })),
  );
  assert.deepEqual(await foreignKeys(harness), all);
  await alignForeignKeys(db, account, parents);
  assert.deepEqual(await foreignKeys(harness), all);

  await harness.apply([record(1, { ParentId: idOf(9) })], { sobject: 'Contact' });
  await harness.apply([record(2, { ParentId: idOf(8) })]);
  await harness.apply([record(2, { IsDeleted: true })]);

  for (const stream of [account, contact]) await alignForeignKeys(db, stream, new Map());
  assert.deepEqual(await foreignKeys(harness), []);
});

test('foreign keys keep no table from being restored', async () => {
  for (const change of [
    'ALTER TABLE salesforce.account DROP COLUMN id CASCADE',
    'ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey CASCADE',
    'ALTER TABLE salesforce.account DROP COLUMN parentid',
    'ALTER TABLE salesforce.account ALTER COLUMN id TYPE varchar(18)',
    'ALTER TABLE salesforce.account ALTER COLUMN parentid TYPE varchar(18)',
    'ALTER TABLE salesforce.contact DROP COLUMN parentid',
  ]) {
    await using harness = await openHarness();
    const { db } = harness.destination;
    const parents = await parentsOf(harness);
    await harness.apply([record(1, { ParentId: idOf(1) })]);
    for (const stream of parents.values()) await alignForeignKeys(db, stream, parents);
    const before = await foreignKeys(harness);
    await harness.db.script(change);
    for (const stream of parents.values()) await restoreTable(db, stream, 1_000);
    for (const stream of (await parentsOf(harness)).values())
      await alignForeignKeys(db, stream, await parentsOf(harness));
    assert.deepEqual(await foreignKeys(harness), before, change);
  }
});

test('a foreign key is not waited for long: pages would queue behind it', async () => {
  await using harness = await openHarness();
  const reader = await harness.db.session();
  await reader.query(sql`BEGIN`);
  await reader.query(sql`LOCK TABLE salesforce.account IN ROW EXCLUSIVE MODE`);
  const parents = await parentsOf(harness);
  await assert.rejects(alignForeignKeys(harness.destination.db, harness.table().stream, parents), {
    code: '55P03',
  });
  await reader.close();
});
