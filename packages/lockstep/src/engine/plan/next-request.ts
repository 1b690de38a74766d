import { isCountDue } from '../cursors/counts.ts';
import { isDeletedDue } from '../cursors/deleted-log.ts';
import { sharesHeadQuery } from '../cursors/head.ts';
import { readings } from '../cursors/index.ts';
import type { Due } from '../cursors/pace.ts';
import { type Slot, Slots, slotsMax } from '../cursors/reading.ts';
import { isRepairing } from '../cursors/repair.ts';
import { isBackingOff } from '../run/problems.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';
import { nextSendAt } from './budget.ts';
import {
  type BulkStep,
  type BulkUnderWay,
  nextBulkStep,
  noBulkUnderWay,
  waitsAs,
  wantsBulk,
} from './bulk-step.ts';
import {
  type DescribeRequest,
  describesOf,
  describesTogetherMax,
  identifyNow,
  isDescribeDue,
} from './describes.ts';
import { addWork, distributeSlots, type PagedWork, type Work } from './fill-slots.ts';

/** A stream's log of deletions, which is requested along with the queries. */
export interface DeletedLogRequest {
  kind: 'deleted';
  index: number;
}

/**
 * The next exchange with Salesforce. `isSeparate`: it runs in parallel with the requests that streams share, and its
 * result takes effect between two of them.
 */
export type Next =
  /** Queries in one composite request, along with logs of deletions and descriptions that may have changed. */
  | {
      kind: 'composite';
      slots: readonly Slot[];
      deletedLogs: readonly DeletedLogRequest[];
      describes: readonly DescribeRequest[];
      isSeparate: boolean;
    }
  /** Counts of some streams' records. */
  | { kind: 'count'; indexes: readonly number[]; isSeparate: true }
  /** A step of a Bulk reading. */
  | { kind: 'bulk'; index: number; step: BulkStep; isSeparate: true }
  /** The current descriptions of some objects. */
  | { kind: 'describe'; indexes: readonly number[]; isSeparate: true }
  /** The durable Ids of some objects and their fields. */
  | { kind: 'identify'; indexes: readonly number[]; isSeparate: true }
  | { kind: 'wait'; until: number };

/** A composite request has 25 subrequests at most, five of them queries. */
const ridesMax = 20;
/** Records to be read again must leave slots for the poll. */
const reReadsMax = slotsMax - 2;
/** While somebody waits, as many requests are shared for one that is not: a constant load must not stop those. */
const sharedIfUrgent = 3;
/** While backfills run, polls of the tables that are complete keep this many slots. */
const pollSlotsInBackfill = 2;
/** A table in backfill claims nothing yet, so all of them together get one poll in this time. */
const backfillPollEveryMs = 10_000;
const idleWaitMs = 60_000;

/** The requests under way in parallel with the shared ones. */
export interface InBackground {
  isCounting: boolean;
  isDescribing: boolean;
  /** The numbers of the streams whose pages are being read by requests of their own. */
  asking: ReadonlySet<number>;
  bulk: BulkUnderWay;
}

/** How many requests of one stream may be under way; each can take two minutes if Salesforce is slow. */
const separateRequestsMax = 5;

export const nothingInBackground: InBackground = {
  isCounting: false,
  isDescribing: false,
  asking: new Set(),
  bulk: noBulkUnderWay,
};

/**
 * Which request to make next, or until when to wait. Pure: this function alone decides what a sync reads.
 *
 * A request has five slots. Records that must be read again come first. Then come heads, starting with the stream
 * that has waited longest, so that none starves; a recheck shares its head's query while little changes. One slot may
 * go to a check that lags behind its schedule. The rest is shared by backfills, passes that are pages behind and
 * checks that somebody waits for, and finally goes to checks ahead of their schedule. Logs of deletions are requested
 * along with the queries.
 *
 * Only what has failed rests. A stream whose poll has failed gets requests of its own until it succeeds, and so does
 * one whose requests are slow. After a request that failed as a whole, the streams take turns in requests of their
 * own.
 */
