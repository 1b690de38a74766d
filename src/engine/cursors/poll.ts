import type { RecordId } from '../../core/ids.ts';
import type { Page, Stamp } from '../../core/page.ts';
import { type ServerSeconds, secondsOf, soqlTime, stampOf } from '../../core/stamps.ts';
import { assert } from '../../lib/assert.ts';

/**
 * Polling by (time, Id), where the time is SystemModstamp or what an object has in its place. The head follows the
 * newest changes within seconds; the tail reads each change once more when it is W seconds old, because a
 * transaction's rows carry the time of their writing and appear at its commit. `at` of the head is what the status
 * view claims as read, `at` of the tail what it claims as settled. Pure.
 */
export interface HeadPosition {
  /** All that was visible when the last pass began has been read up to here. */
  at: ServerSeconds;
  /** Where the last pass has left off, if that is later: it was full of what had come since it began. */
  leftAt?: ServerSeconds;
  /** How far before that the next pass begins: it catches the late commits of seconds. */
  overlapSeconds: number;
  pass: Pass | null;
}

export interface TailPosition {
  at: ServerSeconds;
  pass: Pass | null;
}

/** A walk over more than one page, after its first: where it goes on, and the time that its end will prove. */
export interface Pass {
  until: ServerSeconds;
  /**
   * The server's time of its first answer, where it is known. A head that has read so far may end, however much has
   * come since, so that under a load that never ends its claims move on.
   */
  reach?: ServerSeconds;
  after: Place;
  /** Rows a second of the last full page; what the windows of one request are cut by. */
  rate?: number;
}

/** Behind a record; or, without an Id, at the beginning of a second. Ids are Salesforce's own, echoed. */
export interface Place {
  stamp: Stamp;
  id: RecordId | null;
}

/**
 * A part of a pass that goes on: from its place up to a second, which is left out; null: without an end. Several
 * windows of one request follow each other without a gap. A chained one takes, of a mass of records with one stamp,
 * those behind the last record of the window before, to which it refers.
 */
export interface Window {
  from: Place;
  before: ServerSeconds | null;
  isChained: boolean;
}

/** A query's condition, and what its answer can prove. Ordered by time, Id. */
export interface PollQuery {
  where: string;
  window?: Window;
  /** The times that a whole pass proves, for the cursors that the query reads for. */
  headUntil?: ServerSeconds;
  tailUntil?: ServerSeconds;
}

/** W: longer than any ordinary transaction, which Salesforce ends after ten minutes. */
export const settleSeconds = 15 * 60;
/** A tail pass by itself is worth a query when this much has become old enough. */
const tailStepSeconds = 60;
const overlapSecondsMin = 2;
const overlapSecondsMax = 60;

export const startOfHead = (serverNow: ServerSeconds): HeadPosition => ({
  at: serverNow - settleSeconds,
  overlapSeconds: overlapSecondsMin,
  pass: null,
});

export const startOfTail = (serverNow: ServerSeconds): TailPosition => ({
  at: serverNow - settleSeconds,
  pass: null,
});

/** The form of an answer, with its `+0000`, is a literal too once the zone is written as Z. */
const soqlLiteral = (stamp: Stamp) => stamp.replace('+0000', 'Z');

/** Strictly after a full page's last record: many records may share one stamp. */
function behind(field: string, { stamp, id }: Place): string {
  const time = soqlLiteral(stamp);
  return id === null
    ? `${field} >= ${time}`
    : `((${field} = ${time} AND Id > '${id}') OR ${field} > ${time})`;
}

function within(field: string, { from, before, isChained }: Window, chained = ''): string {
  if (isChained) return `${field} = ${soqlLiteral(from.stamp)} AND Id > ${chained}`;
  return before === null ? behind(field, from) : `${behind(field, from)} AND ${field} < ${soqlTime(before)}`;
}

/** The part of a pass that a query is about, and for a chained one the Id that it goes on from, as a reference. */
interface Within {
  window?: Window | undefined;
  chained?: string | undefined;
}

/** Where the next pass of a head begins. */
const beginningOf = ({ at, leftAt = at, overlapSeconds }: HeadPosition): ServerSeconds =>
  Math.max(at, leftAt) - overlapSeconds;

/**
 * A pass begins with the time of an answer that came before its first request, so that it misses nothing later.
 *
 * @param isWide  reads from W before now on, so that nothing is left out that was committed by now
 */
