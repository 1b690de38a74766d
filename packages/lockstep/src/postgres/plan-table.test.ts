import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOf } from '@lockstep/harness/destination';
import { Fault } from '../core/faults.ts';
import { planTable, planTables, sqlTypeOf } from './plan-table.ts';

/** Every field type of Salesforce, with the column that it gets. */
const columnTypes = {
  id: 'text',
  reference: 'text',
  string: 'text',
  url: 'text',
  email: 'text',
  phone: 'text',
  picklist: 'text',
  combobox: 'text',
  datacategorygroupreference: 'text',
  textarea: 'text',
  multipicklist: 'text',
  masterrecord: 'text',
  base64: 'text',
  boolean: 'boolean',
  int: 'integer',
  long: 'bigint',
  double: 'numeric',
  currency: 'numeric',
  percent: 'numeric',
  date: 'date',
  datetime: 'timestamptz',
  time: 'time',
  anyType: 'text',
  complexvalue: 'jsonb',
  json: 'jsonb',
};

test('every field type has its column type', () => {
  for (const [fieldType, sqlType] of Object.entries(columnTypes)) {
    assert.equal(sqlTypeOf(fieldType), sqlType, fieldType);
  }
});

test('compound and encrypted fields get no column', () => {
  const plan = planTable(
    describeOf('Account', { BillingAddress: 'address', Place__c: 'location', Secret__c: 'encryptedstring' }),
  );
  assert.deepEqual(
    plan.columns.map(({ column }) => column),
    ['id', 'isdeleted', 'systemmodstamp'],
  );
});

test('a field type that is not known yet becomes text', () => {
  assert.equal(sqlTypeOf('hologram'), 'text');
});

test('Ids and references are ordered and compared by byte, other text is not', () => {
  const plan = planTable(describeOf('Account', { OwnerId: 'reference', Name: 'string' }));
  const byBytes = Object.fromEntries(plan.columns.map((column) => [column.field, column.byBytes]));
  assert.deepEqual(byBytes, {
    Id: true,
    IsDeleted: false,
    SystemModstamp: false,
    OwnerId: true,
    Name: false,
  });
});

test('a table and its columns have the API names in lower case, in the order of the description', () => {
  const plan = planTable(describeOf('My_Object__c', { Zebra__c: 'string', Ant__c: 'double' }));
  assert.equal(plan.table, 'my_object__c');
  assert.deepEqual(
    plan.columns.map(({ field, column }) => [field, column]),
    [
      ['Id', 'id'],
      ['IsDeleted', 'isdeleted'],
      ['SystemModstamp', 'systemmodstamp'],
      ['Zebra__c', 'zebra__c'],
      ['Ant__c', 'ant__c'],
    ],
  );
});

test('fields whose names differ only in case get a column each', () => {
  const plan = planTable(describeOf('Account', { Size__c: 'string', SIZE__c: 'string' }));
  const columns = plan.columns.map(({ column }) => column).filter((column) => column.startsWith('size'));
  assert.equal(columns[0], 'size__c');
  assert.match(columns[1] ?? '', /^size__c_[0-9a-f]{8}$/);
});

test('a table whose name another stream already has gets a different name', () => {
  assert.match(planTable(describeOf('Account'), new Set(['account'])).table, /^account_[0-9a-f]{8}$/);
});

test('a column keeps its name when a new field would take it, and the new field gets another', () => {
  const kept = new Map([['SIZE__c', 'size__c']]);
  const plan = planTable(describeOf('Account', { Size__c: 'string', SIZE__c: 'string' }), new Set(), kept);
  const columnOf = (field: string) => plan.columns.find((column) => column.field === field)?.column;
  assert.equal(columnOf('SIZE__c'), 'size__c');
  assert.match(columnOf('Size__c') ?? '', /^size__c_[0-9a-f]{8}$/);
});

test('an object without IsDeleted is planned as one whose records are never deleted', () => {
  const describe = describeOf('User');
  assert.equal(planTable(describe).hasIsDeleted, true);
  const fields = describe.fields.filter(({ name }) => name !== 'IsDeleted');
  assert.equal(planTable({ ...describe, fields }).hasIsDeleted, false);
});

test('a plan says which time field changes are polled by, and whether deletions are logged', () => {
  const describe = describeOf('AccountHistory', { CreatedDate: 'datetime' });
  const { cursorField, replicateable } = planTable(describe);
  assert.deepEqual([cursorField, replicateable], ['SystemModstamp', true]);

  const fields = describe.fields.filter(({ name }) => name !== 'SystemModstamp');
  const older = planTable({ ...describe, fields, replicateable: false });
  assert.deepEqual([older.cursorField, older.replicateable], ['CreatedDate', false]);
  const timeless = fields.filter(({ name }) => name !== 'CreatedDate');
  assert.equal(planTable({ ...describe, fields: timeless }).cursorField, null);
});

test('an object that cannot be read page by page is refused with its reason', () => {
  const describe = describeOf('Odd');
  const refused = (change: object, reason: RegExp) =>
    assert.throws(
      () => planTable({ ...describe, ...change }),
      (fault) => fault instanceof Fault && fault.code === 'SCH-06' && reason.test(fault.message),
    );
  refused({ queryable: false }, /Odd allows no query\.$/);
  refused({ fields: describe.fields.filter(({ name }) => name !== 'Id') }, /Odd has no Id .*\.$/);
  refused({ name: 'Vote' }, /Vote can only be queried with a filter on .*\.$/);
});

test('all objects that cannot be read are refused at once, each with its reason', () => {
  const described = ['Account', 'Vote', 'Contact', 'Name', 'Ride__b'].map((name) => describeOf(name));
  assert.throws(() => planTables(described), {
    code: 'SCH-06',
    message:
      'Object cannot be mirrored. Vote can only be queried with a filter on one ParentId or one Parent.Type. ' +
      'Name allows no query. Ride__b is a big object, which can only be queried along its index.',
  });
});

test('the tables of a sync have different names, in the order of its objects', () => {
  const plans = planTables(['Contact', 'Size__c', 'SIZE__c'].map((name) => describeOf(name)));
  const [contact, ...sizes] = plans.map(({ table }) => table);
  assert.deepEqual([contact, sizes[0]], ['contact', 'size__c']);
  assert.match(sizes[1] ?? '', /^size__c_[0-9a-f]{8}$/);
});
