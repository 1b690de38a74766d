import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { type ServerSeconds, secondsOf, soqlTime } from '../../core/stamps.ts';

/**
 * A poll that takes more than one page. It reads consecutive windows of time without gaps, each up to now or to the
 * end of the pass, and pages through a window by Id. So each page of a request can refer to the page before, whatever
 * the stamps are, even if a million records share one. A record that changes meanwhile moves to a later window. Pure.
 */
export interface Pass {
  /** The time that the pass proves as read when it ends. */
  until: ServerSeconds;
  /**
   * The server's time of its first answer; null until an answer gives one. A head that has read past it proves
   * `until`, however much has changed since, so that its claims advance even under constant load.
   */
  reach: ServerSeconds | null;
  /** Where the next window begins: everything stamped before has been read. */
  from: ServerSeconds;
  /** Rows per second in the last window or page; estimates whether the available pages are enough. */
  rate: number;
  /** The window that is not drained yet. */
  window: OpenWindow | null;
}

interface OpenWindow {
  before: ServerSeconds;
  /** The last Id of the last page, as Salesforce returned it. */
  after: RecordId;
  /** Rows read so far. */
  rows: number;
}

/** The second before which a window ends; null: it is open-ended. */
export type WindowEnd = ServerSeconds | null;

/** Only this share of the available pages is planned for, because rates vary and the last page is short. */
const windowFill = 0.9;
/** A window leaves these last seconds to the next one: changes stamped then may not have been committed yet. */
const unripeSeconds = 2;

/** A page also counts as full if Salesforce held rows back, whatever its count. */
export const isFull = (page: Page, limit: number) => page.count >= limit || !page.done;

/** The pass after a full first page. The page was ordered by time, so its last second may not be complete. */
export function passAfterFullPage(
  page: Page,
  { from, until, reach = null }: { from: ServerSeconds; until: ServerSeconds; reach?: ServerSeconds | null },
): Pass {
  assert(page.last, 'a full page ends with a record that has an Id and a time');
  const last = secondsOf(page.last.stamp);
  const rate = page.count / Math.max(1, last - from);
  return { until, reach, from: last, rate, window: null };
}

/**
 * The end of the window that the next pages read: the one under way, or a new one.
 *
 * @param end  where the pass ends; null: at now, and whatever arrives meanwhile may be included
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
 * How many more pages the window under way, or the next one, is expected to take. One with more rows than its rate
 * predicted is expected to have as many again.
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

/** @param chained  the Id to continue after, as a quoted reference to an earlier answer of the same request */
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
 * The pass after a page of its window. A drained open-ended window ends it. An open-ended window that is not drained
 * gets an end: otherwise it would see later changes of records with larger Ids, and miss those with smaller ones.
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