export function headQuery(
  field: string,
  position: HeadPosition,
  serverNow: ServerSeconds,
  { isWide = false, window, chained }: { isWide?: boolean } & Within = {},
): PollQuery {
  if (position.pass) {
    const asked = window ?? { from: position.pass.after, before: null, isChained: false };
    return { where: within(field, asked, chained), window: asked, headUntil: position.pass.until };
  }
  const from = beginningOf(position);
  const since = isWide ? Math.min(from, serverNow - settleSeconds) : from;
  return { where: `${field} >= ${soqlTime(since)}`, headUntil: serverNow };
}

export function tailQuery(
  field: string,
  position: TailPosition,
  serverNow: ServerSeconds,
  { window, chained }: Within = {},
): PollQuery {
  if (position.pass) {
    const asked = window ?? { from: position.pass.after, before: position.pass.until, isChained: false };
    return { where: within(field, asked, chained), window: asked, tailUntil: position.pass.until };
  }
  const until = serverNow - settleSeconds;
  return {
    where: `${field} >= ${soqlTime(position.at)} AND ${field} < ${soqlTime(until)}`,
    tailUntil: until,
  };
}

/** Head and tail in one query, so that the tail costs no query of its own while little changes. */
export function headAndTailQuery(
  field: string,
  head: HeadPosition,
  tail: TailPosition,
  serverNow: ServerSeconds,
): PollQuery {
  const both = [headQuery(field, head, serverNow), tailQuery(field, tail, serverNow)] as const;
  return {
    where: `(${both[0].where}) OR (${both[1].where})`,
    headUntil: serverNow,
    tailUntil: serverNow - settleSeconds,
  };
}

/** Whether one query can serve both: neither is within a pass, and what the tail wants lies before the head's part. */
export function canPollTogether(head: HeadPosition, tail: TailPosition, serverNow: ServerSeconds): boolean {
  const tailUntil = serverNow - settleSeconds;
  return !head.pass && !tail.pass && tail.at < tailUntil && tailUntil <= beginningOf(head);
}

export function isTailDue(position: TailPosition, serverNow: ServerSeconds): boolean {
  return position.pass !== null || serverNow - settleSeconds - position.at >= tailStepSeconds;
}

/**
 * Where the cursors stand after a page; nothing for one that moves none. A window moves its cursor only where the pass
 * has come to its beginning: behind a gap the rows are good, and the cursor waits.
 */
export function pollAfter(
  { head, tail }: { head: HeadPosition; tail: TailPosition },
  query: PollQuery,
  page: Page,
  { pageRows, answeredAt }: PageContext,
): { head?: HeadPosition; tail?: TailPosition } {
  const { headUntil, tailUntil } = query;
  if (headUntil === undefined) {
    assert(tailUntil !== undefined, 'a poll proves a time');
    const to = tailAfter(tail, { ...query, until: tailUntil }, page, pageRows);
    return to ? { tail: to } : {};
  }
  if (tailUntil === undefined) {
    const to = headAfter(head, { ...query, until: headUntil }, page, { pageRows, answeredAt });
    return to ? { head: to } : {};
  }
  if (!isFull(page, pageRows)) {
    return { head: headEnded(head, headUntil), tail: { at: tailUntil, pass: null } };
  }
  // In the order of time, a full page that ends before the head's part has begun says nothing of the head.
  const isInTail = secondsOf(lastOf(page).stamp) < tailUntil;
  if (isInTail) return { tail: { ...tail, pass: begun(tail.at, tailUntil, page, pageRows) } };
  return {
    head: {
      ...head,
      pass: { ...begun(beginningOf(head), headUntil, page, pageRows), ...reachOf(answeredAt) },
    },
    tail: { at: tailUntil, pass: null },
  };
}

interface Asked {
  until: ServerSeconds;
  window?: Window;
}

interface PageContext {
  /** What a query asks for at most. */
  pageRows: number;
  /** The server's time of the answer; null where it did not say. */
  answeredAt: ServerSeconds | null;
}

const reachOf = (answeredAt: ServerSeconds | null) => (answeredAt === null ? {} : { reach: answeredAt });

function headAfter(
  position: HeadPosition,
  asked: Asked,
  page: Page,
  { pageRows, answeredAt }: PageContext,
): HeadPosition | null {
  const { until } = asked;
  if (position.pass) {
    const pass = passAfter(position.pass, asked.window, page, pageRows);
    if (pass === null) return null;
    if (pass === 'ended') return headEnded(position, until);
    const { reach } = position.pass;
    const readTo = pass.after.id === null ? secondsOf(pass.after.stamp) : null;
    const isFarEnough = readTo !== null && reach !== undefined && readTo > reach;
    return isFarEnough ? { ...headEnded(position, until), leftAt: readTo } : { ...position, pass };
  }
  if (asked.window) return null;
  const overlapSeconds = nextOverlap(position, page, pageRows);
  if (isFull(page, pageRows)) {
    const pass = { ...begun(beginningOf(position), until, page, pageRows), ...reachOf(answeredAt) };
    return { ...position, overlapSeconds, pass };
  }
  return { ...headEnded(position, until), overlapSeconds };
}

