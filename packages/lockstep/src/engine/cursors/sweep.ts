import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { atRest, ended, type Pass, type Period, stepped } from './pace.ts';
import { isFull } from './pass.ts';

/**
 * The sweep: a pass over the mirror's own Ids, which asks Salesforce for each of them with its stamp and its formula
 * fields. It finds what leaves no trace: records deleted for good or no longer visible, and formulas that changed
 * without a stamp. Salesforce's order of Ids does not matter to it. One that somebody waits for then goes over
 * Salesforce's Ids as well, which finds records that the mirror misses. Pure.
 */
export interface SweepPosition extends Pass {
  /** The last Id that was asked for, or came; null at rest, which lets what is absent be removed. */
  after: RecordId | null;
  /** Whose Ids it goes over. Absent: the mirror's. */
  leg?: 'salesforce';
}

export const startOfSweep = (serverNow: ServerSeconds): SweepPosition => ({
  ...atRest(serverNow),
  after: null,
});

const day = 86_400;

/** A table of any size in a day; a small one each hour while requests have room. */
export const sweepPeriod = (rows: number, pageRows: number): Period => ({
  everySeconds: day,
  idleSeconds: Math.min(day, Math.max(3_600, (rows / pageRows) * 60)),
});

/** @param isLast  the mirror has no Id behind these */
export function sweepAfter(
  position: SweepPosition,
  ids: readonly RecordId[],
  isLast: boolean,
  serverNow: ServerSeconds,
): SweepPosition {
  const to = stepped(position, ids.length, serverNow);
  if (!isLast) return { ...to, after: ids.at(-1) ?? position.after };
  return to.isWanted ? { ...to, after: null, leg: 'salesforce' } : { ...ended(to), after: null };
}

/** A page of Salesforce's own Ids, in its order. */
export function sweepAfterPage(
  position: SweepPosition,
  page: Page,
  limit: number,
  serverNow: ServerSeconds,
): SweepPosition {
  const to = stepped(position, page.count, serverNow);
  return isFull(page, limit)
    ? { ...to, after: page.lastId ?? position.after }
    : { ...ended(to), after: null };
}
