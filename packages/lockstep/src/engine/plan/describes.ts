import type { Describe } from '../../core/describe.ts';
import type { StreamTable } from '../../postgres/index.ts';

/**
 * When an object is described again. Once a minute, along with the queries of a request, Salesforce is asked for the
 * description if it has changed: that answer is short, because it nearly never has. Now and then the object is described
 * in any case, one object a request. At once, in a request of its own, it is described if a query is refused for a
 * field, and if its description takes too long to come along with queries. Pure.
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
  /** Its description took too long along with queries. */
  isLong: boolean;
  /** Its last description was refused: there is no such object for the sync's user. */
  isGone: boolean;
  /** A description that its table has not been compared with yet. */
  found: Describe | null;
  /**
   * The durable Ids of its fields, to recognise those that have another name in the description; null: not needed so
   * far. Of an object that is gone: its own names by its durable Id.
   */
  names: ReadonlyMap<string, string> | 'wanted' | null;
  /** When the durable Ids are asked for that the mirror lacks. */
  identifyAt: number;
}

/** A run begins with reading records. */
const identifyAfterMs = 10 * 60_000;

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
  isLong: false,
  isGone: false,
  found: null,
  names: null,
  identifyAt: now + identifyAfterMs,
});

/** An object's description that is asked for along with the queries. */
export interface DescribeRequest {
  kind: 'describe';
  index: number;
  /** Without a condition. */
  isWhole: boolean;
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
  const { at, wholeAt, isLong, found } = describe;
  if (found !== null) return false;
  if (describe.isDue) return true;
  if (stopped && (wholeAt === null || wholeAt < stopped.failedAt))
    return at <= stopped.failedAt || now - at >= askEveryMs;
  if (stopped) return describe.isGone && now - at >= askEveryMs;
  if (table.stream.hidden.length > 0 && now - (wholeAt ?? at) >= wholeWhileHiddenMs) return true;
  return isLong && now - at >= askEveryMs && isWholeDue(describe, now);
}

const isWholeDue = ({ condition, wholeAt }: DescribeState, now: number): boolean =>
  condition === null || wholeAt === null || now - wholeAt >= wholeEveryMs;

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
  const due = streams
    .filter(({ stream: { describe, stopped } }) => {
      const { isDue, at, found } = describe;
      return !stopped && !isDue && found === null && now - at >= askEveryMs;
    })
    .map(({ stream: { describe }, index }) => ({ describe, index, isWhole: isWholeDue(describe, now) }))
    .filter(({ describe, isWhole }) => !isWhole || !describe.isLong)
    .toSorted((a, b) => a.describe.at - b.describe.at)
    .slice(0, Math.max(0, Math.min(share, describesTogetherMax, room)));
  const firstWhole = due.find(({ isWhole }) => isWhole);
  return due
    .filter((one) => !one.isWhole || one === firstWhole)
    .map(({ index, isWhole }) => ({ kind: 'describe', index, isWhole }));
}

/** How many fields an answer may have: there are no further pages. */
const fieldsTogetherMax = 1_500;

/** Those whose durable Ids, or names, are asked for now in one request. */
export function identifyNow<One extends { stream: Describable }>(
  streams: readonly One[],
  now: number,
): One[] {
  const gone = streams.filter(({ stream: { describe } }) => describe.isGone && describe.names === 'wanted');
  if (gone.length > 0) return gone.slice(0, describesTogetherMax);
  const asked: One[] = [];
  let fields = 0;
  for (const one of streams) {
    if (!isIdentifyDue(one.stream, now)) continue;
    fields += one.stream.table.stream.columns.length;
    if (asked.length > 0 && (fields > fieldsTogetherMax || asked.length >= describesTogetherMax)) break;
    asked.push(one);
  }
  return asked;
}

/** Only custom objects and fields can get another name. */
function isIdentifyDue({ describe, table: { stream } }: Describable, now: number): boolean {
  const { names, identifyAt, found, wholeAt, isGone } = describe;
  if (isGone) return false;
  if (names === 'wanted') return true;
  if (found !== null || wholeAt === null || now < identifyAt) return false;
  return stream.columns.some(({ field }) => field.endsWith('__c') && !stream.durableIds.has(field));
}
