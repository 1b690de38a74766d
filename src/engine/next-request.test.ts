import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import type { StreamTable } from '../postgres/index.ts';
import { nextRequest, type Slot } from './next-request.ts';
import type { StreamState, SyncState } from './sync-state.ts';

const serverNow = Date.UTC(2026, 10, 24) / 1000;

const stream = (streamNo: number, change: Partial<StreamState> = {}): StreamState => ({
  table: { stream: { streamNo, sobject: `Object${streamNo}` } } as StreamTable,
  head: { position: { at: serverNow, overlapSeconds: 2, pass: null }, version: 1 },
  tail: { position: { at: serverNow - 900, pass: null }, version: 1 },
  backfill: null,
  polledAt: 0,
  isUrgent: false,
  trouble: null,
  stoppedBy: null,
  ...change,
});

const copying = { position: { after: null }, version: 1 };

const sync = (streams: StreamState[], change: Partial<SyncState> = {}): SyncState => ({
  streams,
  dirty: [],
  serverNow,
  budget: { intervalMs: 3_000, sentAt: [] },
  pageRows: 2_000,
  trouble: null,
  ...change,
});

const slotsOf = (state: SyncState, now = 100_000): readonly Slot[] => {
  const next = nextRequest(state, now);
  assert.equal(next.kind, 'ask');
  return next.kind === 'ask' ? next.slots : [];
};

const kinds = (slots: readonly Slot[]) => slots.map(({ kind, index }) => `${kind} ${index}`);

test('up to five streams are polled in one request', () => {
  assert.deepEqual(kinds(slotsOf(sync([1, 2, 3, 4, 5].map((n) => stream(n))))), [
    'head 0',
    'head 1',
    'head 2',
    'head 3',
    'head 4',
  ]);
});

test('with more streams they take turns, so that none waits longer than a round', () => {
  const streamCount = 12;
  let state = sync(Array.from({ length: streamCount }, (_, n) => stream(n + 1)));
  const lastTurn = Array.from({ length: streamCount }, () => -1);
  for (let turn = 0; turn < 24; turn++) {
    for (const { index } of slotsOf(state, 100_000 + turn)) {
      assert.ok(turn - (lastTurn[index] ?? 0) <= Math.ceil(streamCount / 5));
      lastTurn[index] = turn;
      const polled = { ...(state.streams[index] as StreamState), polledAt: 100_000 + turn };
      state = { ...state, streams: state.streams.with(index, polled) };
    }
  }
});

test('first copies get what the poll leaves, several pages of one stream in a chain', () => {
  const slots = slotsOf(sync([stream(1, { backfill: copying })]));
  assert.deepEqual(kinds(slots), ['head 0', 'backfill 0', 'backfill 0', 'backfill 0', 'backfill 0']);
  assert.deepEqual(
    slots.map((slot) => (slot.kind === 'backfill' ? slot.chainedTo : undefined)),
    [undefined, null, 1, 2, 3],
  );
});

test('while many streams are copied the poll keeps two slots', () => {
  const slots = slotsOf(sync([1, 2, 3, 4].map((n) => stream(n, { backfill: copying }))));
  assert.deepEqual(kinds(slots), ['head 0', 'head 1', 'backfill 0', 'backfill 1', 'backfill 2']);
});

test('records to be read again come first, in one slot a stream', () => {
  const ids = ['001000000000001AAA', '001000000000002AAA'] as RecordId[];
  const dirty = ids.map((id) => ({ streamNo: 2, id, isUrgent: false }));
  const slots = slotsOf(sync([stream(1), stream(2)], { dirty }));
  assert.deepEqual(slots[0], { kind: 're-read', index: 1, ids });
  assert.deepEqual(kinds(slots.slice(1)), ['head 0', 'head 1']);
});

