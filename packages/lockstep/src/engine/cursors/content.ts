import type { ServerSeconds } from '../../core/stamps.ts';
import type { StreamState } from '../run/sync-state.ts';
import { idCondition } from './backfill.ts';
import { checksByBulk } from './bulk.ts';
import { checkAt, passStep } from './checked.ts';
import { dueOf, type IdPass, idPassAfter, type Period, restingPass } from './pace.ts';
import { byId } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind, type Wanted } from './reading.ts';

/**
 * The content check: reads every record again in full, by Id, a part of the table each day. It repairs what somebody
 * changed in the mirror by hand, and it is how objects without a usable time field are followed. Pure.
 */
export type ContentPosition = IdPass;

export const startOfContent = (serverNow: ServerSeconds): ContentPosition => ({
  ...restingPass(serverNow),
  after: null,
});

const day = 86_400;
const minute = 60;

/** @param isFollowed  polls find all changes of the table; if not, only this pass finds them */
export function contentPeriod(rows: number, pageRows: number, isFollowed: boolean): Period {
  const pages = Math.max(1, rows / pageRows);
  const everySeconds = isFollowed
    ? Math.min(30 * day, Math.max(day, pages * day))
    : Math.min(day, Math.max(15 * minute, pages * minute));
  return { everySeconds, idleSeconds: everySeconds };
}

declare module '../run/sync-state.ts' {
  interface Positions {
    content: ContentPosition;
  }
}

/** Whether a step of a pass is due, page by page or by Bulk. */
export function contentDue(
  { cursors, rows, table, pageSizes }: StreamState,
  { serverNow, pageRows }: { serverNow: ServerSeconds; pageRows: number },
): Wanted | null {
  const { content: own, backfill } = cursors;
  if (!own || backfill) return null;
  const isFollowed = table.stream.cursorField === 'SystemModstamp';
  const period = contentPeriod(rows, Math.min(pageRows, pageSizes.full.rows), isFollowed);
  // A field that was hidden is not complete until a whole pass has read it.
  const isMissing = own.position.lastAt < (table.stream.returnedAt ?? 0);
  const isWanted = own.position.isWanted || isMissing;
  return { pace: isWanted ? 'now' : dueOf(own.position, rows, period, serverNow), isWanted };
}

const reading: ReadingKind = {
  kind: 'content',
  activity: 'content',
  purpose: 'reconcile',
  shape: () => 'full',
  query: (asked) => byId(asked, idCondition(positionOf(asked.stream.cursors.content).after, asked.chained)),
  step({ stream, page, query, serverNow }) {
    const to = idPassAfter(positionOf(stream.cursors.content), page, query.limit, serverNow);
    return { ...passStep(stream, 'content', to), check: checkAt(serverNow) };
  },
  add: (slots, { index }, count) => slots.addChain('content', index, count),
  due(stream, at) {
    const own = stream.cursors.content;
    return own && !checksByBulk(stream, own.position, at) ? contentDue(stream, at) : null;
  },
};

export const content: CursorKind = {
  kind: 'content',
  start: (_, serverNow) => startOfContent(serverNow),
  readings: [reading],
};
