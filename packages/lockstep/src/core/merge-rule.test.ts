import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, decidePartial, type Fence, type Reading, stampSlackSeconds } from './merge-rule.ts';

const fence = (values: Partial<Fence> = {}): Fence => ({
  lo: 10,
  hi: 20,
  stamp: 1000,
  deleted: false,
  partial: false,
  ...values,
});
/** Overlaps the fence and has the same stamp. */
const reading = (values: Partial<Reading> = {}): Reading => ({
  lo: 15,
  hi: 25,
  stamp: 1000,
  deleted: false,
  ...values,
});
const different = false;
const same = true;

test('a record without a fence is stored', () => {
  assert.equal(decide(reading({ stamp: 1 }), null, different), 'store');
  assert.equal(decide(reading(), null, same), 'store');
});

test('a reading that began after the stored one ended is stored, whatever its stamp says', () => {
  assert.equal(decide(reading({ lo: 20, stamp: 1 }), fence(), different), 'store');
  assert.equal(decide(reading({ lo: 20 }), fence({ partial: true }), same), 'store');
  assert.equal(decide(reading({ lo: 20, stamp: null, deleted: true }), fence(), different), 'store');
  assert.notEqual(decide(reading({ lo: 19, stamp: 1 }), fence(), different), 'store');
});

test('a reading that ended before the stored one began is stale, even with a newer stamp', () => {
  assert.equal(decide(reading({ lo: 5, hi: 10, stamp: 9999 }), fence(), different), 'stale');
  assert.equal(decide(reading({ lo: 5, hi: 10 }), fence(), same), 'stale');
  assert.equal(decide(reading({ lo: 5, hi: 11, stamp: 9999 }), fence(), different), 'store');
});

test('an overlapping reading with a stamp newer than the slack is stored', () => {
  const beyond = 1000 + stampSlackSeconds + 1;
  assert.equal(decide(reading({ stamp: beyond }), fence(), different), 'store');
  assert.equal(decide(reading({ stamp: beyond }), fence(), same), 'store');
  assert.equal(decide(reading({ stamp: beyond }), fence({ partial: true }), different), 'store');
});

test('an overlapping reading with the same content changes nothing', () => {
  for (const stamp of [1, 1000 - stampSlackSeconds, 1000, 1000 + stampSlackSeconds, null]) {
    assert.equal(decide(reading({ stamp }), fence(), same), 'nothing');
    assert.equal(decide(reading({ stamp }), fence({ partial: true }), same), 'nothing');
  }
});

test('an overlapping reading with a stamp older than the slack is stale', () => {
  assert.equal(decide(reading({ stamp: 1000 - stampSlackSeconds - 1 }), fence(), different), 'stale');
});

test('a record is read again if an overlapping reading has a stamp within the slack and other content', () => {
  for (let apart = -stampSlackSeconds; apart <= stampSlackSeconds; apart++) {
    assert.equal(decide(reading({ stamp: 1000 + apart }), fence(), different), 'dirty');
  }
});

test('a record is read again if readings overlap and either has no stamp', () => {
  assert.equal(decide(reading({ stamp: null, deleted: true }), fence(), different), 'dirty');
  assert.equal(decide(reading({ stamp: 9999 }), fence({ stamp: null, deleted: true }), different), 'dirty');
  assert.equal(decide(reading({ stamp: 1 }), fence({ stamp: null, deleted: true }), different), 'dirty');
});

test('a patched row never drops a reading as stale: the record is read again', () => {
  const patched = fence({ partial: true });
  assert.equal(decide(reading({ lo: 5, hi: 10 }), patched, different), 'dirty');
  assert.equal(decide(reading({ stamp: 1 }), patched, different), 'dirty');
});

/** Began after every stored reading, and has the stamp of the row, whose second is not settled yet. */
const part = (values: object = {}) => ({
  lo: 20,
  hi: 25,
  stamp: 1000,
  isAbsent: false,
  settledUntil: 1000,
  ...values,
});
const row = { stamp: 1000 };

test('a reading of some columns patches a row with its stamp once every change of that second is in the mirror', () => {
  assert.equal(decidePartial(part({ settledUntil: 1001 }), fence(), row, different), 'store');
  assert.equal(decidePartial(part({ stamp: null }), null, { stamp: null }, different), 'store');
});

test('before that the row may lack another change of the same second, so the record is read in full', () => {
  assert.equal(decidePartial(part(), fence(), row, different), 'dirty');
  assert.equal(decidePartial(part(), null, row, different), 'dirty');
  assert.equal(decidePartial(part(), null, row, same), 'store');
});

test('a record is read in full if a reading of some columns finds it changed, new or absent', () => {
  const settled = { settledUntil: 2000 };
  assert.equal(decidePartial(part({ ...settled, stamp: 1001 }), null, row, different), 'dirty');
  assert.equal(decidePartial(part(settled), null, null, different), 'dirty');
  assert.equal(decidePartial(part({ ...settled, isAbsent: true }), null, row, different), 'dirty');
  assert.equal(decidePartial(part({ ...settled, isAbsent: true }), null, null, different), 'nothing');
});

test('a reading of some columns is stale before a newer reading, and where one overlaps the record is read again', () => {
  const settled = { settledUntil: 2000 };
  assert.equal(decidePartial(part({ ...settled, lo: 5, hi: 10 }), fence(), row, different), 'stale');
  assert.equal(decidePartial(part({ ...settled, lo: 15 }), fence(), row, different), 'dirty');
  assert.equal(decidePartial(part({ ...settled, lo: 15 }), fence(), row, same), 'nothing');
});
