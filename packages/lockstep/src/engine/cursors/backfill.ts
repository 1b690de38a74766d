import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { advanceCursor } from '../run/sync-state.ts';
import { bulkPurpose } from './bulk.ts';
import { type ParentsPass, parentsPassOf, startOfParentsPass } from './parents-pass.ts';
import { isFull } from './pass.ts';
import { byId } from './queries.ts';
import {
  type CursorKind,
  type PageContext,
  positionOf,
  type ReadingKind,
  type SlotStep,
  slotsMax,
} from './reading.ts';

/**
 * The first full read: by Id, page after page, without a server-side cursor that could expire. Changes made meanwhile
 * are read by the poll, which begins before it. Pure.
 */
export interface BackfillPosition {
  /** The last Id of the last page that was applied, as Salesforce returned it. */
  after: RecordId | null;
  /** Of an object that is read by its parents. */
  parents?: ParentsPass;
}

/** @param chained  the Id to continue after, as a quoted reference to an earlier answer of the same request */
export function idCondition(after: RecordId | null, chained?: string): string | undefined {
  if (chained) return `Id > ${chained}`;
  return after === null ? undefined : `Id > '${after}'`;
}

export function backfillAfter(
  position: BackfillPosition,
  page: Page,
  limit: number,
): { to: BackfillPosition; drained: boolean } {
  return {
    to: { after: page.lastId ?? position.after },
    drained: !isFull(page, limit),
  };
}

declare module '../run/sync-state.ts' {
  interface Positions {
    backfill: BackfillPosition;
  }
}

const byParents = parentsPassOf({
  passOf: ({ cursors }) => positionOf(cursors.backfill).parents ?? startOfParentsPass(),
  advance: (read, parents) =>
    stepOf(read, { after: null, parents: parents ?? startOfParentsPass() }, parents === null),
});

const reading: ReadingKind = {
  kind: 'backfill',
  activity: 'backfill',
  purpose: 'backfill',
  shape: () => 'full',
  prepare: (lookUp) => (byParents.isOf(lookUp.stream) ? byParents.prepare(lookUp) : null),
  query: (asked) =>
    asked.parents
      ? byParents.query(asked)
      : byId(asked, idCondition(positionOf(asked.stream.cursors.backfill).after, asked.chained)),
  step(read) {
    if (read.parents) return byParents.step(read);
    const { stream, page, query } = read;
    const { to, drained } = backfillAfter(positionOf(stream.cursors.backfill), page, query.limit);
    return stepOf(read, to, drained);
  },
  add(slots, { stream, index }, count) {
    if (byParents.isOf(stream)) byParents.add(slots, 'backfill', index, count);
    else slots.addChain('backfill', index, count);
  },
  behind(stream, _, streams) {
    const { backfill: own } = stream.cursors;
    if (!own || bulkPurpose(stream.cursors.bulk) === 'backfill') return null;
    if (!byParents.isOf(stream)) return { pages: slotsMax, lag: 0 };
    return byParents.canGoOn(stream, streams) ? { pages: byParents.pagesOf(stream), lag: 0 } : null;
  },
  refused(stream) {
    const { backfill: own } = stream.cursors;
    if (!own?.position.parents) return stream;
    const position = { ...own.position, parents: byParents.withoutRest(own.position.parents) };
    return { ...stream, cursors: { ...stream.cursors, backfill: { ...own, position } } };
  },
};

function stepOf({ stream, serverNow }: PageContext, to: BackfillPosition, isOver: boolean): SlotStep {
  const { move, stream: after } = advanceCursor(stream, 'backfill', to);
  if (!isOver) return { moves: [move], after };
  const ended = { ...after, cursors: { ...after.cursors, backfill: null } };
  return { moves: [{ ...move, backfilledAt: serverNow }], after: ended };
}

export const backfill: CursorKind = {
  kind: 'backfill',
  start: () => ({ after: null }) satisfies BackfillPosition,
  readings: [reading],
};
