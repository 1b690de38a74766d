import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { advanceCursor } from '../run/sync-state.ts';
import { bulkPurpose } from './bulk.ts';
import { isFull } from './pass.ts';
import { byId } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind, slotsMax } from './reading.ts';

/**
 * The first full read: by Id, page after page, without a server-side cursor that could expire. Changes made meanwhile
 * are read by the poll, which begins before it. Pure.
 */
export interface BackfillPosition {
  /** The last Id of the last page that was applied, as Salesforce returned it. */
  after: RecordId | null;
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

const reading: ReadingKind = {
  kind: 'backfill',
  activity: 'backfill',
  purpose: 'backfill',
  shape: () => 'full',
  query: (asked) => byId(asked, idCondition(positionOf(asked.stream.cursors.backfill).after, asked.chained)),
  step({ stream, page, query, serverNow }) {
    const { to, drained } = backfillAfter(positionOf(stream.cursors.backfill), page, query.limit);
    const { move, stream: after } = advanceCursor(stream, 'backfill', to);
    if (!drained) return { moves: [move], after };
    const ended = { ...after, cursors: { ...after.cursors, backfill: null } };
    return { moves: [{ ...move, backfilledAt: serverNow }], after: ended };
  },
  add: (slots, { index }, count) => slots.addChain('backfill', index, count),
  behind: ({ cursors }) =>
    cursors.backfill && bulkPurpose(cursors.bulk) !== 'backfill' ? { pages: slotsMax, lag: 0 } : null,
};

export const backfill: CursorKind = {
  kind: 'backfill',
  start: () => ({ after: null }) satisfies BackfillPosition,
  readings: [reading],
};
