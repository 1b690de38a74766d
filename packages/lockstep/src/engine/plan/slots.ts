import { assert } from '@lockstep/foundation/assert';
import type { Page } from '../../core/page.ts';
import type { Mirror } from '../../postgres/index.ts';
import { soqlIdOf } from '../../salesforce/index.ts';
import { readingOf } from '../cursors/index.ts';
import type { ExchangeTimes, PreparedSlot, Slot, SlotQuery, SlotStep } from '../cursors/reading.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';
import { learnPageSize } from './page-size.ts';

/**
 * Looks up what the slots of one stream need from the mirror, once for all slots of a kind.
 *
 * @param all  all slots of the request, including the stream's own
 * @throws the database's error, which is the stream's problem
 */
export async function prepareSlots(
  mirror: Mirror,
  state: SyncState,
  all: readonly Slot[],
  own: readonly Slot[],
): Promise<PreparedSlot[]> {
  const prepared: PreparedSlot[] = [];
  for (const slots of Map.groupBy(own, ({ kind }) => kind).values()) {
    const [first] = slots as [Slot, ...Slot[]];
    const { streams, pageRows } = state;
    const lookUp = { mirror, stream: streamOf(state, first), streams, slots, pageRows };
    const found = await readingOf(first).prepare?.(lookUp);
    prepared.push(...(found ?? slots.map((slot) => ({ slot, isFollowed: isFollowed(slot, all) }))));
  }
  return prepared;
}

const isFollowed = (slot: Slot, all: readonly Slot[]) =>
  all.some(({ chainedTo }) => all[chainedTo ?? -1] === slot);

/** Whether there is anything to ask Salesforce for. */
export const hasQuery = ({ ids }: PreparedSlot): boolean => ids === undefined || ids.length > 0;

/**
 * The query of a slot. Pages chained in one request refer to the answers before them.
 *
 * @param queryOf  the index of a slot's query among the queries of the request
 */
export function slotQuery(
  state: SyncState,
  prepared: PreparedSlot,
  queryOf: (slot: number) => number = (place) => place,
): SlotQuery {
  const { slot } = prepared;
  const { pageRows, serverNow } = state;
  const stream = streamOf(state, slot);
  const reading = readingOf(slot);
  const size = Math.min(pageRows, stream.pageSizes[reading.shape(stream.cursors)].rows);
  const limit = prepared.isFollowed ? size : pageRows;
  const { chainedTo = null } = slot;
  const chained = chainedTo === null ? undefined : soqlIdOf(queryOf(chainedTo), size - 1);
  return reading.query({ ...prepared, stream, serverNow, limit, chained });
}

/**
 * The step that a page allows. Pure; the step happens when its transaction commits.
 *
 * @param times  of the page's request and answer
 */
export function slotStep(
  state: SyncState,
  prepared: PreparedSlot,
  query: SlotQuery,
  page: Page,
  times: ExchangeTimes,
): SlotStep {
  const stream = withPageSize(streamOf(state, prepared.slot), prepared.slot, query.limit, page);
  const { serverNow } = state;
  return readingOf(prepared.slot).step({ ...prepared, stream, serverNow, query, page, times });
}

/** Learns from a page how many rows fit on one. */
function withPageSize(stream: StreamState, slot: Slot, limit: number, page: Page): StreamState {
  const shape = readingOf(slot).shape(stream.cursors);
  const size = learnPageSize(stream.pageSizes[shape], limit, page);
  return size === stream.pageSizes[shape]
    ? stream
    : { ...stream, pageSizes: { ...stream.pageSizes, [shape]: size } };
}

export const streamOf = (state: SyncState, slot: { index: number }): StreamState => {
  const stream = state.streams[slot.index];
  assert(stream, 'a slot names a stream of the state');
  return stream;
};
