import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import { selectRecords, soqlIdOf, soqlIds, soqlString } from './soql.ts';

test('the clauses of a query come in the order that SOQL requires', () => {
  assert.equal(selectRecords({ fields: ['Id', 'Name'], sobject: 'Account' }), 'SELECT Id, Name FROM Account');
  assert.equal(
    selectRecords({
      fields: ['Id'],
      sobject: 'A__c',
      where: `Id > ${soqlIdOf(0, 1999)}`,
      orderBy: 'Id',
      limit: 2000,
    }),
    "SELECT Id FROM A__c WHERE Id > '@{q0.records[1999].Id}' ORDER BY Id LIMIT 2000",
  );
});

test('only API names get into a query', () => {
  for (const name of ['', 'Name FROM User', "Na'me", 'a.b', 'x'.repeat(81)]) {
    assert.throws(() => selectRecords({ fields: ['Id', name], sobject: 'Account' }));
    assert.throws(() => selectRecords({ fields: ['Id'], sobject: name }));
  }
});

test('a literal ends only at its own quote', () => {
  assert.equal(soqlString("O'Neil \\' OR 1\n\r\t"), String.raw`'O\'Neil \\\' OR 1\n\r\t'`);
});

test('a list of Ids contains nothing but Ids', () => {
  const id = '001000000000001AAA' as RecordId;
  assert.equal(soqlIds([id, id]), `('${id}','${id}')`);
  assert.throws(() => soqlIds([id, "x') OR (Id != '" as RecordId]));
  assert.throws(() => soqlIds([]));
});
