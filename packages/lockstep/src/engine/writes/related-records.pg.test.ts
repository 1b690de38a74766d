/** Which records are read again because others were written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openTestLog } from '@lockstep/harness/control';
import { idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { mastersOf, RelatedRecords } from './related-records.ts';

const fields = { Master__c: 'detail Account', Friend__c: 'reference Account', Other__c: 'reference User' };

/** Contacts, whose masters are accounts: the second's is 1, the third's friend is 1, the fourth's other is 1. */
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

test('a master is read again when a detail is written, and so is the one that it had before', async () => {
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

test('whoever refers to a deleted record is read again, by whichever field', async () => {
  await using relations = await openRelations();
  const { harness, related, marks } = relations;
  related.stored({ table: harness.table(), ids: [idOf(1)], deletedIds: [idOf(1)], formerMasters: [] });
  await related.idle();
  assert.deepEqual(await marks(), [
    { stream_no: 2, id: idOf(2), urgent: true },
    { stream_no: 2, id: idOf(3), urgent: true },
  ]);
});

test('a record that is nobody’s detail leads to nothing when it is written', async () => {
  await using harness = await openDestinationHarness({ fields: { Friend__c: 'reference Account' } });
  await harness.apply([record(1, { Friend__c: idOf(1) })]);
  assert.deepEqual(await mastersOf(harness.destination, harness.table(), [idOf(1)]), []);
});
