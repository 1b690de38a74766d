/** What `nextRequest` asks for, for tests of its choices. */
import assert from 'node:assert/strict';
import { type StreamChange, streamState } from '@lockstep/harness/sync-state';
import type { Slot } from '../cursors/reading.ts';
import type { SyncState } from '../run/sync-state.ts';
import { type DeletedLogRequest, nextRequest } from './next-request.ts';

export const askedOf = (
  state: SyncState,
  now = 100_000,
): { slots: readonly Slot[]; deletedLogs: readonly DeletedLogRequest[] } => {
  const next = nextRequest(state, now);
  assert.equal(next.kind, 'composite');
  return next.kind === 'composite' ? next : { slots: [], deletedLogs: [] };
};
export const slotsOf = (state: SyncState, now = 100_000) => askedOf(state, now).slots;

export const kinds = (slots: readonly { kind: string; index: number }[]) =>
  slots.map(({ kind, index }) => `${kind} ${index}`);

export const streamsOf = (count: number, change: StreamChange = {}) =>
  Array.from({ length: count }, (_, n) => streamState(n + 1, change));

/** The state after a turn's request, as far as the next choice depends on it. */
export const polled = (state: SyncState, slots: readonly Slot[], polledAt: number): SyncState => ({
  ...state,
  streams: state.streams.map((one, index) =>
    slots.some((slot) => slot.index === index && slot.kind.startsWith('head')) ? { ...one, polledAt } : one,
  ),
});
