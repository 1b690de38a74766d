/** What a sweep's records, which have only some of the columns, do to the rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';

const partial = { settledUntil: Date.parse(stampAt(100)) / 1_000 };

const openWithFormula = () =>
  openDestinationHarness({ fields: { Name: 'string', Total__c: 'double formula' } });

const totals = async (harness: DestinationHarness) => (await harness.rows()).map(({ total__c }) => total__c);
const markedIds = async (harness: DestinationHarness) => (await harness.marks()).map(({ id }) => id);

test('a patch changes a formula, and nothing else of its row', async () => {
  await using harness = await openWithFormula();
  await harness.apply([record(1, { Name: 'a', Total__c: 1 })]);
  const counts = await harness.apply([record(1, { Name: 'b', Total__c: 2 })], { partial });
  assert.equal(counts.applied, 1);
  assert.deepEqual(
    (await harness.rows()).map(({ name, total__c }) => ({ name, total__c })),
    [{ name: 'a', total__c: '2' }],
  );
});

test('of two patches of one record, one counts', async () => {
  await using harness = await openWithFormula();
  const { dirty, stale } = await harness.apply([record(1), record(1)], { partial });
  assert.deepEqual([dirty, stale], [1, 1]);
  assert.deepEqual(await markedIds(harness), [idOf(1)]);
});

test('a patch with a value that does not fit stores nothing, and its record is read again', async () => {
  await using harness = await openWithFormula();
  await harness.apply([record(1, { Total__c: 5, SystemModstamp: null })]);
  await harness.apply([record(1, { Total__c: 'five', SystemModstamp: null })], { partial });
  assert.deepEqual(await totals(harness), ['5']);
  assert.deepEqual(await markedIds(harness), [idOf(1)]);
});

test('a patch without a stamp is stored', async () => {
  await using harness = await openWithFormula();
  await harness.apply([record(1, { Total__c: 5, SystemModstamp: null })]);
  await harness.apply([record(1, { Total__c: 6, SystemModstamp: null })], { partial });
  assert.deepEqual(await totals(harness), ['6']);
  assert.deepEqual(await markedIds(harness), []);
});

test('what a sweep finds in only one place is read again, even in a table without stamps', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`DELETE FROM _lockstep.column WHERE field = 'SystemModstamp';
    ALTER TABLE salesforce.account DROP COLUMN systemmodstamp`);
  const destination = await harness.openAs(harness.holder);
  await harness.apply([record(1), record(2)], { destination });
  await harness.apply([record(2), record(3)], { destination, absent: [idOf(1)], partial });
  assert.deepEqual(await markedIds(harness), [idOf(1), idOf(3)]);
});
