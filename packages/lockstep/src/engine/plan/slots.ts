import { assert, unreachable } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { type CursorMove, type Mirror, partialColumns, type Stream } from '../../postgres/index.ts';
import { type Query, selectRecords, soqlIdOf, soqlIds } from '../../salesforce/index.ts';
import { backfillAfter, idCondition } from '../cursors/backfill.ts';
import { contentAfter } from '../cursors/content.ts';
import {
  type HeadPosition,
  headAndRecheckQuery,
  headQuery,
  type PollQuery,
  pollAfter,
  recheckQuery,
  settleSeconds,
} from '../cursors/poll.ts';
import { repairAfterIds, repairAfterRecords, repairCondition } from '../cursors/repair.ts';
import { sweepAfter, sweepAfterPage } from '../cursors/sweep.ts';
import { absentIds, leadingIds } from '../run/page-ids.ts';
import { type Cursors, moved, type Positions, type StreamState, type SyncState } from '../run/sync-state.ts';
import type { Slot } from './fill-slots.ts';
import { fewerIds, learnt, type PageSizes } from './page-size.ts';

/** A slot, with what had to be looked up in the mirror before it can be asked. */
export interface PreparedSlot {
  slot: Slot;
  /** The mirror's own Ids that it asks for; none: there is nothing to ask. */
  ids?: readonly RecordId[];
  /** The mirror has no Id behind these. */
  isLastIds?: boolean;
  /** A later query of the request goes on from its last record, which has to be where that one looks. */
  isFollowed?: boolean;
}

/** When a request went out, by the local clock, and when it was answered, by Salesforce's. */
export interface ExchangeTimes {
  sentAt: number;
  answeredAt: ServerSeconds | null;
}

/** What a slot asks, and what its answer can prove. */
export interface SlotQuery extends Query {
  /** Rows that it asks for at most. */
  limit: number;
  poll?: PollQuery;
}

/** What the answer to a slot means: rows to merge, steps of cursors, and the stream's state after it. */
export interface SlotStep {
  moves: readonly CursorMove[];
  absent?: readonly RecordId[];
  /** Its records have some of their columns only. The mirror holds what was stamped before that second. */
  partial?: { settledUntil: ServerSeconds };
  /** It is a check: what it repairs of records that were stamped before this is recorded. */
  check?: { before: ServerSeconds; at: ServerSeconds };
  after: StreamState;
}

/**
 * Looks up what a slot needs of the mirror. Those of one stream stand together: what the first one has found serves the
 * others.
 *
 * @throws the database's error, which is the stream's problem
 */
export async function prepareSlots(
  mirror: Mirror,
  state: SyncState,
  slots: readonly Slot[],
  own: readonly Slot[],
): Promise<PreparedSlot[]> {
  let swept: readonly RecordId[] | null = null;
  const prepared: PreparedSlot[] = [];
  for (const slot of own) {
    const { cursors, table, pageSizes } = streamOf(state, slot);
    const { streamNo } = table.stream;
    if (slot.kind === 'sweep') {
      const pages = own.filter(({ kind }) => kind === 'sweep').length;
      const size = pageSizes.part.rows;
      const limit = (pages - 1) * size + withRoom(size, state.pageRows);
      swept ??= await mirror.idsAfter(table, held(cursors.sweep).after, limit);
      const from = slot.nth * size;
      const to = slot.nth === pages - 1 ? limit : from + size;
      // The pass has ended with the slot before.
      if (slot.nth > 0 && swept.length <= from && swept.length < limit) continue;
      prepared.push({
        slot,
        ids: swept.slice(from, to),
        isLastIds: swept.length < limit && swept.length <= to,
      });
    } else if (slot.kind === 'repair' && held(cursors.repair).part === 'ids') {
      const { after, days } = held(cursors.repair);
      const limit = withRoom(pageSizes.part.rows, state.pageRows);
      const ids = await mirror.idsAfter(table, after, limit, days[0]);
      prepared.push({ slot, ids, isLastIds: ids.length < limit });
    } else if (slot.kind === 're-read') {
      const ids = await mirror.nextMarked(streamNo, withRoom(pageSizes.full.rows, state.pageRows));
      prepared.push({ slot, ids });
    } else {
      const isFollowed = slots.some((other) => 'chainedTo' in other && slots[other.chainedTo ?? -1] === slot);
      prepared.push({ slot, isFollowed });
    }
  }
  return prepared;
}

