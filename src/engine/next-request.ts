import { nextSendAt } from './budget.ts';
import { contentPeriod } from './cursors/content.ts';
import { isCountDue } from './cursors/counts.ts';
import { isDeletedDue } from './cursors/deleted-log.ts';
import { type Due, dueOf } from './cursors/pace.ts';
import { type Pass, pagesExpected, type WindowEnd } from './cursors/pass.ts';
import { canPollTogether, isTailDue, settleSeconds } from './cursors/poll.ts';
import { sweepPeriod } from './cursors/sweep.ts';
import { addWork, type Bulk, deal, type Slot, Slots, slotsMax, type Work } from './fill-slots.ts';
import type { StreamState, SyncState } from './sync-state.ts';

/** What travels with the queries and is none: a stream's log of deletions. */
export interface Rider {
  kind: 'deleted';
  index: number;
}

export type Next =
  | { kind: 'ask'; slots: readonly Slot[]; riders: readonly Rider[] }
  | { kind: 'wait'; until: number };

/** And 25 subrequests in all. */
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
  const isUrgent = ready.some(({ stream }) => stream.isUrgent || stream.marked?.isUrgent);
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

function fill(state: SyncState, streams: readonly Ready[], now: number): readonly Slot[] {
  const slots = new Slots();
  addReReads(slots, streams);
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

/** One slot a stream, urgent ones first, then those that wait longest; never so many that the poll stands still. */
function addReReads(slots: Slots, streams: readonly Ready[]): void {
  const waiting = streams.flatMap(({ stream: { marked }, index }) => (marked ? [{ ...marked, index }] : []));
  const inOrder = waiting.toSorted((a, b) => Number(b.isUrgent) - Number(a.isUrgent) || a.oldest - b.oldest);
  for (const { index } of inOrder.slice(0, reReadsMax)) slots.add({ kind: 're-read', index });
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
    const isTogether = stream.wideFrom === null && ridesAlong(stream, state.serverNow);
    if (isTogether) slots.add({ kind: 'head and tail', index });
    else addWork(slots, state, { kind: 'head', index });
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
  { cursors, isUrgent, wideFrom, polledAt }: StreamState,
  copying: number,
  now: number,
): boolean {
  if (!cursors.head) return false;
  if (!cursors.backfill || isUrgent || wideFrom !== null || cursors.head.position.pass) return true;
  return now - polledAt >= copying * copiedPollEveryMs;
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

const waitedFor = ({ work }: Check): Bulk => ({
  work,
  pages: slotsMax,
  lag: 0,
});

/** Those that waited longest first; a stream that somebody waits for at once. */
function ridersOf({ serverNow }: SyncState, streams: readonly Ready[]): Rider[] {
  return streams
    .filter(({ stream: { cursors, wideFrom } }) => {
      const { deleted, backfill } = cursors;
      return deleted && !backfill && isDeletedDue(deleted.position, serverNow, wideFrom !== null);
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
