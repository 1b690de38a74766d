/** What a table of an object is made of: the plan that is recorded of it, its index, its comments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { describeOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { planTable } from './plan-table.ts';
import { createTable, loadStreams } from './tables.ts';

test('a destination is opened again with the streams that it has recorded', async () => {
  const fields = { Amount__c: 'currency', OwnerId: 'reference User', Order__c: 'detail Order__c' };
  await using harness = await openDestinationHarness({
    streams: ['Account', 'Contact'],
    fields,
  });
  const again = await harness.openAs(harness.holder);
  assert.deepEqual([...again.tables.keys()], ['account', 'contact']);
  const plan = planTable(describeOf('Contact', fields));
  assert.deepEqual(again.tables.get('contact')?.stream, {
    ...plan,
    streamNo: 2,
    schema: 'salesforce',
    planVersion: 1,
    hidden: [],
    leftOut: [],
    replacing: [],
    durableId: null,
    durableIds: new Map(),
    describedFor: null,
    returnedAt: null,
    queryParts: 1,
  });
});

test('the cursor field of a table has an index, and a table without a cursor field has none', async () => {
  await using harness = await openDestinationHarness();
  const describe = describeOf('AccountHistory', { CreatedDate: 'datetime' });
  const without = (...names: string[]) => ({
    ...describe,
    replicateable: false,
    fields: describe.fields.filter(({ name }) => !names.includes(name)),
  });
  const history = planTable(without('SystemModstamp'));
  const status = planTable({ ...without('SystemModstamp', 'CreatedDate'), name: 'CaseStatus' });
  for (const plan of [history, status]) {
    await harness.db.transaction((tx) => createTable(tx, 'salesforce', plan));
  }
  const indexes = await harness.db.query<{ definition: string }>(sql`
    SELECT indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'salesforce' AND tablename IN ('accounthistory', 'casestatus') ORDER BY indexname`);
  assert.deepEqual(
    indexes.map(({ definition }) => / USING .*/.exec(definition)?.[0]),
    [' USING btree (id)', ' USING btree (createddate)', ' USING btree (id)'],
  );
  const streams = await loadStreams(harness.db, 'salesforce');
  assert.deepEqual(
    streams.map(({ sobject, cursorField, replicateable }) => [sobject, cursorField, replicateable]),
    [
      ['Account', 'SystemModstamp', true],
      ['AccountHistory', 'CreatedDate', false],
      ['CaseStatus', null, false],
    ],
  );
});

test('comments say which object and fields they are, what a reference refers to and what a picklist offers', async () => {
  await using harness = await openDestinationHarness();
  const plain = describeOf('Contact', {
    Odd__c: 'string',
    AccountId: 'reference Account',
    Size__c: 'double formula',
    Level__c: 'picklist',
    Region__c: 'picklist',
  });
  const offered: Record<string, readonly string[]> = {
    Level__c: ['High, or higher', 'Low', 'Old'],
    Region__c: Array.from({ length: 120 }, (_, number) => `R${number}`),
  };
  const described = {
    ...plain,
    label: 'Person',
    fields: plain.fields.map((field) => ({
      ...field,
      label: field.name === 'Odd__c' ? `It's "odd" \\ '; DROP TABLE x` : field.name,
      picklistValues: (offered[field.name] ?? []).map((value) => ({ value, active: value !== 'Old' })),
    })),
  };
  const plan = planTable(described);
  await harness.db.transaction((tx) => createTable(tx, 'salesforce', plan, described));
  const comments = await harness.db.query<{ column: string; text: string }>(sql`
    SELECT attname AS column, col_description('salesforce.contact'::regclass, attnum) AS text
      FROM pg_attribute WHERE attrelid = 'salesforce.contact'::regclass AND attnum > 0`);
  const text = Object.fromEntries(comments.map((comment) => [comment.column, comment.text]));
  assert.equal(text.odd__c, `Odd__c (string): It's "odd" \\ '; DROP TABLE x`);
  assert.equal(text.accountid, 'AccountId (reference to Account): AccountId');
  assert.equal(text.size__c, 'Size__c (double, formula): Size__c');
  assert.equal(text.level__c, 'Level__c (picklist): Level__c. Values: High, or higher; Low');
  assert.match(
    text.region__c ?? '',
    /^Region__c \(picklist\): Region__c\. Values: R0; R1; .*; R99; and 20 more$/,
  );
  const [table] = await harness.db.query(
    sql`SELECT obj_description('salesforce.contact'::regclass, 'pg_class') AS text`,
  );
  assert.deepEqual(table, { text: 'Contact (Salesforce object): Person' });
});

test('fields and objects whose names PostgreSQL would take for the same, or for its own words, keep their values', async () => {
  const long = 'A_long_name_of_a_package__And_a_field_of_seventy_characters'.padEnd(72, 'x');
  const names = [
    'Foo__c',
    'FOO__c',
    'ns__Foo__c',
    `${long}1__c`,
    `${long}2__c`,
    'Order',
    'User',
    'Select',
    'Column',
    'Größe__c',
  ];
  const fields = Object.fromEntries(names.map((name) => [name, 'string']));
  const streams = ['Order', 'Group', `${long}1__c`, `${long}2__c`];
  await using harness = await openDestinationHarness({ fields, streams });
  for (const sobject of streams) {
    const values = Object.fromEntries(names.map((name) => [name, `${name} of ${sobject}`]));
    await harness.apply([record(1, values)], { sobject });
  }
  for (const sobject of streams) {
    const [row = {}] = await harness.rows(sobject);
    const shown = Object.values(row).filter((value) => value?.endsWith(` of ${sobject}`));
    assert.deepEqual(
      shown,
      names.map((name) => `${name} of ${sobject}`),
    );
  }
});
