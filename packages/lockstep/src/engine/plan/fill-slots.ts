import { unreachable } from '@lockstep/foundation/assert';
import { type WindowEnd, windowEnd } from '../cursors/pass.ts';
import type { Activity } from '../run/problems.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';

/**
 * One query of a request: what it reads, for which stream. `index` is the stream's place in the state; `chainedTo` is
 * the slot of the page before, in the same request.
 */
export type Slot =
  /** Of the records that are marked. */
  | { kind: 're-read'; index: number }
  /** Of a pass that goes on: up to where its window reaches. */
  | { kind: 'head' | 'recheck'; index: number; chainedTo: number | null; before?: WindowEnd }
  /** Head and recheck of a stream in one query. */
  | { kind: 'head and recheck'; index: number }
  /** `ids`: of a sweep over Salesforce's own. */
  | { kind: 'backfill' | 'content' | 'ids'; index: number; chainedTo: number | null }
  /** The n-th page of the mirror's own Ids in this request. */
  | { kind: 'sweep'; index: number; nth: number }
  | { kind: 'repair'; index: number };

/** What a slot's failure says something of. */
export function activityOf(kind: Slot['kind']): Activity {
  switch (kind) {
    case 're-read':
      return 're-read';
    case 'head':
    case 'recheck':
    case 'head and recheck':
      return 'poll';
    case 'repair':
      return 'counts';
    case 'ids':
      return 'sweep';
    case 'backfill':
    case 'content':
    case 'sweep':
      return kind;
    default:
      return unreachable(kind);
  }
}

export const isHead = ({ kind }: Slot) => kind === 'head' || kind === 'head and recheck';

/** A composite request runs at most five queries (REST API guide, Composite). */
export const slotsMax = 5;

/** A kind of reading that can take several slots of one request. */
export interface Work {
  kind: Exclude<Slot['kind'], 're-read' | 'head and recheck' | 'ids'>;
  index: number;
}

/** Work that can use several slots of a request: backfills, passes that are pages behind, checks that are waited for. */
export interface Bulk {
  work: Work;
  /** More than these are of use only where nothing else wants them: they were estimated. */
  pages: number;
  /** How far it is behind, in seconds: of two that have as many slots, the later one gets the next. */
  lag: number;
}

/** The slots of one request as they fill up. */
export class Slots {
  readonly taken: Slot[] = [];

  get left(): number {
    return slotsMax - this.taken.length;
  }

  add(slot: Slot): void {
    this.taken.push(slot);
  }

  has(kind: Slot['kind'], index: number): boolean {
    return this.count(kind, index) > 0;
  }

  count(kind: Slot['kind'], index: number): number {
    return this.taken.filter((slot) => slot.kind === kind && slot.index === index).length;
  }
}

/** Work that one slot a request is enough for. */
const onePage: readonly Work['kind'][] = ['repair'];

/** The slots that are left, each to the work that has the fewest; then each work's pages in their order. */
export function deal(slots: Slots, state: SyncState, works: readonly Bulk[]): void {
  const all = works.map((bulk) => ({ ...bulk, had: slots.count(bulk.work.kind, bulk.work.index), more: 0 }));
  type Share = (typeof all)[number];
  const canUse = ({ work, had, more }: Share) => had + more === 0 || !onePage.includes(work.kind);
  // A slot that may be of no use comes after all that others can use.
  const rank = ({ pages, had, more }: Share) => had + more + (had + more < pages ? 0 : slotsMax);
  for (let { left } = slots; left > 0; left--) {
    const [next] = all.filter(canUse).toSorted((a, b) => rank(a) - rank(b) || b.lag - a.lag);
    if (!next) break;
    next.more++;
  }
  for (const { work, more } of all) addWork(slots, state, work, more);
}

/** @param count  slots that the work gets */
export function addWork(slots: Slots, state: SyncState, { kind, index }: Work, count = 1): void {
  if (count === 0) return;
  const stream = state.streams[index] as StreamState;
  switch (kind) {
    case 'head':
    case 'recheck':
      return addPages(slots, state, { kind, index }, count);
    case 'backfill':
    case 'content':
      return addChain(slots, { kind, index }, count);
    case 'sweep': {
      if (stream.cursors.sweep?.position.leg === 'salesforce')
        return addChain(slots, { kind: 'ids', index }, count);
      const taken = slots.count(kind, index);
      const pages = Math.max(1, Math.ceil(stream.rows / stream.pageSizes.part.rows) + 1);
      for (let nth = taken; nth < Math.min(taken + count, pages); nth++) slots.add({ kind, index, nth });
      return;
    }
    case 'repair':
      if (!slots.has(kind, index)) slots.add({ kind, index });
      return;
    default:
      unreachable(kind);
  }
}

/** Pages one behind the other, each going on from the last record of the one before. */
function addChain(
  slots: Slots,
  { kind, index }: { kind: 'backfill' | 'content' | 'ids'; index: number },
  count: number,
): void {
  let before = slots.taken.findLastIndex((slot) => slot.kind === kind && slot.index === index);
  for (let nth = 0; nth < count; nth++) {
    slots.add({ kind, index, chainedTo: before < 0 ? null : before });
    before = slots.taken.length - 1;
  }
}

/** A pass that goes on takes a window that its pages can drain; the first of them takes the place of its own query. */
function addPages(
  slots: Slots,
  state: SyncState,
  { kind, index }: { kind: 'head' | 'recheck'; index: number },
  count: number,
): void {
  const { cursors, pageSizes } = state.streams[index] as StreamState;
  const pass = cursors[kind]?.position.pass ?? null;
  const own = slots.taken.findIndex((slot) => slot.kind === kind && slot.index === index);
  if (!pass) {
    if (own < 0) slots.add({ kind, index, chainedTo: null });
    return;
  }
  const pages = count + (own < 0 ? 0 : 1);
  const end = kind === 'recheck' ? pass.until : null;
  const before = windowEnd(pass, pages, pageSizes.full.rows, { end, serverNow: state.serverNow });
  let page = own;
  for (let nth = 0; nth < pages; nth++) {
    const slot: Slot = { kind, index, before, chainedTo: nth === 0 ? null : page };
    if (nth === 0 && own >= 0) slots.taken[own] = slot;
    else {
      slots.add(slot);
      page = slots.taken.length - 1;
    }
  }
}