export function nextRequest(
  state: SyncState,
  now: number,
  inBackground: InBackground = nothingInBackground,
): Next {
  const all = state.streams
    .map((stream, index) => ({ stream, index }))
    .filter(({ stream }) => !inBackground.asking.has(stream.table.stream.streamNo));
  const mayAskSeparately = inBackground.asking.size < separateRequestsMax;
  const ready = all.filter((one) => isReady(one, now) && (mayAskSeparately || !needsOwnRequest(one)));
  const isPriority = ready.some(({ stream }) => stream.isPriority || stream.marked?.isPriority);
  const sendAt = Math.max(
    nextSendAt(state.budget, isPriority, now),
    state.syncProblem?.retryAt ?? 0,
    state.quota.closedUntil ?? 0,
  );
  if (sendAt > now) return { kind: 'wait', until: sendAt };
  const isItsTurn = ready.length === 0 || state.sharedInARow >= (isPriority ? sharedIfUrgent : 1);
  const separate = state.syncProblem ? null : separateRequest(state, all, inBackground, now);
  if (separate && isItsTurn) return separate;
  if (ready.length === 0) return { kind: 'wait', until: wakesAt(all, now) };

  const byWait = ready.toSorted(
    (a, b) => urgency(b.stream) - urgency(a.stream) || a.stream.polledAt - b.stream.polledAt,
  );
  const batches = state.syncProblem ? [[inTurn(byWait, state.syncProblem.tries)]] : groupStreams(byWait);
  for (const together of batches) {
    const slots = fill(state, together, now);
    const isSeparate = state.streams.length > 1 && !state.syncProblem && together.every(needsOwnRequest);
    if (slots.length === 0) continue;
    const deletedLogs = deletedLogsOf(state, together, now);
    const room = isPriority ? 0 : ridesMax - deletedLogs.length;
    const describes = describesOf(together, { intervalMs: state.budget.intervalMs, now, room });
    return { kind: 'composite', slots, deletedLogs, describes, isSeparate };
  }
  // Nothing is due now; it is decided again after an interval.
  return separate ?? { kind: 'wait', until: now + state.budget.intervalMs };
}

interface Ready {
  stream: StreamState;
  index: number;
}

/** A stopped stream is tried again when its retry time has come. */
function isReady({ stream }: Ready, now: number): boolean {
  if (stream.isTableChanged || isBackingOff(stream, 'table', now)) return false;
  return stream.stopped === null || stream.stopped.retryAt <= now;
}

/** A request without pages; one of each kind at a time. */
function separateRequest(
  state: SyncState,
  all: readonly Ready[],
  inBackground: InBackground,
  now: number,
): Next | null {
  const described = inBackground.isDescribing ? [] : all.filter(({ stream }) => isDescribeDue(stream, now));
  if (described.length > 0) {
    const indexes = described.slice(0, describesTogetherMax).map(({ index }) => index);
    return { kind: 'describe', indexes, isSeparate: true };
  }
  const counted = inBackground.isCounting
    ? []
    : all.filter(({ stream }) => isCountedNow(state, stream, now)).slice(0, slotsMax);
  if (counted.length > 0)
    return { kind: 'count', indexes: counted.map(({ index }) => index), isSeparate: true };
  const identified = inBackground.isDescribing ? [] : identifyNow(all, now);
  if (identified.length > 0)
    return { kind: 'identify', indexes: identified.map(({ index }) => index), isSeparate: true };
  const steps = all.flatMap(({ stream, index }) => {
    const step = isReadable(stream) ? nextBulkStep(state, stream, inBackground.bulk, now) : null;
    return step ? [{ index, step, waits: waitsAs(stream, step) }] : [];
  });
  const [next] = steps.toSorted((one, other) => one.waits - other.waits);
  return next ? { kind: 'bulk', index: next.index, step: next.step, isSeparate: true } : null;
}