/** A page that nothing follows may be cut: what comes of it counts all the same, and shows how much fits by now. */
const withRoom = (rows: number, max: number) => Math.min(max, 2 * rows);

/** Whether there is anything to ask Salesforce. */
export const hasQuery = ({ ids }: PreparedSlot) => ids === undefined || ids.length > 0;

/**
 * The query of a slot. Pages chained in one request refer to the answers before them.
 *
 * @param queryOf  the place among the request's queries that a slot has
 */
export function slotQuery(
  state: SyncState,
  { slot, ids, isFollowed = false }: PreparedSlot,
  queryOf: (slot: number) => number = (place) => place,
): SlotQuery {
  const { cursors, table, pollSince, pageSizes } = streamOf(state, slot);
  const { stream } = table;
  const { pageRows, serverNow } = state;
  const size = Math.min(pageRows, pageSizes[shapeOf(slot, cursors)].rows);
  const limit = isFollowed ? size : pageRows;
  const field = stream.cursorField;
  const isChained = 'chainedTo' in slot && slot.chainedTo !== null;
  const chained = isChained ? soqlIdOf(queryOf(slot.chainedTo as number), size - 1) : undefined;
  const polled = (poll: PollQuery): SlotQuery => ({
    ...inFull(stream, poll.where, { orderBy: poll.order === 'Id' ? 'Id' : `${field}, Id`, limit }),
    limit,
    includeDeleted: true,
    timeField: poll.order === 'Id' ? null : field,
    poll,
  });
  const byId = (where: string | undefined): SlotQuery => ({
    ...living(stream, where, { orderBy: 'Id', limit }),
    limit,
  });
  switch (slot.kind) {
    case 'head':
      return polled(
        headQuery(followed(field), held(cursors.head), serverNow, {
          pollSince,
          chained,
          before: slot.before,
        }),
      );
    case 'recheck':
      return polled(
        recheckQuery(followed(field), held(cursors.recheck), serverNow, { chained, before: slot.before }),
      );
    case 'head and recheck':
      return polled(
        headAndRecheckQuery(followed(field), held(cursors.head), held(cursors.recheck), serverNow),
      );
    case 're-read':
      assert(ids, 'a re-read asks for Ids that were looked up');
      return { ...inFull(stream, `Id IN ${soqlIds(ids)}`), limit: ids.length, includeDeleted: true };
    case 'backfill':
      return byId(idCondition(held(cursors.backfill).after, chained));
    case 'content':
      return byId(idCondition(held(cursors.content).after, chained));
    case 'ids': {
      const where = idCondition(held(cursors.sweep).after, chained);
      return { ...living(stream, where, { orderBy: 'Id', limit }, partialFieldsOf(stream)), limit };
    }
    case 'repair':
      return ids ? sweepQuery(stream, ids) : byId(repairCondition(held(cursors.repair)));
    case 'sweep':
      assert(ids, 'a sweep asks for Ids that were looked up');
      return sweepQuery(stream, ids);
    default:
      return unreachable(slot);
  }
}

const partialFieldsOf = (stream: Stream) => partialColumns(stream).map(({ field }) => field);

const fieldsOf = ({ columns }: Stream) => columns.map(({ field }) => field);

/** The order and the length of a page. */
interface Bounds {
  orderBy?: string;
  limit?: number;
}

/** Some objects take no LIMIT: their pages end where Salesforce cuts them. */
const boundsFor = ({ sobject }: Stream, { limit, ...bounds }: Bounds): Bounds =>
  limit === undefined || takesPlainQueriesOnly(sobject) ? bounds : { ...bounds, limit };

