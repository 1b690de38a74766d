import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { absentIds, recordIds } from './page-ids.ts';

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

test('Ids that were asked for and are in no record of a complete answer are absent', () => {
  const answer = page({
    records: `[{"attributes":{},"Id" : "${first}","Note":"\\"Id\\":\\"${third}\\""}]`,
    unstorable: [{ id: second, text: '{}' }],
    count: 2,
  });
  assert.deepEqual(recordIds(answer), [first, second]);
  assert.deepEqual(absentIds(ids, answer), [third]);
});

test('an answer that was cut short says nothing of the rest', () => {
  assert.deepEqual(absentIds(ids, page({ done: false })), []);
});