test('a tail that is due gets a slot, even when five heads would fill the request', () => {
  const due = { position: { at: serverNow - 1_000, pass: null }, version: 1 };
  const slots = slotsOf(sync([1, 2, 3, 4, 5, 6].map((n) => stream(n, n === 6 ? { tail: due } : {}))));
  assert.equal(slots.filter(({ kind }) => kind === 'head').length, 4);
  assert.deepEqual(kinds(slots).at(-1), 'tail 5');
});

test('the next request waits for the budget, and an urgent one for a third of the interval', () => {
  const budget = { intervalMs: 3_000, sentAt: [99_000] };
  assert.deepEqual(nextRequest(sync([stream(1)], { budget }), 99_100), { kind: 'wait', until: 102_000 });
  const urgent = sync([stream(1, { isUrgent: true })], { budget });
  assert.deepEqual(nextRequest(urgent, 99_100), { kind: 'wait', until: 100_000 });
});

test('an urgent stream is polled before those that have waited longer', () => {
  const streams = [1, 2, 3, 4, 5, 6, 7].map((n) => stream(n, { polledAt: n }));
  const state = sync(streams.with(6, stream(7, { polledAt: 50, isUrgent: true })));
  assert.equal(kinds(slotsOf(state))[0], 'head 6');
});

test('a stream in trouble rests while the others go on, and then goes alone', () => {
  const streams = [stream(1, { trouble: { restsUntil: 200_000, tries: 1 } }), stream(2, { polledAt: 1 })];
  assert.deepEqual(kinds(slotsOf(sync(streams), 100_000)), ['head 1']);
  assert.deepEqual(kinds(slotsOf(sync(streams), 200_000)), ['head 0']);
});

test('while first copies run and tails are due, every head is asked within a round', () => {
  for (const streamCount of [3, 5, 6]) {
    const due = { position: { at: serverNow - 2_000, pass: null }, version: 1 };
    let state = sync(
      Array.from({ length: streamCount }, (_, n) => stream(n + 1, { backfill: copying, tail: due })),
    );
    const lastTurn = Array.from({ length: streamCount }, () => -1);
    for (let turn = 0; turn < 40; turn++) {
      for (const { kind, index } of slotsOf(state, 100_000 + turn)) {
        if (kind !== 'head') continue;
        lastTurn[index] = turn;
        const polled = { ...(state.streams[index] as StreamState), polledAt: 100_000 + turn };
        state = { ...state, streams: state.streams.with(index, polled) };
      }
      for (const last of lastTurn)
        assert.ok(turn - last <= streamCount, `${streamCount} streams, turn ${turn}`);
    }
  }
});

test('a mark of a stopped stream makes nothing urgent', () => {
  const dirty = [{ streamNo: 1, id: '001000000000001AAA' as RecordId, isUrgent: true }];
  const budget = { intervalMs: 3_000, sentAt: [99_000] };
  const state = sync([stream(1, { stoppedBy: 'PERM-02' }), stream(2)], { dirty, budget });
  assert.deepEqual(nextRequest(state, 99_100), { kind: 'wait', until: 102_000 });
});

test('after a request that failed as a whole the streams go alone in turn', () => {
  const streams = [stream(1), stream(2, { backfill: copying }), stream(3)];
  const asked = [1, 2, 3].map((tries) => {
    const slots = slotsOf(sync(streams, { trouble: { restsUntil: 0, tries } }));
    return [...new Set(slots.map(({ index }) => index))];
  });
  assert.deepEqual(asked, [[1], [2], [0]]);
});

test('a stopped stream is not asked for, and a sync of stopped streams waits', () => {
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { stoppedBy: 'PERM-02' }), stream(2)]))), ['head 1']);
  assert.equal(nextRequest(sync([stream(1, { stoppedBy: 'PERM-02' })]), 100_000).kind, 'wait');
});

test('a sync in trouble waits until its rest is over', () => {
  const state = sync([stream(1)], { trouble: { restsUntil: 160_000, tries: 3 } });
  assert.deepEqual(nextRequest(state, 100_000), { kind: 'wait', until: 160_000 });
});
