/** What the reading of a head means for whoever waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageWith } from '../../test/page.ts';
import { serverNow, streamState, syncState } from '../../test/sync-state.ts';
import type { Page } from '../core/page.ts';
import { slotQuery, slotStep } from './slots.ts';
import type { StreamState } from './sync-state.ts';

const tailAt = serverNow - 900;
const empty = pageWith(0);
const full = pageWith(1, { done: false, stamp: new Date((serverNow - 60) * 1_000).toISOString() });

/** The stream after one more page of its head, in a request that was sent then. */
function read(stream: StreamState, page: Page, sentAt: number): StreamState {
  const state = syncState([stream]);
  const goesOn = stream.cursors.head?.position.pass ? { before: null } : {};
  const prepared = { slot: { kind: 'head', index: 0, chainedTo: null, ...goesOn } as const };
  const query = slotQuery(state, prepared);
  return slotStep(state, prepared, query, page, { sentAt, answeredAt: serverNow }).after;
}

const wideOf = ({ isUrgent, wideFrom, wideSince, wideReadAt }: StreamState) => ({
  isUrgent,
  wideFrom,
  wideSince,
  wideReadAt,
});
const settled = { isUrgent: false, wideFrom: null, wideSince: null, wideReadAt: 0 };

test('a head read from where the tail stands has read all that was committed when its request was sent', () => {
  const wished = streamState(1, { isUrgent: true, wideFrom: tailAt, wideReadAt: 3 });
  assert.deepEqual(wideOf(read(wished, empty, 5_000)), { ...settled, wideReadAt: 5_000 });
});

test('one that goes back no further than a write that was sent on does not count as such', () => {
  const wished = streamState(1, { isUrgent: true, wideFrom: tailAt + 1 });
  assert.deepEqual(wideOf(read(wished, empty, 5_000)), settled);
});

test('one of several pages counts when the last of them is read, as of its first request', () => {
  const begun = read(streamState(1, { isUrgent: true, wideFrom: tailAt }), full, 5_000);
  assert.deepEqual(wideOf(begun), { ...settled, wideSince: 5_000 });
  assert.deepEqual(wideOf(read(begun, empty, 6_000)), { ...settled, wideReadAt: 5_000 });
});

test('what is wished during a pass waits for the next one', () => {
  const begun = read(streamState(1), full, 5_000);
  const wished = { ...begun, isUrgent: true, wideFrom: tailAt };
  assert.deepEqual(wideOf(read(wished, empty, 6_000)), { ...settled, wideFrom: tailAt });
});
