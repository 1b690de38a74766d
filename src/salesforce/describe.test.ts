import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSObject, listSObjects, nearNames } from './describe.ts';
import { openScriptedOrg } from './scripted-org.ts';

const signal = new AbortController().signal;
const account = { name: 'Account', label: 'Account', custom: false, queryable: true };
const idField = { name: 'Id', label: 'Account ID', type: 'id', calculated: false };
const newField = { name: 'New', label: 'New', type: 'hologram', calculated: true };

test('objects and fields are read by the members that the mirror needs, whatever else there is', async () => {
  await using org = await openScriptedOrg(({ path }) => ({
    body: JSON.stringify(
      path.endsWith('/describe')
        ? { ...account, childRelationships: [], fields: [{ ...idField, length: 18 }, newField] }
        : { encoding: 'UTF-8', sobjects: [{ ...account, keyPrefix: null }] },
    ),
  }));
  const salesforce = org.open();

  assert.deepEqual(await listSObjects(salesforce, signal), [account]);
  assert.deepEqual(await describeSObject(salesforce, 'Account', signal), {
    ...account,
    fields: [idField, newField],
  });
  const paths = org.received.slice(1).map(({ path }) => path);
  assert.deepEqual(paths, [
    '/services/data/v62.0/sobjects',
    '/services/data/v62.0/sobjects/Account/describe',
  ]);
});

test('a description of another form is refused by its place, not by its content', async () => {
  await using org = await openScriptedOrg(() => ({
    body: JSON.stringify({ ...account, fields: [idField, { ...newField, type: { secret: 'Canary' } }] }),
  }));
  await assert.rejects(
    describeSObject(org.open(), 'Account', signal),
    (error: Error & { safe?: unknown }) => {
      assert.deepEqual(error.safe, { stream: 'Account', where: 'fields.1.type' });
      assert(!error.message.includes('Canary'));
      return true;
    },
  );
  org.answer = () => ({ body: '{"name":"Acc' });
  await assert.rejects(describeSObject(org.open(), 'Account', signal), { code: 'DATA-03' });
});

test('an object that the user cannot see is refused by name, and a name cannot leave its place in the path', async () => {
  const body = '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]';
  await using org = await openScriptedOrg(() => ({ status: 404, body }));
  await assert.rejects(describeSObject(org.open(), '../query?q=x', signal), { code: 'PERM-02' });
  assert.equal(org.received[1]?.path, '/services/data/v62.0/sobjects/..%2Fquery%3Fq%3Dx/describe');
});

test('near names are those that somebody may have meant, the nearest first', () => {
  const names = [
    'Account',
    'AccountTag',
    'Contact',
    'Invoice__c',
    'Invoices__c',
    'Opportunity',
    'Case',
    'User',
  ];
  assert.deepEqual(nearNames('account', names), ['Account']);
  assert.deepEqual(nearNames('Invoice', names), ['Invoice__c', 'Invoices__c']);
  assert.deepEqual(nearNames('Oportunty__c', names), ['Opportunity']);
  assert.deepEqual(nearNames('Cse', names), ['Case']);
  assert.deepEqual(nearNames('Whatever', names), []);
  assert.deepEqual(nearNames('', names), []);
});
