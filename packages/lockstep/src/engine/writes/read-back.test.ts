import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../../core/ids.ts';
import { groupsOf, type WaitingRecord } from './read-back.ts';

const options = { notBefore: 0, deadlineAt: 0, isSuspect: false, applyMs: 0 };
const byId = (sobject: string, number: number, isSuspect = false): WaitingRecord => ({
  ...options,
  isSuspect,
  record: { sobject, id: `001${String(number).padStart(12, '0')}AAA` as RecordId, deleted: false },
});
const byKey = (value: string): WaitingRecord => ({
  ...options,
  record: { sobject: 'account', externalId: { field: 'Key__c', value }, deleted: false },
});
const sizes = (waiting: readonly WaitingRecord[]) => {
  const { groups, left } = groupsOf(waiting);
  return { groups: groups.map(({ sobject, ids }) => [sobject, ids.size]), left: left.length };
};

test('records of one object share a query, and two writes of one record share its Id', () => {
  const waiting = [byId('account', 1), byId('contact', 2), byId('account', 3), byId('account', 1)];
  assert.deepEqual(sizes(waiting), {
    groups: [
      ['account', 2],
      ['contact', 1],
    ],
    left: 0,
  });
  assert.equal(groupsOf(waiting).groups[0]?.waiting.length, 3);
});

test('a query asks for 200 records at most, and a request has five queries; the rest waits', () => {
  const many = Array.from({ length: 1_001 }, (_, number) => byId('account', number));
  assert.deepEqual(sizes(many), { groups: Array.from({ length: 5 }, () => ['account', 200]), left: 1 });
});

test('a record that is known by its external id has a query of its own', () => {
  assert.deepEqual(sizes([byKey('a'), byKey('b'), byId('account', 1)]), {
    groups: [
      ['account', 0],
      ['account', 0],
      ['account', 1],
    ],
    left: 0,
  });
});

test('a record whose reading was too old is no longer read together with others', () => {
  const { groups } = groupsOf([byId('account', 1, true), byId('account', 2), byId('account', 3, true)]);
  assert.deepEqual(
    groups.map(({ ids }) => ids.size),
    [2, 1],
  );
});
