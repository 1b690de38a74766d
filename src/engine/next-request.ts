import type { RecordId } from '../core/ids.ts';
import { unreachable } from '../lib/assert.ts';
import { nextSendAt } from './budget.ts';
import { contentPeriod } from './cursors/content.ts';
import { isCountDue } from './cursors/counts.ts';
import { isDeletedDue } from './cursors/deleted-log.ts';
import { type Due, dueOf } from './cursors/pace.ts';
import { type Pass, pagesExpected, type WindowEnd, windowEnd } from './cursors/pass.ts';
import { canPollTogether, isTailDue, settleSeconds } from './cursors/poll.ts';
import { sweepPeriod } from './cursors/sweep.ts';
import type { StreamState, SyncState } from './sync-state.ts';

/**
 * One query of a request: what it reads, for which stream. `index` is the stream's place in the state; `chainedTo` is
 * the slot of the page before, in the same request.
 */
export type Slot =
  | { kind: 're-read'; index: number; ids: readonly RecordId[] }
  /** Of a pass that goes on: up to where its window reaches. */
  | { kind: 'head' | 'tail'; index: number; chainedTo: number | null; before?: WindowEnd }
  /** Head and tail of a stream in one query. */
  | { kind: 'head and tail'; index: number }
  | { kind: 'backfill' | 'content'; index: number; chainedTo: number | null }
  /** The n-th page of the mirror's own Ids in this request. */
  | { kind: 'sweep'; index: number; nth: number }
  | { kind: 'counts' | 'mend'; index: number };

/** What travels with the queries and is none: a stream's log of deletions. */
export interface Rider {
  kind: 'deleted';
  index: number;
}

export type Next =
  | { kind: 'ask'; slots: readonly Slot[]; riders: readonly Rider[] }
  | { kind: 'wait'; until: number };

/** A composite request runs at most five queries and 25 subrequests in all (REST API guide, Composite). */
export const slotsMax = 5;
export const ridersMax = 20;
/** Records to be read again never take so many slots that the poll stands still. */
const reReadsMax = slotsMax - 2;
/** While first copies run, polls of the tables that are complete keep this many slots. */
const pollSlotsInBackfill = 2;
/** A table that is being copied claims nothing yet: the polls of all of them take one query in this time. */
const copiedPollEveryMs = 10_000;
const idleWaitMs = 60_000;

/**
 * Which request is made next, or until when none is. Pure: the whole choice of what a sync reads is here.
 *
 * A request has five slots. Records that must be read again come first, then heads, the stream that has waited
 * longest first, so that none starves; a tail rides in its head's query while little changes. One slot may go to a
 * check that lags behind its schedule; what is left is dealt out among first copies, passes that are pages behind and
 * checks that somebody waits for, and at last to checks that are welcome. Logs of deletions ride along.
 *
 * A stream in trouble rests, and then goes alone until it behaves; one whose requests are slow goes alone too; after a
 * request that failed as a whole the streams go alone in turn.
 */
export function nextRequest(state: SyncState, now: number): Next {
  const running = state.streams
    .map((stream, index) => ({ stream, index }))
    .filter(({ stream }) => !stream.stoppedBy);
  const ready = running.filter(({ stream }) => (stream.trouble?.restsUntil ?? 0) <= now);
  const isWaitedFor = (stream: StreamState) =>
    stream.isUrgent ||
    state.dirty.some((record) => record.isUrgent && record.streamNo === stream.table.stream.streamNo);
  const isUrgent = ready.some(({ stream }) => isWaitedFor(stream));
  const sendAt = Math.max(
    nextSendAt(state.budget, isUrgent, now),
    state.trouble?.restsUntil ?? 0,
    state.quota.closedUntil ?? 0,
  );
  if (sendAt > now) return { kind: 'wait', until: sendAt };
  if (ready.length === 0) return { kind: 'wait', until: wakesAt(running, now) };

  const byWait = ready.toSorted(
    (a, b) => urgency(b.stream) - urgency(a.stream) || a.stream.polledAt - b.stream.polledAt,
  );
  const together = state.trouble ? [inTurn(byWait, state.trouble.tries)] : companyOf(byWait);
  const slots = fill(state, together, now);
  // Where nothing is due, looking at the head costs what doing nothing would keep anybody waiting for.
  return slots.length > 0
    ? { kind: 'ask', slots, riders: ridersOf(state, together) }
    : { kind: 'wait', until: now + state.budget.intervalMs };
}

interface Ready {
  stream: StreamState;
  index: number;
}

/** After a request that failed as a whole the streams go alone in turn, so that a healthy one is not held up. */
const inTurn = (streams: readonly Ready[], turn: number) => streams[turn % streams.length] as Ready;

const urgency = (stream: StreamState) => (stream.isUrgent ? 1 : 0);

