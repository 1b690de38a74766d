import type { RecordId } from '../../core/ids.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { atRest, ended, type Pass, type Period, stepped } from './pace.ts';

/**
 * The sweep: a pass over the mirror's own Ids, which asks Salesforce for each of them with its stamp and its formula
 * fields. It finds what leaves no trace: records deleted for good or no longer visible, and formulas that changed
 * without a stamp. Salesforce's order of Ids does not matter to it. Pure.
 */
export interface SweepPosition extends Pass {
  /** The last of the mirror's Ids that was asked for; null at rest, which lets what is absent be removed. */
  after: RecordId | null;
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
  return isLast ? { ...ended(to), after: null } : { ...to, after: ids.at(-1) ?? position.after };
}
