import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { asOrgError } from '../http/errors.ts';
import { currency, field, number, readOnly, reference, text } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import { sampleSObject } from '../schema/sample-sobject.ts';
import { openInProcessOrg } from '../test-in-process-org.ts';
import { writeTransaction } from './open-writes.ts';
import { undeleteRecord } from './recycle-bin.ts';
import { setRules } from './rule-book.ts';

/** Triggers in this process, where tests can check their depth, their stamps and what they roll up. */
const inner = await openInProcessOrg([
  user,
  sampleSObject(
    'Order__c',
    'a21',
    number('Total__c', 'Total', 2, {
      ...readOnly,
      defaultSql: '0',
      rollUp: { kind: 'sum', child: 'Part__c', reference: 'Order__c', field: 'Price__c' },
    }),
    text('Note__c', 'Note', 40),
    number('Count__c', 'Count', 0),
    field('percent', 'Share__c', 'Share', { precision: 5, scale: 2 }),
    field('datetime', 'Seen__c', 'Seen'),
    reference('Twin__c', 'Twin', ['Order__c']),
  ),
  sampleSObject(
    'Part__c',
    'a22',
    reference('Order__c', 'Order', ['Order__c']),
    currency('Price__c', 'Price'),
  ),
]);
after(() => inner[Symbol.asyncDispose]());
beforeEach(() => setRules(inner.org, {}));

const { insert, update, remove, read } = inner;
const order = 'Order__c';

/** The code and text with which a write is refused. */
async function refusal(write: Promise<unknown>): Promise<{ errorCode: string; message: string }> {
  const error = await write.then(
    () => assert.fail('the write was accepted'),
    (thrown: unknown) => asOrgError(thrown),
  );
  return error?.entry ?? assert.fail('a defect');
}

test("an after trigger's update has the same stamp as the write and is logged separately", async () => {
  await setRules(inner.org, {
    triggers: [
      {
        sobject: order,
        name: 'Later',
        when: ['after insert'],
        do: {
          set: {
            Note__c: 'Name & "!"',
            Share__c: '0.2',
            Seen__c: 'NOW()',
            Twin__c: 'Id',
            Count__c: '10 / 3',
          },
        },
      },
    ],
  });
  const id = await insert(order, { Name: 'o' });
  assert.deepEqual(await read(order, id, 'Note__c', 'Share__c', 'Seen__c', 'Twin__c', 'Count__c'), [
    'o!',
    '20',
    '2026-01-01 00:00:00+00',
    id,
    '3.3333333333333333',
  ]);
  const [created, modified] = await read(order, id, 'CreatedDate', 'SystemModstamp');
  assert.equal(created, modified);
});

