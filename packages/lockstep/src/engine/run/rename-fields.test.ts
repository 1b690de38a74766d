import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnPlan, FieldChange, Stream } from '../../postgres/index.ts';
import { mayBeRenamed, withRenamed } from './rename-fields.ts';

const column = (field: string, sqlType: ColumnPlan['sqlType'] = 'text'): ColumnPlan => ({
  field,
  column: field.toLowerCase(),
  fieldType: sqlType === 'text' ? 'string' : 'double',
  sqlType,
  byBytes: false,
  formula: false,
  refersTo: [],
  isDetail: false,
});

const nothing: FieldChange = {
  hidden: [],
  leftOut: [],
  returned: [],
  renamed: [],
  added: [],
  retyped: [],
  adjusted: [],
  refilled: [],
  describedFor: '62.0',
  described: { label: 'Boat', fields: [] },
};

const stream = (change: Partial<Stream>): Stream =>
  ({ columns: [], hidden: [], durableIds: new Map(), ...change }) as unknown as Stream;

const mast = stream({ columns: [column('Mast__c')], durableIds: new Map([['Mast__c', 'Boat.1']]) });
const change = { ...nothing, hidden: ['Mast__c'], added: [column('Pole__c')] };

test('a new field with the Id of one that is gone is that field, in its column', () => {
  assert.equal(mayBeRenamed(mast, change), true);
  assert.deepEqual(withRenamed(mast, change, new Map([['Pole__c', 'Boat.1']])), {
    ...nothing,
    renamed: [{ from: 'Mast__c', to: { ...column('Pole__c'), column: 'mast__c' } }],
  });
});

test('a new field with another Id, or with none that is told, is a new field', () => {
  assert.deepEqual(withRenamed(mast, change, new Map([['Pole__c', 'Boat.2']])), change);
  assert.deepEqual(withRenamed(mast, change, new Map()), change);
});

test('nothing is asked if no field is new, or if no Id of those that are gone is known', () => {
  assert.equal(mayBeRenamed(mast, { ...change, added: [] }), false);
  assert.equal(mayBeRenamed(stream({ columns: [column('Mast__c')] }), change), false);
});

test('a field that got its new name while it was hidden is read again', () => {
  const hidden = stream({ hidden: [column('Mast__c')], durableIds: new Map([['Mast__c', 'Boat.1']]) });
  const found = withRenamed(
    hidden,
    { ...nothing, added: [column('Pole__c')] },
    new Map([['Pole__c', 'Boat.1']]),
  );
  assert.deepEqual([found.added, found.returned], [[], ['Pole__c']]);
});

test('a field that gets another name and another kind of type at once gets another column too', () => {
  const retyped = { ...change, added: [column('Pole__c', 'numeric')] };
  const found = withRenamed(mast, retyped, new Map([['Pole__c', 'Boat.1']]));
  assert.deepEqual(
    found.retyped.map(({ field, column: name }) => [field, name]),
    [['Pole__c', 'mast__c']],
  );
});
