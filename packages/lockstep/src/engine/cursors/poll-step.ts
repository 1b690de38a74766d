/** What head and recheck share: queries in order of time, windows of a pass, and the steps of both cursors. */
import { assert } from '@lockstep/foundation/assert';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { CursorMove } from '../../postgres/index.ts';
import { advanceCursor, type StreamState } from '../run/sync-state.ts';
import { type Pass, pagesExpected, type WindowEnd, windowEnd } from './pass.ts';
import { type HeadPosition, type PollQuery, pollAfter } from './poll.ts';
import { selectInFull } from './queries.ts';
import {
  type Behind,
  type PageContext,
  positionOf,
  type QueryContext,
  type Slot,
  type SlotQuery,
  type SlotStep,
  type Slots,
} from './reading.ts';

export function pollQuery(
  { stream: { table }, limit }: Pick<QueryContext, 'stream' | 'limit'>,
  poll: PollQuery,
): SlotQuery {
  const field = table.stream.cursorField;
  return {
    ...selectInFull(table.stream, poll.where, {
      orderBy: poll.order === 'Id' ? 'Id' : `${field}, Id`,
      limit,
    }),
    limit,
    includeDeleted: true,
    timeField: poll.order === 'Id' ? null : field,
    poll,
  };
}

export function pollStep({
  stream,
  serverNow,
  query,
  page,
  times: { sentAt, answeredAt },
}: PageContext): SlotStep {
  const { head, recheck } = stream.cursors;
  assert(query.poll && head && recheck, 'a poll has a query and cursors');
  const at = { head: head.position, recheck: recheck.position };
  const to = pollAfter(at, query.poll, page, { limit: query.limit, serverNow, answeredAt });
  const moves: CursorMove[] = [];
  let after = stream;
  for (const kind of ['head', 'recheck'] as const) {
    const position = to[kind];
    if (!position) continue;
    const step = advanceCursor(after, kind, position);
    moves.push(step.move);
    after = step.stream;
  }
  return { moves, after: to.head ? headRead(after, query.poll, to.head, sentAt) : after };
}

/**
 * What reading a head means for those who wait for it. A record that changes again moves ahead of the pass, so only a
 * head that has caught up, with no pass under way, has read everything.
 */
function headRead(
  stream: StreamState,
  { before }: PollQuery,
  { pass }: HeadPosition,
  sentAt: number,
): StreamState {
  const isBegun = before === undefined;
  // Changes that the recheck has not reached may have been committed behind the head's position.
  const isFromRecheck =
    isBegun && stream.pollSince !== null && stream.pollSince <= positionOf(stream.cursors.recheck).at;
  const pollSinceBegunAt = isFromRecheck ? sentAt : stream.pollSinceBegunAt;
  const read = { ...stream, isPriority: false, pollSince: isBegun ? null : stream.pollSince };
  return pass || pollSinceBegunAt === null
    ? { ...read, pollSinceBegunAt }
    : { ...read, pollSinceBegunAt: null, pollSinceReadAt: pollSinceBegunAt };
}

/** How many pages a pass is behind. */
export function passBacklog(
  { pageSizes }: StreamState,
  pass: Pass | null | undefined,
  { end, until, serverNow }: { end: WindowEnd; until: ServerSeconds; serverNow: ServerSeconds },
): Behind | null {
  if (!pass) return null;
  return { pages: pagesExpected(pass, pageSizes.full.rows, { end, serverNow }), lag: until - pass.from };
}

/** A pass under way gets a window that its pages can drain; the first page replaces the slot that it already has. */
export function addWindows(
  slots: Slots,
  kind: 'head' | 'recheck',
  { stream, index, serverNow }: { stream: StreamState; index: number; serverNow: ServerSeconds },
  count: number,
): void {
  const { cursors, pageSizes } = stream;
  const pass = cursors[kind]?.position.pass ?? null;
  const own = slots.taken.findIndex((slot) => slot.kind === kind && slot.index === index);
  if (!pass) {
    if (own < 0) slots.add({ kind, index, chainedTo: null });
    return;
  }
  const pages = count + (own < 0 ? 0 : 1);
  const end = kind === 'recheck' ? pass.until : null;
  const before = windowEnd(pass, pages, pageSizes.full.rows, { end, serverNow });
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
