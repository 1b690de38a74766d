/** What a sweep's records, which have only some of the columns, do to the rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  pageOf,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import { closeObservation } from './observations.ts';

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

test('a patch that PostgreSQL refuses stores nothing, and its record is read again', async () => {
  await using harness = await openDestinationHarness({ fields: { Total__c: 'string formula' } });
  await harness.db.script(`ALTER TABLE salesforce.account ADD CHECK (total__c <> 'refused')`);
  await harness.apply([record(1), record(2), record(3)]);
  const text = JSON.stringify(record(2, { Total__c: '\ud800' }));
  const page = pageOf([record(1, { Total__c: 'refused' }), record(3, { Total__c: 'stored' })], {
    unstorable: [{ id: idOf(2), text }],
  });
  const open = await harness.open();
  assert.deepEqual(await harness.apply(page, { partial }), {
    applied: 1,
    unchanged: 0,
    stale: 0,
    dirty: 2,
    quarantined: 0,
  });
  assert.deepEqual(await totals(harness), [null, null, 'stored']);
  assert.deepEqual(await markedIds(harness), [idOf(1), idOf(2)]);
  assert.deepEqual(await harness.quarantined(), [], 'the reading of the whole record decides');
  const fenced = (await harness.fences()).map(({ id }) => id);
  assert.deepEqual(fenced, [idOf(3)], 'nothing of the others was stored');
  await closeObservation(harness.destination.db, open);
});

test('a record that is set aside is not patched: its row may be another version of the same second', async () => {
  await using harness = await openDestinationHarness({
    fields: { Size: 'double', Total__c: 'double formula' },
  });
  await harness.apply([record(1, { Size: 1, Total__c: 1 })]);
  await harness.apply([record(1, { Size: 'large', Total__c: 1 })]);
  const { dirty } = await harness.apply([record(1, { Total__c: 2 })], { partial });
  assert.equal(dirty, 1);
  assert.deepEqual(await totals(harness), ['1']);
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
