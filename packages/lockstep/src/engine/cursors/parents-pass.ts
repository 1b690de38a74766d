import type { RecordId } from '../../core/ids.ts';
import type { Mirror } from '../../postgres/index.ts';
import type { StreamState } from '../run/sync-state.ts';
import {
  isReadByParents,
  type Parents,
  type ParentsPosition,
  parentsAfter,
  parentsOf,
  parentsQuery,
  partialIfRest,
  startOfParents,
} from './by-parents.ts';
import {
  type AskedParents,
  type LookUp,
  type PageContext,
  type PreparedSlot,
  type QueryContext,
  type SlotQuery,
  type SlotStep,
  type Slots,
  slotsMax,
} from './reading.ts';

/**
 * A pass over all parents of the mirror, object by object and by Id: the backfill of an object that is read by its
 * parents, and its content check, which finds new records of old parents. Pure apart from the look-up.
 */
export interface PassPlace {
  /** Which parents, by their key; null: the first. */
  of: string | null;
  after: RecordId | null;
}

export interface ParentsPass extends ParentsPosition<PassPlace> {
  /** How many parents there are. */
  total: number;
}

export const startOfParentsPass = (): ParentsPass => ({
  ...startOfParents({ of: null, after: null }),
  total: 0,
});

interface AskedInPass extends AskedParents<PassPlace> {
  total: number;
}

/** Those that the pass comes to next. Parents that it was at may have left the sync: it begins again. */
function placeOf({ at }: ParentsPass, all: readonly Parents[]): { nth: number; after: RecordId | null } {
  const nth = all.findIndex(({ key }) => key === at.of);
  return nth < 0 ? { nth: 0, after: null } : { nth, after: at.after };
}

function canPass(stream: StreamState, streams: readonly StreamState[], pass: ParentsPass): boolean {
  const all = parentsOf(stream, streams);
  const next = all[placeOf(pass, all).nth];
  return isRead(next);
}

/** One look-up for each query. A slot is left out if the pass ends, or has to wait, with the one before. */
export async function prepareParents(
  { mirror, stream, streams, slots }: LookUp,
  pass: ParentsPass,
): Promise<PreparedSlot[]> {
  const all = parentsOf(stream, streams);
  const total = all.reduce((sum, parents) => sum + parents.stream.rows, 0);
  const prepared: PreparedSlot[] = [];
  let { nth, after } = placeOf(pass, all);
  let at: PassPlace | null = pass.at;
  for (const slot of pass.rest === undefined ? slots : slots.slice(0, 1)) {
    if (at === null || (prepared.length > 0 && !isRead(all[nth]))) break;
    const found = await nextParents(mirror, all, { nth, after }, pass.rest === undefined ? pass.size : 1);
    const { ids, field } = found;
    const to = placeAfter(found, all);
    const rest = ids[0] === pass.rest?.parent ? pass.rest?.path : undefined;
    const parents: AskedInPass = { field, at, to, total, ...(rest !== undefined && { rest }) };
    prepared.push({ slot, ids, parents });
    ({ nth, after } = found);
    at = to;
  }
  return prepared;
}

const isRead = (parents: Parents | undefined): boolean => parents?.stream.cursors.backfill === null;

/** Null: there are no parents left, or none at all. */
const placeAfter = (
  { nth, after }: { nth: number; after: RecordId | null },
  all: readonly Parents[],
): PassPlace | null => (all[nth] ? { of: all[nth].key, after } : null);

/** The next Ids of one kind of parents that has some, and where those after them begin. */
async function nextParents(
  mirror: Mirror,
  all: readonly Parents[],
  from: { nth: number; after: RecordId | null },
  size: number,
): Promise<{ ids: readonly RecordId[]; field: string; nth: number; after: RecordId | null }> {
  let { nth, after } = from;
  let field = '';
  for (let parents = all[nth]; parents && isRead(parents); parents = all[++nth], after = null) {
    ({ field } = parents);
    const ids = await mirror.idsAfter(parents.stream.table, after, size);
    if (ids.length === size) return { ids, field, nth, after: ids.at(-1) ?? null };
    if (ids.length > 0) return { ids, field, nth: nth + 1, after: null };
  }
  return { ids: [], field, nth, after };
}

/** Where a pass is kept, and what becomes of its cursor. */
export interface PassKeeper {
  passOf: (stream: StreamState) => ParentsPass;
  /** @param asked  how many parents the answer was for; `to` null: the pass has ended */
  advance: (read: PageContext, to: ParentsPass | null, asked: number) => SlotStep;
}

/** How a kind of reading reads an object by its parents instead. */
export const parentsPassOf = ({ passOf, advance }: PassKeeper) => ({
  isOf: ({ table }: StreamState): boolean => isReadByParents(table.stream),
  /** Whether its next parents have been read. */
  canGoOn: (stream: StreamState, streams: readonly StreamState[]) => canPass(stream, streams, passOf(stream)),
  prepare: (lookUp: LookUp) => prepareParents(lookUp, passOf(lookUp.stream)),
  query: (asked: QueryContext): SlotQuery => parentsQuery(asked, asked.parents as AskedInPass),
  step(read: PageContext): SlotStep {
    const { stream, page, ids = [] } = read;
    const asked = read.parents as AskedInPass;
    const to = parentsAfter(passOf(stream), asked, ids, page);
    const step: SlotStep =
      to === null
        ? { moves: [], after: stream }
        : advance(read, to === 'ended' ? null : { ...to, total: asked.total }, ids.length);
    return { ...step, ...partialIfRest(stream, asked) };
  },
  add(slots: Slots, kind: string, index: number, count: number): void {
    const taken = slots.count(kind, index);
    for (let nth = taken; nth < taken + count; nth++) slots.add({ kind, index, nth });
  },
  /** How many queries it can use. */
  pagesOf(stream: StreamState): number {
    const { rest, total, size } = passOf(stream);
    if (rest !== undefined) return 1;
    return total === 0 ? slotsMax : Math.max(1, Math.ceil(total / size));
  },
  /** Without the rest of an answer that Salesforce does not have any more: its parent is asked for again. */
  withoutRest({ rest: _, ...pass }: ParentsPass): ParentsPass {
    return pass;
  },
});
