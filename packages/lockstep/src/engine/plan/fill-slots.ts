import { readingOf } from '../cursors/index.ts';
import { type Behind, type Slots, slotsMax } from '../cursors/reading.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';

/** A kind of reading that can take several slots of one request. */
export interface Work {
  kind: string;
  index: number;
}

/** Work that can use several slots: backfills, passes that are pages behind, checks that somebody waits for. */
export interface PagedWork extends Behind {
  work: Work;
}

/** Gives each free slot to the work that has the fewest, then adds each work's pages in their order. */
export function distributeSlots(slots: Slots, state: SyncState, works: readonly PagedWork[]): void {
  const all = works.map((one) => ({ ...one, had: slots.count(one.work.kind, one.work.index), more: 0 }));
  type Share = (typeof all)[number];
  // Pages of an object whose fields need several queries do not refer to each other.
  const isOnePage = ({ work }: Share) =>
    readingOf(work).isOnePage || (state.streams[work.index]?.table.stream.queryParts ?? 1) > 1;
  const canUse = (one: Share) => one.had + one.more === 0 || !isOnePage(one);
  // A slot that may be useless comes after all that others can use.
  const rank = ({ pages, had, more }: Share) => had + more + (had + more < pages ? 0 : slotsMax);
  for (let { left } = slots; left > 0; left--) {
    const [next] = all.filter(canUse).toSorted((a, b) => rank(a) - rank(b) || b.lag - a.lag);
    if (!next) break;
    next.more++;
  }
  for (const { work, more } of all) addWork(slots, state, work, more);
}

/** @param count  how many slots the work gets */
export function addWork(slots: Slots, state: SyncState, { kind, index }: Work, count = 1): void {
  if (count === 0) return;
  const stream = state.streams[index] as StreamState;
  readingOf({ kind }).add(slots, { stream, index, serverNow: state.serverNow }, count);
}
