import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type DestinationHarness, idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { restoreTable } from './restore-table.ts';
import { selectServerVersion } from './server-sql.ts';
import { alignForeignKeys, missingIndexes, restoreIndex } from './table-indexes.ts';
import { selectReferring } from './table-sql.ts';
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

/** Why a test of them cannot run; false if it can. */
async function withoutForeignKeys({ db }: DestinationHarness): Promise<string | false> {
  const [server] = await selectServerVersion(db);
  return (server?.version ?? 0) < 180_000 && 'PostgreSQL before 18 enforces every foreign key';
}

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

test('the search for rows that refer to a record can use the indexes, although they leave out empty references', async () => {
  await using harness = await openHarness();
  const { stream } = harness.table();
  await makeIndexes(harness, stream);
  await harness.apply([record(1, { ParentId: idOf(7) }), record(2, { OwnerId: idOf(7) }), record(3)]);
  const columns = stream.columns.filter(({ field }) => ['ParentId', 'OwnerId'].includes(field));
  const plan = await harness.db.transaction(async (tx) => {
    await tx.query(sql`SET LOCAL enable_seqscan = off`);
    const found = await selectReferring(tx, stream, columns, [idOf(7)], 10);
    assert.deepEqual(found.map(({ id }) => id).toSorted(), [idOf(1), idOf(2)]);
    return tx.query(sql`
      EXPLAIN SELECT id FROM salesforce.account
       WHERE parentid = ANY (${[idOf(7)]}::text[]) OR ownerid = ANY (${[idOf(7)]}::text[]) LIMIT 10`);
  });
  assert.match(JSON.stringify(plan), /account_parentid_idx.*account_ownerid_idx/);
});

test('foreign keys refer to the one object of a reference, refuse no row, and go when they are no longer wanted', async (t) => {
  await using harness = await openHarness();
  const reason = await withoutForeignKeys(harness);
  if (reason) return t.skip(reason);
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

test('foreign keys keep no table from being restored', async (t) => {
  for (const change of [
    'ALTER TABLE salesforce.account DROP COLUMN id CASCADE',
    'ALTER TABLE salesforce.account DROP CONSTRAINT account_pkey CASCADE',
    'ALTER TABLE salesforce.account DROP COLUMN parentid',
    'ALTER TABLE salesforce.account ALTER COLUMN id TYPE varchar(18)',
    'ALTER TABLE salesforce.account ALTER COLUMN parentid TYPE varchar(18)',
    'ALTER TABLE salesforce.contact DROP COLUMN parentid',
  ]) {
    await using harness = await openHarness();
    const reason = await withoutForeignKeys(harness);
    if (reason) return t.skip(reason);
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

test('a foreign key is not waited for long: pages would queue behind it', async (t) => {
  await using harness = await openHarness();
  const reason = await withoutForeignKeys(harness);
  if (reason) return t.skip(reason);
  await using undo = new AsyncDisposableStack();
  const reader = await harness.db.session();
  undo.defer(() => reader.close());
  await reader.query(sql`BEGIN`);
  await reader.query(sql`LOCK TABLE salesforce.account IN ROW EXCLUSIVE MODE`);
  const parents = await parentsOf(harness);
  await assert.rejects(alignForeignKeys(harness.destination.db, harness.table().stream, parents), {
    code: '55P03',
  });
});