function tailAfter(position: TailPosition, asked: Asked, page: Page, pageRows: number): TailPosition | null {
  const { until } = asked;
  const ended = { at: Math.max(position.at, until), pass: null };
  if (position.pass) {
    const pass = passAfter(position.pass, asked.window, page, pageRows);
    if (pass === null) return null;
    const isAtEnd = pass !== 'ended' && pass.after.id === null && secondsOf(pass.after.stamp) >= until;
    return pass === 'ended' || isAtEnd ? ended : { ...position, pass };
  }
  if (asked.window) return null;
  return isFull(page, pageRows) ? { ...position, pass: begun(position.at, until, page, pageRows) } : ended;
}

const headEnded = (position: HeadPosition, until: ServerSeconds): HeadPosition => ({
  at: Math.max(position.at, until),
  overlapSeconds: position.overlapSeconds,
  pass: null,
});

const begun = (from: ServerSeconds, until: ServerSeconds, page: Page, pageRows: number): Pass => ({
  until,
  after: lastOf(page),
  rate: rateOf(from, page, pageRows),
});

/** Where the pass stands behind a page; null where that does not follow on what the pass has read. */
function passAfter(
  pass: Pass,
  window: Window | undefined,
  page: Page,
  pageRows: number,
): Pass | 'ended' | null {
  if (!window || !follows(pass.after, window)) return null;
  if (isFull(page, pageRows)) {
    return { ...pass, after: lastOf(page), rate: rateOf(secondsOf(pass.after.stamp), page, pageRows) };
  }
  const end = window.isChained ? secondsOf(window.from.stamp) + 1 : window.before;
  if (end === null) return 'ended';
  return { ...pass, after: { stamp: stampOf(end), id: null } };
}

/** A chained window began behind the last record of the slot before it: the pass stands there, at the same stamp. */
function follows({ stamp, id }: Place, { from, isChained }: Window): boolean {
  if (isChained) return id !== null && stamp === from.stamp;
  return stamp === from.stamp && id === from.id;
}

const rateOf = (from: ServerSeconds, page: Page, pageRows: number) =>
  pageRows / Math.max(1, secondsOf(lastOf(page).stamp) - from);

/** Windows are cut so that this share of a page fills, because rates vary. */
const windowFill = 0.9;

/**
 * Up to `count` windows of a pass, one behind the other. The first goes on where the pass stands. Where records are
 * denser than a page a second, the others are chained.
 *
 * @param end  where the pass ends; null: the head's, which has no end
 */
export function windowsOf(
  { after, rate }: Pass,
  end: ServerSeconds | null,
  count: number,
  pageRows: number,
): Window[] {
  const first: Window = { from: after, before: end, isChained: false };
  if (rate === undefined || count <= 1) return [first];
  const seconds = Math.floor((pageRows * windowFill) / rate);
  if (seconds < 1 && after.id !== null) {
    return [first, ...Array.from({ length: count - 1 }, () => ({ ...first, isChained: true }))];
  }
  const windows: Window[] = [];
  let from = after;
  let edge = secondsOf(after.stamp);
  for (let nth = 1; nth <= count; nth++) {
    edge += Math.max(1, seconds);
    const isLast = nth === count || (end !== null && edge >= end);
    windows.push({ from, before: isLast ? end : edge, isChained: false });
    if (isLast) break;
    from = { stamp: stampOf(edge), id: null };
  }
  return windows;
}

/** Doubled while a pass's first page stays under a quarter, halved when it does not. */
function nextOverlap({ overlapSeconds }: HeadPosition, page: Page, pageRows: number): number {
  const wanted = page.count > pageRows / 4 ? overlapSeconds / 2 : overlapSeconds * 2;
  return Math.min(overlapSecondsMax, Math.max(overlapSecondsMin, Math.floor(wanted)));
}

/** Rows that Salesforce kept back make a page full, whatever its count. */
export const isFull = (page: Page, pageRows: number) => page.count >= pageRows || !page.done;

function lastOf(page: Page): { stamp: Stamp; id: RecordId } {
  assert(page.last, 'a full page ends with a record that has an Id and a time');
  return page.last;
}
