import type { ServerSeconds } from '../../core/stamps.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';
import { idCondition } from './backfill.ts';
import { checksByBulk } from './bulk.ts';
import { checkAt, passStep } from './checked.ts';
import {
  advancedPass,
  dueOf,
  endedPass,
  type IdPass,
  idPassAfter,
  type Period,
  restingPass,
} from './pace.ts';
import { type ParentsPass, parentsPassOf, startOfParentsPass } from './parents-pass.ts';
import { byId } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind, type Wanted } from './reading.ts';

/**
 * The content check: reads every record again in full, by Id, a part of the table each day. It repairs what somebody
 * changed in the mirror by hand, and it is how objects without a usable time field are followed. Pure.
 */
export interface ContentPosition extends IdPass {
  /** Of an object that is read by its parents. */
  parents?: ParentsPass;
}

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

const byParents = parentsPassOf({
  passOf: ({ cursors }) => positionOf(cursors.content).parents ?? startOfParentsPass(),
  advance({ stream, serverNow }, parents, asked) {
    const to = advancedPass(positionOf(stream.cursors.content), asked, serverNow);
    return parents === null
      ? passStep(stream, 'content', { ...endedPass(to), after: null })
      : passStep(stream, 'content', { ...to, parents });
  },
});

/** Whether a step of a pass is due, page by page or by Bulk. */
export function contentDue(
  stream: StreamState,
  { serverNow, pageRows, streams }: Pick<SyncState, 'serverNow' | 'pageRows' | 'streams'>,
): Wanted | null {
  const { cursors, table, pageSizes } = stream;
  const { content: own, backfill } = cursors;
  if (!own || backfill) return null;
  const isByParents = byParents.isOf(stream);
  if (isByParents && !byParents.canGoOn(stream, streams)) return null;
  // A pass by parents is as long as there are parents.
  const { total, size } = own.position.parents ?? { total: stream.rows, size: pageSizes.full.rows };
  const rows = isByParents ? total : stream.rows;
  const isFollowed = table.stream.cursorField === 'SystemModstamp';
  const period = contentPeriod(rows, Math.min(pageRows, size), isFollowed);
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
  prepare: (lookUp) => (byParents.isOf(lookUp.stream) ? byParents.prepare(lookUp) : null),
  query: (asked) =>
    asked.parents
      ? byParents.query(asked)
      : byId(asked, idCondition(positionOf(asked.stream.cursors.content).after, asked.chained)),
  step(read) {
    const { stream, page, query, serverNow } = read;
    const check = checkAt(serverNow);
    if (read.parents) return { check, ...byParents.step(read) };
    const to = idPassAfter(positionOf(stream.cursors.content), page, query.limit, serverNow);
    return { ...passStep(stream, 'content', to), check };
  },
  add(slots, { stream, index }, count) {
    if (byParents.isOf(stream)) byParents.add(slots, 'content', index, count);
    else slots.addChain('content', index, count);
  },
  due(stream, at) {
    const own = stream.cursors.content;
    return own && !checksByBulk(stream, own.position, at) ? contentDue(stream, at) : null;
  },
  refused(stream) {
    const { content: own } = stream.cursors;
    if (!own?.position.parents) return stream;
    const position = { ...own.position, parents: byParents.withoutRest(own.position.parents) };
    return { ...stream, cursors: { ...stream.cursors, content: { ...own, position } } };
  },
};

export const content: CursorKind = {
  kind: 'content',
  start: (_, serverNow) => startOfContent(serverNow),
  readings: [reading],
};
