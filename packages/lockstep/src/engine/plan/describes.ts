import type { Describe } from '../../core/describe.ts';
import type { StreamTable } from '../../postgres/index.ts';

/**
 * When an object is described again. Once a minute, along with the queries of a request, Salesforce is asked for the
 * description if it has changed: that answer is short, because it nearly never has. Now and then, and at once if a
 * query is refused for a field, the object is described in any case, in a request of its own. Pure.
 */
export interface DescribeState {
  /** A field of a query is gone, or others are wanted: the object is described at once. */
  isDue: boolean;
  /** When Salesforce last said something about it, in local time. */
  at: number;
  /** When it was last described without a condition; null: not in this run. */
  wholeAt: number | null;
  /** The condition for asking again, an HTTP date; null: not known. */
  condition: string | null;
  /** Its last description was refused: there is no such object for the sync's user. */
  isGone: boolean;
  /** A description that its table has not been compared with yet. */
  found: Describe | null;
}

/** What the choice depends on. */
interface Describable {
  describe: DescribeState;
  table: Pick<StreamTable, 'stream'>;
  stopped: { failedAt: number } | null;
}

/** @param now  the first description is due a minute later, so that a run begins with reading records */
export const describedAt = (now: number): DescribeState => ({
  isDue: false,
  at: now,
  wholeAt: null,
  condition: null,
  isGone: false,
  found: null,
});

/** An object's description that is asked for along with the queries. */
export interface DescribeRequest {
  kind: 'describe';
  index: number;
}

const minuteMs = 60_000;
const askEveryMs = minuteMs;
/** Salesforce does not say in which cases a changed right counts as a change of the description. */
const wholeEveryMs = 30 * minuteMs;
/** While a field is hidden: that it is visible again must not depend on that. */
const wholeWhileHiddenMs = 2 * minuteMs;
/** Descriptions may be large. */
export const describesTogetherMax = 10;

/** Whether to describe it in any case now, in a request of its own. */
export function isDescribeDue({ describe, table, stopped }: Describable, now: number): boolean {
  const { at, wholeAt, condition, found } = describe;
  if (found !== null) return false;
  if (describe.isDue) return true;
  if (stopped && (wholeAt === null || wholeAt < stopped.failedAt)) return true;
  if (stopped) return describe.isGone && now - at >= askEveryMs;
  if (condition === null || wholeAt === null) return now - at >= askEveryMs;
  return now - wholeAt >= (table.stream.hidden.length > 0 ? wholeWhileHiddenMs : wholeEveryMs);
}

/**
 * Those to ask for along with the queries of a request, spread over the requests of a minute.
 *
 * @param room  how many the request can take
 */
export function describesOf(
  streams: readonly { stream: Describable; index: number }[],
  { intervalMs, now, room }: { intervalMs: number; now: number; room: number },
): DescribeRequest[] {
  const share = Math.ceil((streams.length * intervalMs) / askEveryMs);
  return streams
    .filter(({ stream: { describe, stopped } }) => {
      const { isDue, at, condition, found } = describe;
      return condition !== null && !stopped && !isDue && found === null && now - at >= askEveryMs;
    })
    .toSorted((a, b) => a.stream.describe.at - b.stream.describe.at)
    .slice(0, Math.max(0, Math.min(share, describesTogetherMax, room)))
    .map(({ index }) => ({ kind: 'describe', index }));
}