/** Who shares the request of the stream that has waited longest. */
function companyOf(byWait: readonly Ready[]): readonly Ready[] {
  const isAlone = ({ stream }: Ready) => stream.trouble !== null || stream.goesAlone;
  const [longest] = byWait;
  if (longest && isAlone(longest)) return [longest];
  return byWait.filter((one) => !isAlone(one));
}

/** The slots of one request as they fill up. */
class Slots {
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

function fill(state: SyncState, streams: readonly Ready[], now: number): readonly Slot[] {
  const slots = new Slots();
  addReReads(slots, state, streams);
  const checks = streams.flatMap((ready) => checksOf(state, ready));
  const due = checks.filter(({ pace }) => pace === 'now');
  const bulk = bulkOf(state, streams);

  addHeads(slots, state, streams, { now, isCrowded: bulk.length > 0, isCheckDue: due.length > 0 });
  const [first] = due;
  if (first && slots.left > 0) addWork(slots, state, first.work);
  deal(slots, state, [...bulk, ...due.filter(({ isWanted }) => isWanted).map(waitedFor)]);
  for (const { work } of [...due.slice(1), ...checks.filter(({ pace }) => pace === 'idle')]) {
    if (slots.left > 0 && !slots.has(work.kind, work.index)) addWork(slots, state, work);
  }
  return slots.taken;
}

/** One slot a stream, urgent ones first; never so many that the poll stands still. */
function addReReads(slots: Slots, state: SyncState, streams: readonly Ready[]): void {
  for (const { streamNo } of state.dirty) {
    const index = streams.find(({ stream }) => stream.table.stream.streamNo === streamNo)?.index;
    if (index === undefined || slots.taken.length === reReadsMax || slots.has('re-read', index)) continue;
    const ids = state.dirty.filter((record) => record.streamNo === streamNo).map((record) => record.id);
    slots.add({ kind: 're-read', index, ids });
  }
}

function addHeads(
  slots: Slots,
  state: SyncState,
  streams: readonly Ready[],
  { now, isCrowded, isCheckDue }: { now: number; isCrowded: boolean; isCheckDue: boolean },
): void {
  const copying = streams.filter(({ stream }) => stream.cursors.backfill).length;
  const asking = streams.filter(({ stream }) => isHeadDue(stream, copying, now));
  const room = isCrowded ? Math.min(pollSlotsInBackfill, slots.left) : slots.left;
  const count = isCheckDue && asking.length >= room ? Math.max(1, room - 1) : room;
  for (const { stream, index } of asking.slice(0, count)) {
    const isTogether = !stream.isWide && ridesAlong(stream, state.serverNow);
    slots.add(isTogether ? { kind: 'head and tail', index } : { kind: 'head', index, chainedTo: null });
  }
}

/** Whether the tail takes no query of its own. */
function ridesAlong({ cursors: { head, tail, backfill } }: StreamState, serverNow: number): boolean {
  return (
    !backfill && head !== null && tail !== null && canPollTogether(head.position, tail.position, serverNow)
  );
}

/** @param copying  how many first copies run */
function isHeadDue(
  { cursors, isUrgent, isWide, polledAt }: StreamState,
  copying: number,
  now: number,
): boolean {
  if (!cursors.head) return false;
  if (!cursors.backfill || isUrgent || isWide || cursors.head.position.pass) return true;
  return now - polledAt >= copying * copiedPollEveryMs;
}

/** A kind of reading that can take several slots of one request. */
interface Work {
  kind: Exclude<Slot['kind'], 're-read' | 'head and tail'>;
  index: number;
}

interface Check {
  work: Work;
  pace: Due;
  isWanted: boolean;
}

/** Checks of a table that is complete, each with whether it is due. The tail is one where it cannot ride along. */
function checksOf({ serverNow, pageRows }: SyncState, { stream, index }: Ready): Check[] {
  const { cursors, rows, table } = stream;
  const { tail, sweep, content, counts, mend, backfill } = cursors;
  const checks: Check[] = [];
  const check = (kind: Work['kind'], pace: Due, isWanted = false) => {
    if (pace !== null) checks.push({ work: { kind, index }, pace, isWanted });
  };
  if (tail && isTailDue(tail.position, serverNow) && !ridesAlong(stream, serverNow)) check('tail', 'now');
  if (backfill) return checks;
  const isMending = (mend?.position.days.length ?? 0) > 0;
  if (isMending) check('mend', 'now', true);
  // Where too many days differed the whole table is read for them.
  const isReadAgain = isMending || sweep?.position.isWanted === true || content?.position.isWanted === true;
  if (counts && isCountDue(counts.position, serverNow, isReadAgain)) check('counts', 'now');
  if (sweep) {
    const period = sweepPeriod(rows, pageRows);
    check('sweep', dueOf(sweep.position, rows, period, serverNow), sweep.position.isWanted);
  }
  if (content) {
    const period = contentPeriod(rows, pageRows, table.stream.cursorField === 'SystemModstamp');
    check('content', dueOf(content.position, rows, period, serverNow), content.position.isWanted);
  }
  return checks;
}

/** Work that can use several slots of a request: first copies, passes that are pages behind, checks that are waited for. */
interface Bulk {
  work: Work;
  /** More than these are of use only where nothing else wants them: they were estimated. */
  pages: number;
  /** How far it is behind, in seconds: of two that have as many slots, the later one gets the next. */
  lag: number;
}

function bulkOf({ serverNow, pageRows }: SyncState, streams: readonly Ready[]): Bulk[] {
  return streams.flatMap(({ stream, index }): Bulk[] => {
    const { backfill, head, tail } = stream.cursors;
    const passOf = (
      kind: 'head' | 'tail',
      pass: Pass | null | undefined,
      end: WindowEnd,
      now: number,
    ): Bulk[] => {
      if (!pass) return [];
      const pages = pagesExpected(pass, pageRows, { end, serverNow });
      return [{ work: { kind, index }, pages, lag: now - pass.from }];
    };
    const tailPass = tail?.position.pass;
    return [
      ...(backfill ? [{ work: { kind: 'backfill', index } as const, pages: slotsMax, lag: 0 }] : []),
      ...passOf('head', head?.position.pass, null, serverNow),
      ...passOf('tail', tailPass, tailPass?.until ?? null, serverNow - settleSeconds),
    ];
  });
}

const onePage: readonly Work['kind'][] = ['counts', 'mend'];

const waitedFor = ({ work }: Check): Bulk => ({
  work,
  pages: onePage.includes(work.kind) ? 1 : slotsMax,
  lag: 0,
});

/** The slots that are left, each to the work that has the fewest; then each work's pages in their order. */
function deal(slots: Slots, state: SyncState, works: readonly Bulk[]): void {
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
function addWork(slots: Slots, state: SyncState, { kind, index }: Work, count = 1): void {
  if (count === 0) return;
  const stream = state.streams[index] as StreamState;
  switch (kind) {
    case 'head':
    case 'tail':
      return addPages(slots, state, { kind, index }, count);
    case 'backfill':
    case 'content': {
      let before = slots.taken.findLastIndex((slot) => slot.kind === kind && slot.index === index);
      for (let nth = 0; nth < count; nth++) {
        slots.add({ kind, index, chainedTo: before < 0 ? null : before });
        before = slots.taken.length - 1;
      }
      return;
    }
    case 'sweep': {
      const taken = slots.count(kind, index);
      const pages = Math.max(1, Math.ceil(stream.rows / state.pageRows) + 1);
      for (let nth = taken; nth < Math.min(taken + count, pages); nth++) slots.add({ kind, index, nth });
      return;
    }
    case 'counts':
    case 'mend':
      if (!slots.has(kind, index)) slots.add({ kind, index });
      return;
    default:
      unreachable(kind);
  }
}

/** A pass that goes on takes a window that its pages can drain; the first of them takes the place of its own query. */
function addPages(
  slots: Slots,
  state: SyncState,
  { kind, index }: { kind: 'head' | 'tail'; index: number },
  count: number,
): void {
  const pass = (state.streams[index] as StreamState).cursors[kind]?.position.pass ?? null;
  const own = slots.taken.findIndex((slot) => slot.kind === kind && slot.index === index);
  if (!pass) {
    if (own < 0) slots.add({ kind, index, chainedTo: null });
    return;
  }
  const pages = count + (own < 0 ? 0 : 1);
  const end = kind === 'tail' ? pass.until : null;
  const before = windowEnd(pass, pages, state.pageRows, { end, serverNow: state.serverNow });
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

/** Those that waited longest first; a stream that somebody waits for at once. */
function ridersOf({ serverNow }: SyncState, streams: readonly Ready[]): Rider[] {
  return streams
    .filter(({ stream: { cursors, isWide } }) => {
      const { deleted, backfill } = cursors;
      return deleted && !backfill && isDeletedDue(deleted.position, serverNow, isWide);
    })
    .toSorted(
      (a, b) =>
        (a.stream.cursors.deleted?.position.askedAt ?? 0) - (b.stream.cursors.deleted?.position.askedAt ?? 0),
    )
    .slice(0, ridersMax)
    .map(({ index }) => ({ kind: 'deleted', index }));
}

const wakesAt = (running: readonly Ready[], now: number) =>
  Math.min(
    now + idleWaitMs,
    ...running.map(({ stream }) => Math.max(now + 1, stream.trouble?.restsUntil ?? now + idleWaitMs)),
  );
