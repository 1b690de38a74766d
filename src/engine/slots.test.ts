import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { absentIds, recordIds, restMs } from './slots.ts';

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

test('a failure lets rest longer each time, up to a minute', () => {
  const fault = new Fault('NET-01', { host: 'acme', reason: 'ECONNRESET' });
  assert.deepEqual(
    [1, 2, 3, 6, 50].map((tries) => restMs(tries, fault)),
    [2_000, 4_000, 8_000, 60_000, 60_000],
  );
});

test('what Salesforce asks to wait counts for more', () => {
  assert.equal(restMs(1, new Fault('LIM-06', { status: 503, waitMs: 120_000 })), 120_000);
});

test('a refused credential is not tried again for an hour', () => {
  assert.equal(restMs(1, new Fault('SF-01', { reason: 'invalid_grant' })), 3_600_000);
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
