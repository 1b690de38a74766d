import type { RecordId } from '../../core/ids.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { advanceCursor, type StreamState } from '../run/sync-state.ts';
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
import { settleSeconds } from './poll.ts';
import {
  type AskedParents,
  type CursorKind,
  type LookUp,
  type PageContext,
  type PreparedSlot,
  positionOf,
  type ReadingKind,
  type SlotStep,
} from './reading.ts';

/**
 * Asks for the records of new and changed parents, as the polls of the parents bring them, by the parents' time in the
 * mirror. Each is asked once more when it is settled, because a parent can appear late, with an older time, and
 * because records are often added to it in the minutes after. Pure apart from the look-up.
 */
export interface NewParentsPosition {
  fresh: ParentsPosition<StampPlace>;
  settled: ParentsPosition<StampPlace>;
}

/** A position in the order of (time, Id); `id` null: before all records of that second. */
interface StampPlace {
  at: ServerSeconds;
  id: RecordId | null;
}

declare module '../run/sync-state.ts' {
  interface Positions {
    parents: NewParentsPosition;
  }
}

type Part = keyof NewParentsPosition;

/** Asking again once a minute is enough: it waits for a quarter of an hour anyway. */
const settledStepSeconds = 60;

/**
 * A parent may be looked up while the answer that has it is still being stored, so it is looked up once more.
 */
const lookUpsAfterNews = 2;

/** Those by the first field: the sync cannot do without them, and a new one shows new records. */
export function firstParents(stream: StreamState, streams: readonly StreamState[]): Parents | undefined {
  const [first] = parentsOf(stream, streams);
  return first?.stream.table.stream.cursorField == null ? undefined : first;
}

/** The streams after a poll has brought records of `changed`. */
export const withNewParents = (
  streams: readonly StreamState[],
  changed: StreamState,
): readonly StreamState[] =>
  streams.some(({ table }) => isReadByParents(table.stream))
    ? streams.map((one) =>
        firstParents(one, streams)?.stream.table === changed.table
          ? { ...one, newParents: lookUpsAfterNews }
          : one,
      )
    : streams;

/** Up to here the mirror has every parent. */
const settledAt = (parents: Parents | undefined): ServerSeconds =>
  parents?.stream.cursors.recheck?.position.at ?? 0;

const readingOf = (part: Part, kind: string): ReadingKind => ({
  kind,
  activity: 'poll',
  purpose: 'poll',
  isShort: true,
  isOnePage: true,
  shape: () => 'full',
  prepare: (lookUp) => prepare(lookUp, part),
  query: (asked) => parentsQuery(asked, asked.parents as AskedParents),
  step: (read) => step(read, part),
  add: (slots, { index }) => slots.add({ kind, index }),
  due(stream, { streams }) {
    const { parents: own, backfill } = stream.cursors;
    const parents = firstParents(stream, streams);
    if (!own || backfill || !parents) return null;
    const isDue =
      part === 'fresh'
        ? stream.newParents > 0
        : settledAt(parents) - own.position.settled.at.at >= settledStepSeconds;
    return isDue || own.position[part].rest !== undefined ? { pace: 'now' } : null;
  },
  refused(stream) {
    const { parents: own } = stream.cursors;
    if (!own) return stream;
    const { rest: _, ...position } = own.position[part];
    const without = { ...own, position: { ...own.position, [part]: position } };
    return { ...stream, cursors: { ...stream.cursors, parents: without } };
  },
});

async function prepare({ mirror, stream, streams, slots }: LookUp, part: Part): Promise<PreparedSlot[]> {
  const position = positionOf(stream.cursors.parents)[part];
  const parents = firstParents(stream, streams);
  const limit = position.rest === undefined ? position.size : 1;
  const before = part === 'settled' ? settledAt(parents) : null;
  const found = parents ? await mirror.changedAfter(parents.stream.table, position.at, limit, before) : [];
  const isLastIds = found.length < limit;
  const end = before === null || !isLastIds ? (found.at(-1) ?? position.at) : { at: before, id: null };
  const rest = found[0]?.id === position.rest?.parent ? position.rest?.path : undefined;
  const asked: AskedParents<StampPlace> = {
    field: parents?.field ?? '',
    at: position.at,
    to: { at: Math.max(end.at, position.at.at), id: end.id },
    ...(rest !== undefined && { rest }),
  };
  const [slot] = slots;
  return slot ? [{ slot, ids: found.map(({ id }) => id), isLastIds, parents: asked }] : [];
}

function step(read: PageContext, part: Part): SlotStep {
  const { stream, page, ids = [], isLastIds } = read;
  const asked = read.parents as AskedParents<StampPlace>;
  const position = positionOf(stream.cursors.parents);
  const to = parentsAfter(position[part], asked, ids, page);
  const partial = partialIfRest(stream, asked);
  if (to === null || to === 'ended') return { moves: [], after: stream, ...partial };
  const isLookedUp = part === 'fresh' && isLastIds && page.done;
  const looked = isLookedUp ? { ...stream, newParents: Math.max(0, stream.newParents - 1) } : stream;
  if (JSON.stringify(to) === JSON.stringify(position[part])) return { moves: [], after: looked };
  const { move, stream: after } = advanceCursor(looked, 'parents', { ...position, [part]: to });
  return { moves: [move], after, ...partial };
}

export const newParents: CursorKind = {
  kind: 'parents',
  start(stream, serverNow) {
    if (!isReadByParents(stream)) return null;
    const begin = startOfParents<StampPlace>({ at: serverNow - settleSeconds, id: null });
    return { fresh: begin, settled: begin } satisfies NewParentsPosition;
  },
  readings: [readingOf('fresh', 'new parents'), readingOf('settled', 'settled parents')],
};
