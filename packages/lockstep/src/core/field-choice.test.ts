import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldChoiceKey, isLeftOut, unfitPattern, withoutLeftOut } from './field-choice.ts';

test('a pattern names fields of one object or of all, in any letter case', () => {
  const leftOut = ['account.description', '*.Secret__c', 'Case.*_Internal__c'];
  assert.ok(isLeftOut(leftOut, 'Account', 'Description'));
  assert.ok(isLeftOut(leftOut, 'Lead', 'secret__c'));
  assert.ok(isLeftOut(leftOut, 'Case', 'Note_Internal__c'));
  assert.ok(!isLeftOut(leftOut, 'Contact', 'Description'));
  assert.ok(!isLeftOut(leftOut, 'Lead', 'Secret__cc'));
  assert.ok(!isLeftOut(leftOut, 'Case', 'Internal__c'));
});

test('what a sync needs to follow a record stays, whatever the pattern', () => {
  const fields = ['Id', 'Name', 'IsDeleted', 'SystemModstamp', 'LastModifiedDate', 'CreatedDate'].map(
    (name) => ({
      name,
    }),
  ) as never[];
  const kept = withoutLeftOut({ name: 'Account', fields }, ['*.*']).fields as { name: string }[];
  assert.deepEqual(
    kept.map(({ name }) => name),
    ['Id', 'IsDeleted', 'SystemModstamp', 'LastModifiedDate', 'CreatedDate'],
  );
});

test('a text that names no field, or one that is needed, is refused with the reason', () => {
  for (const text of ['', 'Account', 'Account.', '.Name', 'Account.Name.Id', 'a b.c', 'Account.(x+)+$'])
    assert.match(unfitPattern(text) ?? '', /is not OBJECT\.FIELD/, text);
  assert.match(unfitPattern('Account.id') ?? '', /cannot be left out/);
  assert.match(unfitPattern('*.SystemModstamp') ?? '', /cannot be left out/);
  assert.equal(unfitPattern('*.*'), null);
});

test('the order and the letter case of the patterns make no difference, the version does', () => {
  const key = (leftOut: string[], apiVersion = '62.0') => fieldChoiceKey({ leftOut, apiVersion });
  assert.equal(key(['A.b', 'C.d']), key(['c.D', 'a.B']));
  assert.notEqual(key(['A.b']), key(['A.b'], '63.0'));
});
