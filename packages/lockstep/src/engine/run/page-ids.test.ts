import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { absentIds, leadingIds, recordIds } from './page-ids.ts';

const ids = ['001000000000001AAA', '001000000000002AAA', '001000000000003AAA'] as RecordId[];
const [first, second, third] = ids as [RecordId, RecordId, RecordId];

const page = (change: Partial<Page>): Page => ({
  records: '[]',
  count: 0,
  last: null,
  lastId: null,
  done: true,
  unstorable: [],
  nulsRemoved: 0,
  ...change,
});

test('an Id that was asked for is absent if no record of a complete answer has it', () => {
  const answer = page({
    records: `[{"attributes":{},"Id" : "${first}","Note":"\\"Id\\":\\"${third}\\""}]`,
    unstorable: [{ id: second, text: '{}' }],
    count: 2,
  });
  assert.deepEqual(recordIds(answer), [first, second]);
  assert.deepEqual(absentIds(ids, answer), [third]);
});

test('an answer that was cut short says nothing about the rest', () => {
  assert.deepEqual(absentIds(ids, page({ done: false })), []);
});

/** A page with records of these Ids. */
const pageOf = (...came: readonly RecordId[]) =>
  page({ records: JSON.stringify(came.map((Id) => ({ Id }))), count: came.length, done: false });

for (const [what, came, leading] of [
  ['none has come', [], []],
  ['all have come', [first, second, third], [first, second, third]],
  ['the last one is missing', [first, second], [first, second]],
  ['the first one is missing', [second, third], []],
  ['one in between is missing', [first, third], [first]],
  ['they came in another order', [second, first], [first, second]],
] as const) {
  test(`if ${what}, the leading Ids are those before the first missing one`, () => {
    assert.deepEqual(leadingIds(ids, pageOf(...came)), leading);
  });
}

test('a record that cannot be stored has arrived too, and one that nobody asked for does not count', () => {
  const answer = {
    ...pageOf('001000000000009AAA' as RecordId, first),
    unstorable: [{ id: second, text: '{}' }],
  };
  assert.deepEqual(leadingIds(ids, answer), [first, second]);
});