const inFull = (stream: Stream, where: string | undefined, rest: Bounds = {}): Query => ({
  soql: selectRecords({
    fields: fieldsOf(stream),
    sobject: stream.sobject,
    where,
    ...boundsFor(stream, rest),
  }),
  includeDeleted: false,
  timeField: null,
});

/** `query` leaves archived activities out, which are not deleted; `queryAll` answers them. */
const archived = new Set(['Task', 'Event']);

/** What is not deleted. */
function living(
  stream: Stream,
  where: string | undefined,
  rest: Bounds = {},
  fields = fieldsOf(stream),
): Query {
  const { sobject } = stream;
  const isArchiving = archived.has(sobject);
  const conditions = [where, isArchiving && 'IsDeleted = false'].filter(Boolean).join(' AND ');
  const soql = selectRecords({ fields, sobject, where: conditions || undefined, ...boundsFor(stream, rest) });
  return { soql, includeDeleted: isArchiving, timeField: null };
}

function sweepQuery(stream: Stream, ids: readonly RecordId[]): SlotQuery {
  return { ...living(stream, `Id IN ${soqlIds(ids)}`, {}, partialFieldsOf(stream)), limit: ids.length };
}

/** Whether the table's records tell the day of their creation. */
export const hasDays = ({ columns }: Stream) => columns.some(({ field }) => field === 'CreatedDate');

export function followed(field: string | null): string {
  assert(field !== null, 'only a stream with a time to follow is polled');
  return field;
}

/**
 * The step that a page allows. Pure; it happens when its transaction commits.
 *
 * @param times  of its request and answer
 */
export function slotStep(
  state: SyncState,
  prepared: PreparedSlot,
  query: SlotQuery,
  page: Page,
  times: ExchangeTimes,
): SlotStep {
  const { slot, ids } = prepared;
  const stream = withPageSize(streamOf(state, slot), slot, query.limit, page);
  const { cursors } = stream;
  const { serverNow } = state;
  const { limit } = query;
  const check = { before: serverNow - settleSeconds, at: serverNow };
  switch (slot.kind) {
    case 'head':
    case 'recheck':
    case 'head and recheck':
      return pollStep(state, stream, query, page, times);
    case 're-read':
      return { moves: [], absent: absentIds(ids ?? [], page), check, after: stream };
    case 'backfill': {
      const { to, drained } = backfillAfter(held(cursors.backfill), page, limit);
      const { move, stream: after } = moved(stream, 'backfill', to);
      if (!drained) return { moves: [move], after };
      const ended = { ...after, cursors: { ...after.cursors, backfill: null } };
      return { moves: [{ ...move, backfilledAt: serverNow }], after: ended };
    }
    case 'content': {
      const to = contentAfter(held(cursors.content), page, limit, serverNow);
      return { ...stepOf(stream, 'content', to), check };
    }
    case 'ids': {
      const to = sweepAfterPage(held(cursors.sweep), page, limit, serverNow);
      return { ...stepOf(stream, 'sweep', to), partial: { settledUntil: recheckAt(stream) } };
    }
    case 'sweep':
      return idsStep(prepared, page, stream, (asked, isLast) =>
        stepOf(stream, 'sweep', sweepAfter(held(cursors.sweep), asked, isLast, serverNow)),
      );
    case 'repair': {
      const position = held(cursors.repair);
      if (ids)
        return idsStep(prepared, page, stream, (asked, isLast) =>
          repairStep(stream, repairAfterIds(position, asked, isLast)),
        );
      return { ...repairStep(stream, repairAfterRecords(position, page, limit)), check };
    }
    default:
      return unreachable(slot);
  }
}

/** Which columns a slot asks for. */
function shapeOf({ kind }: Slot, { repair }: Cursors): keyof PageSizes {
  const isPart = kind === 'sweep' || kind === 'ids' || (kind === 'repair' && repair?.position.part === 'ids');
  return isPart ? 'part' : 'full';
}

/** What a page has shown of how many rows one holds. */
function withPageSize(stream: StreamState, slot: Slot, limit: number, page: Page): StreamState {
  const shape = shapeOf(slot, stream.cursors);
  const size = learnt(stream.pageSizes[shape], limit, page);
  return size === stream.pageSizes[shape]
    ? stream
    : { ...stream, pageSizes: { ...stream.pageSizes, [shape]: size } };
}