test("a trigger that fires itself is stopped at Salesforce's maximum depth", async () => {
  await setRules(inner.org, {
    triggers: [
      { sobject: order, name: 'Again', when: ['after update'], do: { set: { Count__c: 'Count__c + 1' } } },
    ],
  });
  const id = await insert(order, { Name: 'o', Count__c: 1 });
  const { errorCode, message } = await refusal(update(order, id, { Name: 'p' }));
  assert.equal(errorCode, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY');
  assert.match(
    message,
    /^Again: execution of AfterUpdate\n\ncaused by: System\.DmlException: Update failed\. First exception on row 0 with id a21/,
  );
  assert.match(
    message,
    /Again: maximum trigger depth exceeded\nOrder__c trigger event AfterUpdate for \[a21\w{12}\]\n/,
  );
  assert.equal(message.split('trigger event AfterUpdate').length - 1, 17);
  assert.deepEqual(await read(order, id, 'Name', 'Count__c'), ['o', '1']);
});

test('a condition stops a trigger that fires itself', async () => {
  await setRules(inner.org, {
    triggers: [
      {
        sobject: order,
        name: 'Once',
        when: ['after update'],
        condition: 'AND(ISCHANGED(Name), NOT(ISNEW()))',
        do: { set: { Note__c: 'PRIORVALUE(Name)' } },
      },
    ],
  });
  const id = await insert(order, { Name: 'before' });
  await update(order, id, { Name: 'after' });
  assert.deepEqual(await read(order, id, 'Name', 'Note__c'), ['after', 'before']);
});

test('a rule sees the values that a before trigger has set', async () => {
  await setRules(inner.org, {
    validationRules: [
      {
        sobject: order,
        name: 'Noted',
        condition: 'AND(ISCHANGED(Count__c), Note__c = "two")',
        message: 'two',
      },
    ],
    triggers: [
      {
        sobject: order,
        name: 'Note',
        when: ['before insert', 'before update'],
        do: { set: { Note__c: 'CASE(Count__c, 2, "two", "other")' } },
      },
    ],
  });
  const id = await insert(order, { Name: 'o', Count__c: 2 });
  await update(order, id, { Count__c: 3 });
  assert.deepEqual(await read(order, id, 'Note__c'), ['other']);
  assert.equal((await refusal(update(order, id, { Count__c: 2 }))).message, 'two');
});

test('a master that is written by its roll-up obeys its rules and fires its triggers', async () => {
  await setRules(inner.org, {
    validationRules: [
      { sobject: order, name: 'Limit', condition: 'Total__c > 100', message: 'too much', field: 'Total__c' },
    ],
    triggers: [
      {
        sobject: order,
        name: 'Note',
        when: ['before update'],
        condition: 'ISCHANGED(Total__c)',
        do: { set: { Note__c: 'TEXT(PRIORVALUE(Total__c)) & " to " & TEXT(Total__c)' } },
      },
    ],
  });
  const id = await insert(order, { Name: 'o' });
  const part = await insert('Part__c', { Order__c: id, Price__c: 60 });
  assert.deepEqual(await read(order, id, 'Total__c', 'Note__c'), ['60', '0 to 60']);
  const { errorCode, message } = await refusal(insert('Part__c', { Order__c: id, Price__c: 60 }));
  assert.deepEqual([errorCode, message], ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'too much']);
  await remove('Part__c', part);
  assert.deepEqual(await read(order, id, 'Total__c', 'Note__c'), ['0', '60 to 0']);
});

test("a trigger's failed write is reported inside the trigger's exception", async () => {
  await setRules(inner.org, {
    validationRules: [
      { sobject: 'Part__c', name: 'Priced', condition: 'ISBLANK(Price__c)', message: 'no price' },
    ],
    triggers: [
      {
        sobject: order,
        name: 'AddPart',
        when: ['after insert'],
        do: { create: { sobject: 'Part__c', fields: { Order__c: 'Id' } } },
      },
    ],
  });
  const { errorCode, message } = await refusal(insert(order, { Name: 'o' }));
  assert.equal(errorCode, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY');
  assert.equal(
    message,
    'AddPart: execution of AfterInsert\n\ncaused by: System.DmlException: Insert failed. First exception on row 0; first error: FIELD_CUSTOM_VALIDATION_EXCEPTION, no price: []\n\nTrigger.AddPart: line 1, column 1',
  );
});

test("a trigger's value that does not fit its field fails the write", async () => {
  await setRules(inner.org, {
    triggers: [
      { sobject: order, name: 'Long', when: ['before insert'], do: { set: { Note__c: 'Name & Name' } } },
    ],
  });
  const { message } = await refusal(insert(order, { Name: 'x'.repeat(30) }));
  assert.match(
    message,
    /first error: STRING_TOO_LONG, Note: data value too large: x{60} \(max length=40\): \[Note__c\]/,
  );
});

test('triggers of a deletion see the record, and an undelete fires none', async () => {
  await setRules(inner.org, {
    triggers: [
      {
        sobject: order,
        name: 'Leave',
        when: ['after delete'],
        do: { create: { sobject: 'Part__c', fields: { Name: '"was " & Name', Price__c: '1' } } },
      },
    ],
  });
  const id = await insert(order, { Name: 'gone' });
  await remove(order, id);
  const left = await inner.db.query(sql`SELECT "Name" FROM org."Part__c" WHERE "Name" LIKE 'was%'`);
  assert.deepEqual(left, [{ Name: 'was gone' }]);
  await setRules(inner.org, {
    triggers: [{ sobject: order, name: 'No', when: ['before update', 'after update'], do: { throw: 'no' } }],
  });
  await writeTransaction(inner.org, (tx) => undeleteRecord(tx, inner.by, id));
  assert.deepEqual(await read(order, id, 'IsDeleted'), [false]);
  assert.match((await refusal(update(order, id, { Name: 'x' }))).message, /^No: execution of BeforeUpdate\n/);
});
