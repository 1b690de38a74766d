import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearNames } from './near-names.ts';

test('similar names that may have been meant are suggested, the nearest first', () => {
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