const isReadable = ({ stopped, isTableChanged }: StreamState) => !stopped && !isTableChanged;

function isCountedNow({ serverNow }: SyncState, stream: StreamState, now: number): boolean {
  const { counts, backfill } = stream.cursors;
  if (!counts || backfill || stream.stopped || stream.isTableChanged || isBackingOff(stream, 'counts', now))
    return false;
  return isCountDue(counts.position, serverNow, isReadAgain(stream));
}

/** The days that differed, or the whole table instead, are being read again. */
const isReadAgain = ({ cursors: { repair, sweep, content } }: StreamState): boolean =>
  isRepairing(repair) || sweep?.position.isWanted === true || content?.position.isWanted === true;

/** After a request that failed as a whole each stream gets a request in turn, so that healthy ones are not held up. */
const inTurn = (streams: readonly Ready[], turn: number) => streams[turn % streams.length] as Ready;

const urgency = (stream: StreamState) => (stream.isPriority ? 1 : 0);

/** Its requests may take long, or each of its readings takes several queries: it must not hold up the others. */
const needsOwnRequest = ({ stream }: Ready) =>
  stream.problems.poll !== undefined || stream.slow !== null || stream.table.stream.queryParts > 1;

/** Which streams share a request; the batch that has waited longest comes first. */
function groupStreams(byWait: readonly Ready[]): readonly (readonly Ready[])[] {
  const shared = byWait.filter((one) => !needsOwnRequest(one));
  return byWait.flatMap((one) => (needsOwnRequest(one) ? [[one]] : one === shared[0] ? [shared] : []));
}

function fill(state: SyncState, streams: readonly Ready[], now: number): readonly Slot[] {
  const slots = new Slots(({ index }) => queriesOf(state, index));
  const readable = streams.filter(({ stream }) => !stream.stopped);
  addReReads(slots, readable, now);
  const checks = readable.flatMap((ready) => checksOf(state, ready, now));
  const due = checks.filter(({ pace }) => pace === 'now');
  const backlogs = backlogsOf(state, readable, now);
  for (const { stream, index } of streams) {
    if (stream.stopped && slots.left > 0) addWork(slots, state, { kind: probeOf(stream), index });
  }

  addHeads(slots, state, readable, { now, isCrowded: backlogs.length > 0, isCheckDue: due.length > 0 });
  const [first] = due;
  if (first && slots.left > 0) addWork(slots, state, first.work);
  distributeSlots(slots, state, [...backlogs, ...due.filter(({ isWanted }) => isWanted).map(waitedFor)]);
  for (const { work } of [...due.slice(1), ...checks.filter(({ pace }) => pace === 'idle')]) {
    if (slots.left > 0 && !slots.has(work.kind, work.index)) addWork(slots, state, work);
  }
  return slots.fitting;
}

const queriesOf = ({ streams }: SyncState, index: number): number =>
  streams[index]?.table.stream.queryParts ?? 1;

/** The reading that shows whether a stopped object can be read again. */
const probeOf = ({ cursors }: StreamState): string =>
  cursors.head ? 'head' : cursors.backfill ? 'backfill' : 'content';

/** One slot per stream, urgent ones first, then those that have waited longest; leaves slots for the poll. */
function addReReads(slots: Slots, streams: readonly Ready[], now: number): void {
  const waiting = streams.flatMap(({ stream, index }) =>
    stream.marked && !isBackingOff(stream, 're-read', now) ? [{ ...stream.marked, index }] : [],
  );
  const inOrder = waiting.toSorted(
    (a, b) => Number(b.isPriority) - Number(a.isPriority) || a.oldest - b.oldest,
  );
  for (const { index } of inOrder.slice(0, reReadsMax)) slots.add({ kind: 're-read', index });
}

