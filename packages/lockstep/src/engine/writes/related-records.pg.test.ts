/** Which records are read again because others were written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openTestLog } from '@lockstep/harness/control';
import { idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { mastersOf, RelatedRecords } from './related-records.ts';

const fields = { Master__c: 'detail Account', Friend__c: 'reference Account', Other__c: 'reference User' };

/** Contacts that refer to accounts: the master of 2 is 1, of 3 it is 9, and its friend is 1; the other of 4 is 1. */
async function openRelations() {
  const harness = await openDestinationHarness({ fields, streams: ['Account', 'Contact'] });
  await harness.apply([record(1), record(9)]);
  await harness.apply(
    [
      record(2, { Master__c: idOf(1) }),
      record(3, { Master__c: idOf(9), Friend__c: idOf(1) }),
      record(4, { Other__c: idOf(1) }),
    ],
    { sobject: 'Contact' },
  );
  const marked: string[] = [];
  const related = new RelatedRecords({
    log: openTestLog().log,
    destination: async () => harness.destination,
    onMarked: (sobject) => void marked.push(sobject),
  });
  const marks = () =>
    harness.db.query(sql`
      SELECT stream_no, id, urgent FROM _lockstep.dirty WHERE reason = 'related' ORDER BY stream_no, id`);
  return { harness, related, marked, marks, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() };
}

test('when a detail is written, its master is read again, and so is its former master', async () => {
  await using relations = await openRelations();
  const { harness, related, marks, marked } = relations;
  const table = harness.table('Contact');
  const formerMasters = await mastersOf(harness.destination, table, [idOf(2)]);
  await harness.apply([record(2, { Master__c: idOf(9) })], { sobject: 'Contact' });
  related.stored({ table, ids: [idOf(2)], deletedIds: [], formerMasters });
  await related.idle();
  assert.deepEqual(await marks(), [
    { stream_no: 1, id: idOf(1), urgent: true },
    { stream_no: 1, id: idOf(9), urgent: true },
  ]);
  assert.deepEqual([...new Set(marked)], ['account']);
});

test('records that refer to a deleted record are read again, whichever field refers to it', async () => {
  await using relations = await openRelations();
  const { harness, related, marks } = relations;
  related.stored({ table: harness.table(), ids: [idOf(1)], deletedIds: [idOf(1)], formerMasters: [] });
  await related.idle();
  assert.deepEqual(await marks(), [
    { stream_no: 2, id: idOf(2), urgent: true },
    { stream_no: 2, id: idOf(3), urgent: true },
  ]);
});

test('writing a record that has no master marks nothing', async () => {
  await using harness = await openDestinationHarness({ fields: { Friend__c: 'reference Account' } });
  await harness.apply([record(1, { Friend__c: idOf(1) })]);
  assert.deepEqual(await mastersOf(harness.destination, harness.table(), [idOf(1)]), []);
});