function pollStep(
  state: SyncState,
  stream: StreamState,
  query: SlotQuery,
  page: Page,
  { sentAt, answeredAt }: ExchangeTimes,
): SlotStep {
  const { head, recheck } = stream.cursors;
  assert(query.poll && head && recheck, 'a poll has a query and cursors');
  const at = { head: head.position, recheck: recheck.position };
  const { serverNow } = state;
  const to = pollAfter(at, query.poll, page, { limit: query.limit, serverNow, answeredAt });
  const moves: CursorMove[] = [];
  let after = stream;
  for (const kind of ['head', 'recheck'] as const) {
    const position = to[kind];
    if (!position) continue;
    const step = moved(after, kind, position);
    moves.push(step.move);
    after = step.stream;
  }
  return { moves, after: to.head ? headRead(after, query.poll, to.head, sentAt) : after };
}

/**
 * What the reading of a head means for whoever wanted it. A record that changes again moves on ahead of the pass, so
 * that only a head that has caught up, without a pass under way, has read everything.
 */
function headRead(
  stream: StreamState,
  { before }: PollQuery,
  { pass }: HeadPosition,
  sentAt: number,
): StreamState {
  const isBegun = before === undefined;
  // What the recheck has not come to may have been committed behind the head.
  const isFromRecheck =
    isBegun && stream.pollSince !== null && stream.pollSince <= held(stream.cursors.recheck).at;
  const pollSinceBegunAt = isFromRecheck ? sentAt : stream.pollSinceBegunAt;
  const read = { ...stream, isUrgent: false, pollSince: isBegun ? null : stream.pollSince };
  return pass || pollSinceBegunAt === null
    ? { ...read, pollSinceBegunAt }
    : { ...read, pollSinceBegunAt: null, pollSinceReadAt: pollSinceBegunAt };
}

/** A whole pass is what has been verified, as of its beginning. */
const levels = { sweep: 'stamps', content: 'content' } as const;

function stepOf<Kind extends keyof typeof levels>(
  stream: StreamState,
  kind: Kind,
  to: Positions[Kind],
): SlotStep {
  const { move, stream: after } = moved(stream, kind, to);
  const isWhole = to.lastAt !== stream.cursors[kind]?.position.lastAt;
  const verified = { level: levels[kind], at: to.lastAt };
  return { moves: [isWhole ? { ...move, verified } : move], after };
}

function repairStep(stream: StreamState, to: Positions['repair']): SlotStep {
  const { move, stream: after } = moved(stream, 'repair', to);
  return { moves: [move], after };
}

/**
 * Of an answer that was cut short nothing is known of the Ids that are not in it. The pass goes on behind those that are,
 * one after the other from the first, and asks for the others again.
 */
function idsStep(
  { ids = [], isLastIds = false }: PreparedSlot,
  page: Page,
  stream: StreamState,
  step: (ids: readonly RecordId[], isLast: boolean) => SlotStep,
): SlotStep {
  const read = page.done ? ids : leadingIds(ids, page);
  const isWhole = read.length === ids.length;
  const fewer = { ...stream, pageSizes: fewerIds(stream.pageSizes, ids.length) };
  const moves = isWhole || read.length > 0 ? step(read, isWhole && isLastIds) : { moves: [], after: fewer };
  return { ...moves, absent: absentIds(ids, page), partial: { settledUntil: recheckAt(stream) } };
}

/** Every change that was stamped before is in the mirror. */
const recheckAt = ({ cursors: { recheck } }: StreamState): ServerSeconds => recheck?.position.at ?? 0;

export const streamOf = (state: SyncState, slot: { index: number }): StreamState => {
  const stream = state.streams[slot.index];
  assert(stream, 'a slot names a stream of the state');
  return stream;
};

function held<Position>(cursor: { position: Position } | null): Position {
  assert(cursor, 'what a slot reads for has a cursor');
  return cursor.position;
}