function addHeads(
  slots: Slots,
  state: SyncState,
  streams: readonly Ready[],
  { now, isCrowded, isCheckDue }: { now: number; isCrowded: boolean; isCheckDue: boolean },
): void {
  const backfillCount = streams.filter(({ stream }) => stream.cursors.backfill).length;
  const asking = streams.filter(({ stream }) => isHeadDue(state, stream, backfillCount, now));
  const room = isCrowded ? Math.min(pollSlotsInBackfill, slots.left) : slots.left;
  const count = isCheckDue && asking.length >= room ? Math.max(1, room - 1) : room;
  for (const { stream, index } of asking.slice(0, count)) {
    const isTogether = stream.pollSince === null && sharesHeadQuery(stream, state.serverNow);
    if (isTogether) slots.add({ kind: 'head and recheck', index });
    else addWork(slots, state, { kind: 'head', index });
  }
}

/** @param backfillCount  how many backfills run */
function isHeadDue(state: SyncState, stream: StreamState, backfillCount: number, now: number): boolean {
  const { cursors, isPriority, pollSince, polledAt } = stream;
  if (!cursors.head || isBackingOff(stream, 'poll', now)) return false;
  // Its table should be empty when its Bulk backfill begins, which is at once.
  if (!isPriority && wantsBulk(state, stream)) return false;
  if (!cursors.backfill || isPriority || pollSince !== null || cursors.head.position.pass) return true;
  return now - polledAt >= backfillCount * backfillPollEveryMs;
}

interface Check {
  work: Work;
  pace: Due;
  isWanted: boolean;
}

/** The checks of a stream that want to read, in the order of the list of cursors. */
function checksOf(
  { serverNow, pageRows, streams }: SyncState,
  { stream, index }: Ready,
  now: number,
): Check[] {
  return readings().flatMap(({ kind, activity, due }): Check[] => {
    const wanted = due?.(stream, { serverNow, pageRows, streams });
    if (!wanted || wanted.pace === null || isBackingOff(stream, activity, now)) return [];
    return [{ work: { kind, index }, pace: wanted.pace, isWanted: wanted.isWanted ?? false }];
  });
}

/** The readings that are pages behind. */
function backlogsOf(state: SyncState, ready: readonly Ready[], now: number): PagedWork[] {
  return ready.flatMap(({ stream, index }) => {
    // Only after a request that failed as a whole is it read page by page: its next request shows whether all is well.
    const waitsForBulk = !state.syncProblem && wantsBulk(state, stream);
    return readings().flatMap(({ kind, activity, behind }): PagedWork[] => {
      const pages = behind?.(stream, state.serverNow, state.streams);
      const isLater = isBackingOff(stream, activity, now) || (kind === 'backfill' && waitsForBulk);
      return pages && !isLater ? [{ work: { kind, index }, ...pages }] : [];
    });
  });
}

const waitedFor = ({ work }: Check): PagedWork => ({
  work,
  pages: slotsMax,
  lag: 0,
});

/** Those that have waited longest come first. A stream that somebody waits for does not wait for the interval. */
function deletedLogsOf(
  { serverNow }: SyncState,
  streams: readonly Ready[],
  now: number,
): DeletedLogRequest[] {
  return streams
    .filter(({ stream }) => {
      const { deleted, backfill } = stream.cursors;
      if (!deleted || backfill || stream.stopped || isBackingOff(stream, 'deleted log', now)) return false;
      return isDeletedDue(deleted.position, serverNow, stream.pollSince !== null);
    })
    .toSorted(
      (a, b) =>
        (a.stream.cursors.deleted?.position.askedAt ?? 0) - (b.stream.cursors.deleted?.position.askedAt ?? 0),
    )
    .slice(0, ridesMax)
    .map(({ index }) => ({ kind: 'deleted', index }));
}

/** The next time at which one of the streams may be read. */
const wakesAt = (all: readonly Ready[], now: number) =>
  Math.min(
    now + idleWaitMs,
    ...all
      .filter(({ stream }) => !stream.isTableChanged)
      .map(({ stream }) =>
        Math.max(now + 1, stream.problems.table?.retryAt ?? 0, stream.stopped?.retryAt ?? 0),
      ),
  );
