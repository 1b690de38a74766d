import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { type RecordId, toRecordId } from '../../core/ids.ts';
import { middleId } from './id-middle.ts';

const id = (short: string): RecordId => {
  const long = toRecordId(short);
  assert.ok(long);
  return long;
};
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digit = fc.constantFrom(...digits.split(''));
const shortId = fc.array(digit, { minLength: 15, maxLength: 15 }).map((chosen) => chosen.join(''));

test('the middle of two Ids is an Id between them', () => {
  assert.equal(middleId(id('001000000000000'), id('001000000000004')), id('001000000000002'));
  assert.equal(middleId(id('001000000000000'), id('001000000000100')), id('0010000000000V0'));
  assert.equal(middleId(id('0010000000000zz'), id('001000000000102')), id('001000000000100'));
});

test('between neighbours there is none, and none between an Id and itself', () => {
  assert.equal(middleId(id('001000000000000'), id('001000000000001')), null);
  assert.equal(middleId(id('00100000000000z'), id('001000000000010')), null);
  assert.equal(middleId(id('001000000000000'), id('001000000000000')), null);
});

test('it is greater than the one and less than the other, by bytes, with the checksum of its letters', () => {
  assertProperty(
    fc.property(shortId, shortId, (one, other) => {
      const [from = '', to = ''] = [one, other].toSorted(byBytes);
      const middle = middleId(id(from), id(to));
      if (middle === null) return;
      assert.ok(byBytes(from, middle.slice(0, 15)) < 0 && byBytes(middle.slice(0, 15), to) < 0);
      assert.equal(middle, id(middle.slice(0, 15)));
    }),
  );
});

test('halving again and again reaches every Id in at most ninety steps', () => {
  const [from, target] = [id('001000000000000'), id('001000000Zz0aQ7')];
  let [low, high] = [from, id('001zzzzzzzzzzzz')];
  let steps = 0;
  for (let middle = middleId(low, high); middle !== null; middle = middleId(low, high)) {
    if (byBytes(middle, target) < 0) low = middle;
    else high = middle;
    steps++;
  }
  assert.equal(high, target);
  assert.ok(steps <= 90);
});

test('two Ids have the same middle in either order, because Salesforce may order them otherwise', () => {
  assert.equal(middleId(id('001000000000004'), id('001000000000000')), id('001000000000002'));
});
