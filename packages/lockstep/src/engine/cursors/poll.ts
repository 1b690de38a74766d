import { assert } from '@lockstep/foundation/assert';
import type { Page } from '../../core/page.ts';
import { type ServerSeconds, secondsOf, soqlTime } from '../../core/stamps.ts';
import { isFull, type Pass, passAfter, passBehind, type WindowEnd, windowCondition } from './pass.ts';

/**
 * Polling by (time, Id), where the time is SystemModstamp or what an object has in its place. The head follows the
 * newest changes within seconds; the recheck reads each change once more when it is W seconds old, because a
 * transaction's rows carry the time of their writing and appear at its commit. `at` of the head is what the status
 * view claims as read, `at` of the recheck what it claims as settled. Pure.
 */
export interface HeadPosition {
  /** All that was visible when the last pass began has been read up to here. */
  at: ServerSeconds;
  /** How far before that the next pass begins: it catches the late commits of seconds. */
  overlapSeconds: number;
  pass: Pass | null;
}

export interface RecheckPosition {
  at: ServerSeconds;
  pass: Pass | null;
}

/** A query's condition, and what its answer can prove. */
export interface PollQuery {
  where: string;
  /** A first page is read in the order of time, which says how far it has come; a window of a pass by Id. */
  order: 'time' | 'Id';
  /** Of a window. */
  before?: WindowEnd;
  /** The times that a whole pass proves, for the cursors that the query reads for. */
  headUntil?: ServerSeconds;
  recheckUntil?: ServerSeconds;
}

/** W: longer than any ordinary transaction, which Salesforce ends after ten minutes. */
export const settleSeconds = 15 * 60;
/** A recheck pass by itself is worth a query when this much has become old enough. */
const recheckStepSeconds = 60;
const overlapSecondsMin = 2;
const overlapSecondsMax = 60;

export const startOfHead = (serverNow: ServerSeconds): HeadPosition => ({
  at: serverNow - settleSeconds,
  overlapSeconds: overlapSecondsMin,
  pass: null,
});

export const startOfRecheck = (serverNow: ServerSeconds): RecheckPosition => ({
  at: serverNow - settleSeconds,
  pass: null,
});

/** The part of a pass that a query is about, and for a later page of it the Id that it goes on from, as a reference. */
interface Within {
  before?: WindowEnd | undefined;
  chained?: string | undefined;
}

/** Where the next pass of a head begins. */
const beginningOf = ({ at, overlapSeconds }: HeadPosition): ServerSeconds => at - overlapSeconds;

/**
 * A pass begins with the time of an answer that came before its first request, so that it misses nothing later.
 *
 * @param pollSince  reads from there on, where that is earlier; from where the recheck stands nothing is left out that was
 *                  committed by now
 */
export function headQuery(
  field: string,
  position: HeadPosition,
  serverNow: ServerSeconds,
  { pollSince = null, before, chained }: { pollSince?: ServerSeconds | null } & Within = {},
): PollQuery {
  const { pass } = position;
  if (pass) {
    assert(before !== undefined, 'a pass goes on in windows');
    const where = windowCondition(field, pass, before, chained);
    return { where, order: 'Id', before, headUntil: pass.until };
  }
  const from = beginningOf(position);
  const since = Math.min(from, pollSince ?? from);
  return { where: `${field} >= ${soqlTime(since)}`, order: 'time', headUntil: serverNow };
}

export function recheckQuery(
  field: string,
  { at, pass }: RecheckPosition,
  serverNow: ServerSeconds,
  { before, chained }: Within = {},
): PollQuery {
  if (pass) {
    assert(before !== undefined, 'a pass goes on in windows');
    const where = windowCondition(field, pass, before, chained);
    return { where, order: 'Id', before, recheckUntil: pass.until };
  }
  const until = serverNow - settleSeconds;
  const where = `${field} >= ${soqlTime(at)} AND ${field} < ${soqlTime(until)}`;
  return { where, order: 'time', recheckUntil: until };
}

/** Head and recheck in one query, so that the recheck costs no query of its own while little changes. */
export function headAndRecheckQuery(
  field: string,
  head: HeadPosition,
  recheck: RecheckPosition,
  serverNow: ServerSeconds,
): PollQuery {
  const both = [headQuery(field, head, serverNow), recheckQuery(field, recheck, serverNow)] as const;
  return {
    where: `(${both[0].where}) OR (${both[1].where})`,
    order: 'time',
    headUntil: serverNow,
    recheckUntil: serverNow - settleSeconds,
  };
}

