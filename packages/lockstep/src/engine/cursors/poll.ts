import { assert } from '@lockstep/foundation/assert';
import type { Page } from '../../core/page.ts';
import { type ServerSeconds, secondsOf, soqlTime } from '../../core/stamps.ts';
import { isFull, type Pass, passAfter, passAfterFullPage, type WindowEnd, windowCondition } from './pass.ts';

/**
 * Polling by (time, Id), where the time is SystemModstamp or what an object has instead. The head follows the newest
 * changes within seconds. The recheck reads each change once more when it is W seconds old, because a transaction's
 * rows carry the time when they were written but appear only at its commit. The status view claims everything up to
 * the head's `at` as read, and up to the recheck's `at` as settled. Pure.
 */
export interface HeadPosition {
  /** Everything up to here that was visible when the last pass began has been read. */
  at: ServerSeconds;
  /** How far before `at` the next pass begins, to catch commits that were seconds late. */
  overlapSeconds: number;
  pass: Pass | null;
}

export interface RecheckPosition {
  at: ServerSeconds;
  pass: Pass | null;
}

/** The condition of a query, and what its answer can prove. */
export interface PollQuery {
  where: string;
  /** A first page is read in order of time, so that it shows how far it got; a window of a pass by Id. */
  order: 'time' | 'Id';
  /** The end of a window. */
  before?: WindowEnd;
  /** The times that a complete pass proves, for the cursors that the query serves. */
  headUntil?: ServerSeconds;
  recheckUntil?: ServerSeconds;
}

/** W: longer than any ordinary transaction, because Salesforce ends those after ten minutes. */
export const settleSeconds = 15 * 60;
/** A recheck gets a query of its own when this much more is old enough. */
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

/** The window that a query reads, and for a later page of it a reference to the Id to continue after. */
interface Within {
  before?: WindowEnd | undefined;
  chained?: string | undefined;
}

/** Where the next pass of a head begins. */
const beginningOf = ({ at, overlapSeconds }: HeadPosition): ServerSeconds => at - overlapSeconds;

/**
 * A pass proves the time of an answer that came before its first request, so that it misses nothing up to then.
 *
 * @param pollSince  reads from this time if that is earlier. From the recheck's position on, it misses nothing that is
 *                  committed now
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

/** Head and recheck in one query, so that the recheck needs no query of its own while little changes. */
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

/** Whether one query can serve both: neither is within a pass, and the recheck's part lies before the head's. */
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

/** What the meaning of a page depends on besides its query. */
interface PollContext {
  /** The limit of the query. */
  limit: number;
  /** The server's time before the request. */
  serverNow: ServerSeconds;
  /** The server's time of the answer; null if it gave none. */
  answeredAt: ServerSeconds | null;
}

/** The positions after a page; a cursor that does not move is left out. */
export function pollAfter(
  { head, recheck }: { head: HeadPosition; recheck: RecheckPosition },
  query: PollQuery,
  page: Page,
  context: PollContext,
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
  // The rows are in order of time: a full page that ends before the head's part says nothing about the head.
  const isInRecheck = secondsOf(page.last?.stamp ?? '') < recheckUntil;
  if (isInRecheck)
    return {
      recheck: { ...recheck, pass: passAfterFullPage(page, { from: recheck.at, until: recheckUntil }) },
    };
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
  context: PollContext,
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
    // It has read what it had to prove. More has changed meanwhile: it continues as the next pass.
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
  { answeredAt }: PollContext,
): Pass => passAfterFullPage(page, { from: beginningOf(position), until, reach: answeredAt });

const headEnded = (position: HeadPosition, until: ServerSeconds): HeadPosition => ({
  at: Math.max(position.at, until),
  overlapSeconds: position.overlapSeconds,
  pass: null,
});

function recheckAfter(
  position: RecheckPosition,
  { until, before = null }: Asked,
  page: Page,
  context: PollContext,
): RecheckPosition {
  const ended = { at: Math.max(position.at, until), pass: null };
  if (!position.pass) {
    return isFull(page, context.limit)
      ? { ...position, pass: passAfterFullPage(page, { from: position.at, until }) }
      : ended;
  }
  const pass = passAfter(position.pass, before, page, context);
  const isOver = pass === 'ended' || (!pass.window && pass.from >= until);
  return isOver ? ended : { ...position, pass };
}

/** Doubled while a pass's first page is at most a quarter full, halved when it is fuller. */
function nextOverlap({ overlapSeconds }: HeadPosition, page: Page, limit: number): number {
  const wanted = page.count > limit / 4 ? overlapSeconds / 2 : overlapSeconds * 2;
  return Math.min(overlapSecondsMax, Math.max(overlapSecondsMin, Math.floor(wanted)));
}
