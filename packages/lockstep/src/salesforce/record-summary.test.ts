import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import { summarize } from './record-summary.ts';

const page = (records: object[], unstorable: { id: RecordId; text: string }[] = []) => ({
  records: JSON.stringify(records),
  count: records.length,
  last: null,
  lastId: null,
  done: true,
  unstorable,
  nulsRemoved: 0,
});

test('the summary says of each record whether it is deleted and when it was changed', () => {
  const at = '2026-11-24T08:00:00.000+0000';
  const alive = { attributes: { type: 'Account' }, Id: '001000000000001AAA', SystemModstamp: at };
  const gone = { Id: '001000000000002AAA', IsDeleted: true, Name: '"Id":"x"', SystemModstamp: null };
  const time = Date.UTC(2026, 10, 24, 8) / 1000;
  assert.deepEqual(
    summarize(page([{ ...alive, IsDeleted: false }, gone]), 'SystemModstamp'),
    new Map([
      [alive.Id, { isDeleted: false, time }],
      [gone.Id, { isDeleted: true, time: null }],
    ]),
  );
  assert.deepEqual(summarize(page([alive]), null), new Map([[alive.Id, { isDeleted: false, time: null }]]));
});

test('the summary includes records that the mirror cannot store', () => {
  const id = '001000000000003AAA' as RecordId;
  const text = `{"Id":"${id}","IsDeleted":true,"Name":"\\ud800"}`;
  assert.deepEqual(
    summarize(page([], [{ id, text }]), null),
    new Map([[id, { isDeleted: true, time: null }]]),
  );
});
