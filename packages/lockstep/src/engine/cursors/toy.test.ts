/** A new kind of cursor that is read by queries of a composite needs a module and an entry in the list, nothing else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pageWith } from '@lockstep/harness/page';
import { cursorAt, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import { nextRequest } from '../plan/next-request.ts';
import { slotQuery, slotStep } from '../plan/slots.ts';
import { advanceCursor } from '../run/sync-state.ts';
import { cursors, startPositions } from './index.ts';
import { byId } from './queries.ts';
import type { CursorKind, ReadingKind } from './reading.ts';

interface ToyPosition {
  pages: number;
}

declare module '../run/sync-state.ts' {
  interface Positions {
    toy?: ToyPosition;
  }
}

const reading: ReadingKind = {
  kind: 'toy',
  activity: 'content',
  purpose: 'reconcile',
  shape: () => 'full',
  query: (asked) => byId(asked, 'Toy__c = true'),
  step({ stream }) {
    const pages = (stream.cursors.toy?.position?.pages ?? 0) + 1;
    const { move, stream: after } = advanceCursor(stream, 'toy', { pages });
    return { moves: [move], after };
  },
  add: (slots, { index }, count) => slots.addChain('toy', index, count),
  due: ({ cursors: { toy } }) => (toy?.position?.pages === 0 ? { pace: 'now', isWanted: true } : null),
};

const toy: CursorKind = { kind: 'toy', start: () => ({ pages: 0 }), readings: [reading] };
const list = cursors as CursorKind[];
list.push(toy);
after(() => list.pop());

test('a kind of cursor begins, is due, is queried and moves as its module says', () => {
  const begun = startPositions(streamState(1).table.stream, serverNow);
  assert.deepEqual(begun.toy, { pages: 0 });

  const own = { toy: cursorAt({ pages: 0 }) };
  const state = syncState([streamState(1, { cursors: own })]);
  const next = nextRequest(state, 100_000);
  assert(next.kind === 'composite');
  const slot = next.slots.find(({ kind }) => kind === 'toy');
  assert(slot, 'it is due, and somebody waits for it');

  const query = slotQuery(state, { slot });
  assert.match(query.soql, /WHERE Toy__c = true ORDER BY Id LIMIT 2000$/);
  const times = { sentAt: 100_000, answeredAt: serverNow };
  const { moves, after: stepped } = slotStep(state, { slot }, query, pageWith(0), times);
  assert.deepEqual(moves, [{ kind: 'toy', version: 1, to: { pages: 1 } }]);
  assert.deepEqual(stepped.cursors.toy?.position, { pages: 1 });
});
