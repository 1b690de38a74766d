import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseId, recordId, withCheck } from './ids.ts';

test('the three check characters encode which letters are capitals', () => {
  // Ids from published answers of real orgs.
  assert.equal(withCheck('001i000002C8QTI'), '001i000002C8QTIAA3');
  assert.equal(withCheck('005i0000000nZmo'), '005i0000000nZmoAAE');
  assert.equal(withCheck('0035500001H9ka4'), '0035500001H9ka4AAB');
});

test('an Id is accepted in both lengths, and nothing else is', () => {
  assert.equal(parseId('001i000002C8QTI'), '001i000002C8QTIAA3');
  assert.equal(parseId('001i000002C8QTIAA3'), '001i000002C8QTIAA3');
  for (const text of [
    '',
    '001',
    '001i000002C8QTI!',
    '001i000002C8QTIAA',
    '001i000002C8QTIAa3',
    "001i000002C8Q'--",
  ]) {
    assert.equal(parseId(text), undefined, text);
  }
});

test('record numbers count in base 62 and sort like their Ids', () => {
  const ids = [1, 9, 10, 35, 36, 61, 62, 3843, 3844, 62 ** 8].map((number) => recordId('001', number));
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(ids[0]?.slice(0, 15), '001Hp0000000001');
  assert.equal(ids[6]?.slice(0, 15), '001Hp0000000010');
});