/** Whether one query can serve both: neither is within a pass, and what the recheck wants lies before the head's part. */
export function canPollTogether(
  head: HeadPosition,
  recheck: RecheckPosition,
  serverNow: ServerSeconds,
): boolean {
  const recheckUntil = serverNow - settleSeconds;
  return !head.pass && !recheck.pass && recheck.at < recheckUntil && recheckUntil <= beginningOf(head);
}

export function isRecheckDue(position: RecheckPosition, serverNow: ServerSeconds): boolean {
  return position.pass !== null || serverNow - settleSeconds - position.at >= recheckStepSeconds;
}

/** What the reading of a page depends on besides its query. */
interface PageContext {
  /** What the query asked for at most. */
  limit: number;
  /** The server's time before the request. */
  serverNow: ServerSeconds;
  /** The server's time of the answer; null where it did not say. */
  answeredAt: ServerSeconds | null;
}

/** Where the cursors stand after a page; nothing for one that moves none. */
export function pollAfter(
  { head, recheck }: { head: HeadPosition; recheck: RecheckPosition },
  query: PollQuery,
  page: Page,
  context: PageContext,
): { head?: HeadPosition; recheck?: RecheckPosition } {
  const { headUntil, recheckUntil } = query;
  if (headUntil === undefined) {
    assert(recheckUntil !== undefined, 'a poll proves a time');
    return { recheck: recheckAfter(recheck, { ...query, until: recheckUntil }, page, context) };
  }
  if (recheckUntil === undefined) {
    return { head: headAfter(head, { ...query, until: headUntil }, page, context) };
  }
  if (!isFull(page, context.limit)) {
    return { head: headEnded(head, headUntil), recheck: { at: recheckUntil, pass: null } };
  }
  // In the order of time, a full page that ends before the head's part has begun says nothing of the head.
  const isInRecheck = secondsOf(page.last?.stamp ?? '') < recheckUntil;
  if (isInRecheck)
    return { recheck: { ...recheck, pass: passBehind(page, { from: recheck.at, until: recheckUntil }) } };
  return {
    head: { ...head, pass: headPass(head, headUntil, page, context) },
    recheck: { at: recheckUntil, pass: null },
  };
}

interface Asked {
  until: ServerSeconds;
  before?: WindowEnd;
}

function headAfter(
  position: HeadPosition,
  { until, before = null }: Asked,
  page: Page,
  context: PageContext,
): HeadPosition {
  const { answeredAt } = context;
  if (position.pass) {
    const pass = passAfter(
      { ...position.pass, reach: position.pass.reach ?? answeredAt },
      before,
      page,
      context,
    );
    if (pass === 'ended') return headEnded(position, until);
    const isFarEnough = !pass.window && pass.reach !== null && pass.from > pass.reach;
    if (!isFarEnough || answeredAt === null) return { ...position, pass };
    // What it was to prove is proven. More has come meanwhile: it goes on as the next one.
    return { ...headEnded(position, until), pass: { ...pass, until: answeredAt, reach: null } };
  }
  const overlapSeconds = nextOverlap(position, page, context.limit);
  if (isFull(page, context.limit))
    return { ...position, overlapSeconds, pass: headPass(position, until, page, context) };
  return { ...headEnded(position, until), overlapSeconds };
}

const headPass = (
  position: HeadPosition,
  until: ServerSeconds,
  page: Page,
  { answeredAt }: PageContext,
): Pass => passBehind(page, { from: beginningOf(position), until, reach: answeredAt });

const headEnded = (position: HeadPosition, until: ServerSeconds): HeadPosition => ({
  at: Math.max(position.at, until),
  overlapSeconds: position.overlapSeconds,
  pass: null,
});

function recheckAfter(
  position: RecheckPosition,
  { until, before = null }: Asked,
  page: Page,
  context: PageContext,
): RecheckPosition {
  const ended = { at: Math.max(position.at, until), pass: null };
  if (!position.pass) {
    return isFull(page, context.limit)
      ? { ...position, pass: passBehind(page, { from: position.at, until }) }
      : ended;
  }
  const pass = passAfter(position.pass, before, page, context);
  const isOver = pass === 'ended' || (!pass.window && pass.from >= until);
  return isOver ? ended : { ...position, pass };
}

/** Doubled while a pass's first page stays under a quarter, halved when it does not. */
function nextOverlap({ overlapSeconds }: HeadPosition, page: Page, limit: number): number {
  const wanted = page.count > limit / 4 ? overlapSeconds / 2 : overlapSeconds * 2;
  return Math.min(overlapSecondsMax, Math.max(overlapSecondsMin, Math.floor(wanted)));
}
