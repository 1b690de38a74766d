import type { Cursor, Page } from '../core/page.ts';
import { type ServerSeconds, soqlTime } from '../core/stamps.ts';
import { assert } from '../lib/assert.ts';

/**
 * Polling by (SystemModstamp, Id). The head follows the newest changes within seconds; the tail reads each change
 * once more when it is W seconds old, because a transaction's rows carry the time of their writing and appear at its
 * commit. `at` of the head is what the status view claims as read, `at` of the tail what it claims as settled. Pure.
 */
export interface HeadPosition {
  /** All that was visible when the last pass began has been read up to here. */
  at: ServerSeconds;
  /** How far before `at` the next pass begins: it catches the late commits of seconds. */
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
  after: Cursor;
}

/** A query's condition and the time that its pass proves. Ordered by SystemModstamp, Id. */
export interface PollQuery {
  where: string;
  until: ServerSeconds;
}

/** W: longer than any ordinary transaction, which Salesforce ends after ten minutes. */
export const settleSeconds = 15 * 60;
/** A tail pass is worth a query when this much has become old enough. */
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

/** Strictly after a full page's last record: many records may share one stamp. Ids are Salesforce's own, echoed. */
const after = ({ stamp, id }: Cursor) =>
  `((SystemModstamp = ${soqlLiteral(stamp)} AND Id > '${id}') OR SystemModstamp > ${soqlLiteral(stamp)})`;

/** The form of an answer, with its `+0000`, is a literal too once the zone is written as Z. */
const soqlLiteral = (stamp: string) => stamp.replace('+0000', 'Z');

/** A pass begins with the time of an answer that came before its first request, so that it misses nothing later. */
export function headQuery(position: HeadPosition, serverNow: ServerSeconds): PollQuery {
  if (position.pass) return { where: after(position.pass.after), until: position.pass.until };
  return { where: `SystemModstamp >= ${soqlTime(position.at - position.overlapSeconds)}`, until: serverNow };
}

export function headAfter(
  position: HeadPosition,
  until: ServerSeconds,
  page: Page,
  pageRows: number,
): HeadPosition {
  const overlapSeconds = position.pass ? position.overlapSeconds : nextOverlap(position, page, pageRows);
  if (isFull(page, pageRows)) {
    return { ...position, overlapSeconds, pass: { until, after: lastOf(page) } };
  }
  return { at: Math.max(position.at, until), overlapSeconds, pass: null };
}

/** Doubled while a pass's first page stays under a quarter, halved when it does not. */
function nextOverlap({ overlapSeconds }: HeadPosition, page: Page, pageRows: number): number {
  const wanted = page.count > pageRows / 4 ? overlapSeconds / 2 : overlapSeconds * 2;
  return Math.min(overlapSecondsMax, Math.max(overlapSecondsMin, Math.floor(wanted)));
}

export function isTailDue(position: TailPosition, serverNow: ServerSeconds): boolean {
  return position.pass !== null || serverNow - settleSeconds - position.at >= tailStepSeconds;
}

export function tailQuery(position: TailPosition, serverNow: ServerSeconds): PollQuery {
  const until = position.pass?.until ?? serverNow - settleSeconds;
  const from = position.pass ? after(position.pass.after) : `SystemModstamp >= ${soqlTime(position.at)}`;
  return { where: `${from} AND SystemModstamp < ${soqlTime(until)}`, until };
}

export function tailAfter(
  position: TailPosition,
  until: ServerSeconds,
  page: Page,
  pageRows: number,
): TailPosition {
  if (isFull(page, pageRows)) return { ...position, pass: { until, after: lastOf(page) } };
  return { at: Math.max(position.at, until), pass: null };
}

/** Rows that Salesforce kept back make a page full, whatever its count. */
export const isFull = (page: Page, pageRows: number) => page.count >= pageRows || !page.done;

function lastOf(page: Page): Cursor {
  assert(page.last, 'a full page ends with a record that has Id and SystemModstamp');
  return page.last;
}
