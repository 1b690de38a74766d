import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageWith } from '@lockstep/harness/page';
import { cursorAt, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import type { RecordId } from '../../core/ids.ts';
import type { Stream } from '../../postgres/index.ts';
import { nextRequest } from '../plan/next-request.ts';
import { slotQuery } from '../plan/slots.ts';
import type { StreamState } from '../run/sync-state.ts';
import { type ParentsPosition, parentsAfter, parentsOf } from './by-parents.ts';
import { newParents, withNewParents } from './new-parents.ts';

const ids = (count: number) => Array.from({ length: count }, (_, nth) => `069${nth}` as RecordId);
const asked = { field: 'ContentDocumentId', at: 'a', to: 'b' };
const from = (size: number, more: Partial<ParentsPosition<string>> = {}) => ({ at: 'a', size, ...more });

test('a whole answer moves on, and one with few records lets more parents be asked for', () => {
  assert.deepEqual(parentsAfter(from(200), asked, ids(200), pageWith(600)), { at: 'b', size: 200 });
  assert.deepEqual(parentsAfter(from(200), asked, ids(200), pageWith(20)), { at: 'b', size: 400 });
  assert.deepEqual(parentsAfter(from(1_500), asked, ids(1_500), pageWith(20)), { at: 'b', size: 2_000 });
  assert.deepEqual(parentsAfter(from(200), asked, ids(3), pageWith(20)), { at: 'b', size: 200 });
  assert.equal(parentsAfter(from(200), { ...asked, to: null }, ids(200), pageWith(20)), 'ended');
});

test('after an answer that was cut short fewer parents are asked for, from the same place', () => {
  const cut = { ...pageWith(2_000), done: false };
  assert.deepEqual(parentsAfter(from(200), asked, ids(200), cut), { at: 'a', size: 50 });
  assert.deepEqual(parentsAfter(from(2), asked, ids(2), cut), { at: 'a', size: 1 });
});

test('of a single parent with more records than an answer the rest is read, and then the next parents', () => {
  const cut = { ...pageWith(2_000), done: false, next: 'query/0r8000000000001AAA-2000' };
  const position = parentsAfter(from(1), asked, ids(1), cut);
  const rest = { parent: '0690', path: cut.next };
  assert.deepEqual(position, { at: 'a', size: 1, rest });
  const last = { ...asked, rest: cut.next };
  assert.deepEqual(
    parentsAfter(from(1, { rest: { ...rest, parent: ids(1)[0] as RecordId } }), last, ids(1), pageWith(300)),
    {
      at: 'b',
      size: 1,
    },
  );
});

test('an answer after one that was cut short in the same request does not move on', () => {
  assert.equal(parentsAfter(from(50), { ...asked, at: 'b', to: 'c' }, ids(200), pageWith(20)), null);
});

/** ContentDocumentLink as a stream whose links can refer to Object1 and Object2. */
function linksOf(change: Partial<StreamState> = {}): StreamState {
  const stream = streamState(3, change);
  const column = { ...(stream.table.stream.columns[0] as Stream['columns'][number]), isDetail: false };
  const links: Partial<Stream> = {
    ...stream.table.stream,
    sobject: 'ContentDocumentLink',
    cursorField: null,
    columns: [
      column,
      { ...column, field: 'ContentDocumentId', column: 'contentdocumentid', refersTo: ['Object1'] },
      { ...column, field: 'LinkedEntityId', column: 'linkedentityid', refersTo: ['Object2', 'Object9'] },
    ],
  };
  const { table } = stream;
  const noPoll = { head: null, recheck: null, counts: null, deleted: null };
  return {
    ...stream,
    table: { ...table, stream: { ...table.stream, ...links } },
    cursors: { ...stream.cursors, ...noPoll, parents: startOf(), ...change.cursors },
  };
}

const startOf = () =>
  cursorAt(newParents.start({ sobject: 'ContentDocumentLink' } as Stream, serverNow) as never);

test('its parents are the mirrored objects of its fields, those of the first field first', () => {
  const [files, records, others] = [streamState(1), streamState(2), streamState(4)];
  const parents = parentsOf(linksOf(), [others, records, files, linksOf()]);
  assert.deepEqual(
    parents.map(({ key }) => key),
    ['ContentDocumentId Object1', 'LinkedEntityId Object2'],
  );
});

const kindsOf = (state: ReturnType<typeof syncState>) => {
  const next = nextRequest(state, 100_000);
  assert(next.kind === 'composite');
  return next.slots.filter(({ index }) => index === 2).map(({ kind }) => kind);
};

test('a backfill by parents waits for the backfill of the parents', () => {
  const copied = { cursors: { ...linksOf().cursors, backfill: cursorAt({ after: null }) } };
  const files = streamState(1, { cursors: { backfill: cursorAt({ after: null }) } });
  assert.deepEqual(kindsOf(syncState([files, streamState(2), linksOf(copied)])), []);
  const kinds = kindsOf(syncState([streamState(1), streamState(2), linksOf(copied)]));
  assert.deepEqual(new Set(kinds), new Set(['backfill']));
});

test('new parents are looked up after a poll has brought some, and settled ones once a minute', () => {
  const atRest = [streamState(1), streamState(2), linksOf()];
  assert.deepEqual(kindsOf(syncState(atRest)), []);
  const changed = withNewParents(atRest, atRest[0] as StreamState);
  assert.deepEqual(kindsOf(syncState([...changed])), ['new parents']);
  assert.equal(withNewParents(atRest, atRest[1] as StreamState)[2], atRest[2], 'not by another field');

  const recheck = cursorAt({ at: serverNow - 840, pass: null });
  const settled = [streamState(1, { cursors: { recheck } }), streamState(2), linksOf()];
  assert.deepEqual(kindsOf(syncState(settled)), ['settled parents']);
});

test('its query names only the parents, without a limit or any other condition', () => {
  const state = syncState([streamState(1), streamState(2), linksOf({ newParents: 1 })]);
  const parents = { ...asked, at: null, to: null };
  const [first] = ['069Hp00000000001AA'] as RecordId[];
  const { soql, includeDeleted } = slotQuery(state, {
    slot: { kind: 'new parents', index: 2 },
    ids: [first as RecordId],
    parents,
  });
  assert.equal(
    soql,
    "SELECT Id, ContentDocumentId, LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId IN ('069Hp00000000001AA')",
  );
  assert.equal(includeDeleted, false);
});
