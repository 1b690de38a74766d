import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { type ServerSeconds, secondsOf, soqlTime } from '../../core/stamps.ts';

/**
 * A poll that takes more than one page. It goes on in windows of time, one behind the other without a gap, each up to
 * now or to its end, and reads them by Id: so the pages of a request can refer to the page before them, whatever the
 * stamps are, a million records with one stamp as well. A record that changes meanwhile leaves its window for a later
 * one. Pure.
 */
export interface Pass {
  /** The time that its end will prove. */
  until: ServerSeconds;
  /**
   * The server's time of its first answer; null until there is one that tells it. A head that has read so far proves
   * its time, however much has come since, so that under a load that never ends its claims move on.
   */
  reach: ServerSeconds | null;
  /** Where the next window begins: all that is stamped before has been read. */
  from: ServerSeconds;
  /** Rows a second, by the last window or page: whether the pages at hand may be enough. */
  rate: number;
  /** The window that is not drained yet. */
  window: OpenWindow | null;
}

interface OpenWindow {
  before: ServerSeconds;
  /** The last Id of the last page, as Salesforce returned it. */
  after: RecordId;
  /** Read so far. */
  rows: number;
}

/** A second that is left out; null: whatever comes. */
export type WindowEnd = ServerSeconds | null;

/** This share of the pages at hand may be filled by what is expected, because rates vary and the last page is short. */
const windowFill = 0.9;
/** A window leaves these last seconds to the next one: what is stamped then may still be on its way to its commit. */
const unripeSeconds = 2;

/** Rows that Salesforce kept back make a page full, whatever its count. */
export const isFull = (page: Page, limit: number) => page.count >= limit || !page.done;

/** A pass goes on behind a full first page, which was ordered by time: its last second may not be complete. */
export function passBehind(
  page: Page,
  { from, until, reach = null }: { from: ServerSeconds; until: ServerSeconds; reach?: ServerSeconds | null },
): Pass {
  assert(page.last, 'a full page ends with a record that has an Id and a time');
  const last = secondsOf(page.last.stamp);
  const rate = page.count / Math.max(1, last - from);
  return { until, reach, from: last, rate, window: null };
}

/**
 * The end of the window that the next pages read: of the one under way, or of a new one.
 *
 * @param end  the time after which nothing is wanted; null: now is the end, and whatever comes meanwhile
 */
export function windowEnd(
  { from, rate, window }: Pass,
  pages: number,
  pageRows: number,
  { end, serverNow }: { end: WindowEnd; serverNow: ServerSeconds },
): WindowEnd {
  if (window) return window.before;
  if (end !== null) return end;
  const expected = rate * Math.max(1, serverNow - from);
  return expected <= pages * pageRows * windowFill ? null : closedAt(from, serverNow);
}

const closedAt = (from: ServerSeconds, serverNow: ServerSeconds) =>
  Math.max(from, serverNow - unripeSeconds) + 1;

/**
 * How many more pages the window under way, or the next one, is expected to take. One that holds more than its rate said
 * is expected to hold as much again.
 */
export function pagesExpected(
  { from, rate, window }: Pass,
  pageRows: number,
  { end, serverNow }: { end: WindowEnd; serverNow: ServerSeconds },
): number {
  const before = window?.before ?? end ?? serverNow;
  const expected = rate * Math.max(1, before - from);
  const read = window?.rows ?? 0;
  const left = expected > read ? expected - read : read;
  return Math.max(1, Math.ceil(left / (pageRows * windowFill)));
}

/** @param chained  the Id to go on from as a reference to an earlier answer of the same request, quoted */
export function windowCondition(
  field: string,
  { from, window }: Pass,
  before: WindowEnd,
  chained?: string,
): string {
  const after = chained ?? (window && `'${window.after}'`);
  return [
    `${field} >= ${soqlTime(from)}`,
    before !== null && `${field} < ${soqlTime(before)}`,
    after && `Id > ${after}`,
  ]
    .filter(Boolean)
    .join(' AND ');
}

/**
 * Where a pass stands behind a page of its window; a drained window without an end ends it. One that is not drained
 * gets an end: it would take up whatever comes meanwhile behind the Id that it has come to, and nothing of the rest.
 *
 * @param serverNow  before the request
 */
export function passAfter(
  pass: Pass,
  before: WindowEnd,
  page: Page,
  { limit, serverNow }: { limit: number; serverNow: ServerSeconds },
): Pass | 'ended' {
  const rows = (pass.window?.rows ?? 0) + page.count;
  if (isFull(page, limit)) {
    assert(page.lastId, 'a full page ends with a record that has an Id');
    const end = before ?? closedAt(pass.from, serverNow);
    return { ...pass, window: { before: end, after: page.lastId, rows } };
  }
  if (before === null) return 'ended';
  return { ...pass, from: before, rate: Math.max(1, rows) / Math.max(1, before - pass.from), window: null };
}
