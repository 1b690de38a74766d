import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorAt, streamState, syncState } from '@lockstep/harness/sync-state';
import type { Stream } from '../../postgres/index.ts';
import { nextRequest } from '../plan/next-request.ts';
import type { StreamState } from '../run/sync-state.ts';
import { canSplit, idsThatFit, selectInFull, selectNotDeleted } from './queries.ts';
import { slotsMax } from './reading.ts';

const names = ['Id', 'SystemModstamp', 'A__c', 'B__c', 'C__c', 'IsDeleted'];

function wideStream(queryParts: number, fields = names): StreamState {
  const stream = streamState(1);
  const [column] = stream.table.stream.columns;
  const columns = fields.map((field) => ({ ...column, field })) as Stream['columns'];
  return { ...stream, table: { ...stream.table, stream: { ...stream.table.stream, columns, queryParts } } };
}

const fieldsOf = (soql: string | undefined) => /^SELECT (.*) FROM/.exec(soql ?? '')?.[1];

test('the parts of a query select each field once, and what tells records apart in each part', () => {
  const { soql, parts } = selectInFull(wideStream(2).table.stream, "Id > 'x'", { orderBy: 'Id', limit: 9 });
  assert.deepEqual(
    [soql, ...(parts ?? [])],
    [
      "SELECT Id, SystemModstamp, IsDeleted, A__c, B__c FROM Object1 WHERE Id > 'x' ORDER BY Id LIMIT 9",
      "SELECT Id, SystemModstamp, IsDeleted, C__c FROM Object1 WHERE Id > 'x' ORDER BY Id LIMIT 9",
    ],
  );
  const { parts: three = [] } = selectInFull(wideStream(3).table.stream, undefined);
  assert.deepEqual(three.map(fieldsOf), [
    'Id, SystemModstamp, IsDeleted, B__c',
    'Id, SystemModstamp, IsDeleted, C__c',
  ]);
});

test('a query of few fields is one, however many parts the others have', () => {
  const sweep = selectNotDeleted(wideStream(2).table.stream, undefined, {}, ['Id', 'SystemModstamp']);
  assert.deepEqual([fieldsOf(sweep.soql), sweep.parts], ['Id, SystemModstamp', undefined]);
  assert.equal(selectInFull(wideStream(1).table.stream, undefined).parts, undefined);
});

test('only an object with a stamp is read in parts, and only in some', () => {
  assert.equal(canSplit(wideStream(1).table.stream), true);
  assert.equal(canSplit(wideStream(4).table.stream), false);
  assert.equal(canSplit(wideStream(1, ['Id', 'A__c']).table.stream), false);
});

test('a query by Ids stays below 100,000 characters', () => {
  const wide = Array.from({ length: 900 }, (_, nth) => `${nth}`.padEnd(60, 'x'));
  const count = idsThatFit(wide);
  const characters = `SELECT ${wide.join(', ')} FROM Object1 WHERE Id IN ()`.length + count * 21;
  assert.ok(count > 1_000 && characters < 100_000, `${count} Ids, ${characters} characters`);
  assert.ok(idsThatFit(names) > 2_000);
});

test('an object that is read in parts gets requests of its own, with no more queries than a request takes', () => {
  const own = wideStream(2);
  const due = {
    ...own,
    cursors: { ...own.cursors, backfill: cursorAt({ after: null }) },
    marked: { isPriority: true, oldest: 1 },
  };
  const next = nextRequest(syncState([{ ...due, polledAt: -1 }, streamState(2, { polledAt: 1 })]), 100_000);
  assert(next.kind === 'composite');
  assert.deepEqual([next.isSeparate, new Set(next.slots.map(({ index }) => index))], [true, new Set([0])]);
  assert.ok(next.slots.length * 2 <= slotsMax && next.slots.length > 0);
});
