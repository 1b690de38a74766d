import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { soqlTime } from '../../core/stamps.ts';
import { settleSeconds } from './poll.ts';
import type { CursorKind } from './reading.ts';

/**
 * The count: how many records were created on each day, and their newest stamp, here and in Salesforce. It costs a
 * request or two a day whatever the table's size, and names the days that differ. Only records whose stamp is older
 * than W are counted, and a difference must be found by a second reading, because a change may be on its way. Then
 * only the days that differ are read again, and counted a third time. Pure.
 */
export interface CountsPosition {
  lastAt: ServerSeconds;
  begunAt: ServerSeconds | null;
  isWanted: boolean;
  /** The ranges still to be counted. */
  ranges: readonly CountWindow[];
  /** Days that differed, for the next reading. */
  suspects: readonly Day[];
  round: 'first' | 'second' | 'repairing';
}

/** `2026-11-24`, in UTC; empty for a table without CreatedDate. */
export type Day = string;

/** First and last day, both included; null: no bound. */
export interface CountWindow {
  from: Day | null;
  to: Day | null;
}

export interface CountedDay {
  day: Day;
  count: number;
  newest: ServerSeconds | null;
}

const daySeconds = 86_400;
/** A query returns at most 2,000 groups, and has no next page. */
const sumsMax = 2_000;
const daysPerRange = 1_800;
/** If more days than this differ, the whole table is compared. */
export const suspectsMax = 60;
/** Time for a change that was on its way to arrive before the second reading. */
const secondReadingAfterSeconds = 60;

export const startOfCounts = (serverNow: ServerSeconds): CountsPosition => ({
  lastAt: serverNow,
  begunAt: null,
  isWanted: false,
  ranges: [],
  suspects: [],
  round: 'first',
});

const dayOf = (seconds: ServerSeconds): Day => new Date(seconds * 1000).toISOString().slice(0, 10);
const secondsOfDay = (day: Day): ServerSeconds => Date.parse(`${day}T00:00:00Z`) / 1000;

/** @param isRepairing  the days that differed, or the whole table instead, are being read again */
export function isCountDue(
  position: CountsPosition,
  serverNow: ServerSeconds,
  isRepairing: boolean,
): boolean {
  if (position.begunAt === null) return position.isWanted || serverNow - position.lastAt >= daySeconds;
  if (position.round === 'repairing' && isRepairing) return false;
  if (position.ranges.length > 0) return true;
  return position.isWanted || serverNow - position.begunAt >= secondReadingAfterSeconds;
}

export interface CountQuestion {
  range: CountWindow;
  /** The days of the range that Salesforce is asked for; null: all of them. */
  days: readonly Day[] | null;
  before: ServerSeconds;
}

export function countQuestion(position: CountsPosition, serverNow: ServerSeconds): CountQuestion {
  const before = serverNow - settleSeconds;
  if (position.begunAt === null) {
    return { range: firstRanges(serverNow)[0] as CountWindow, days: null, before };
  }
  const [range] = position.ranges;
  if (range) return { range, days: null, before };
  // There can be more days between two suspects than an answer can hold.
  const { suspects } = position;
  return { range: rangeOf(suspects), days: suspects.length <= suspectsMax ? suspects : null, before };
}

function firstRanges(serverNow: ServerSeconds): CountWindow[] {
  const edge = serverNow - daysPerRange * daySeconds;
  return [
    { from: dayOf(edge), to: null },
    { from: null, to: dayOf(edge - daySeconds) },
  ];
}

function rangeOf(days: readonly Day[]): CountWindow {
  const sorted = days.toSorted();
  return { from: sorted[0] || null, to: sorted.at(-1) || null };
}

/** Counts a table, or some days of it. `field`: the time that changes of a record update. */
export function countQuery(
  sobject: string,
  field: string,
  hasDays: boolean,
  { range, days, before }: CountQuestion,
): string {
  const sums = `COUNT(Id) n, MAX(${field}) newest`;
  const where = [`${field} < ${soqlTime(before)}`];
  if (!hasDays) return `SELECT ${sums} FROM ${sobject} WHERE ${where.join(' AND ')}`;
  if (days) where.push(`(${days.map((day) => `(${createdWithin({ from: day, to: day })})`).join(' OR ')})`);
  else if (range.from !== null || range.to !== null) where.push(createdWithin(range));
  return `SELECT DAY_ONLY(CreatedDate) d, ${sums} FROM ${sobject} WHERE ${where.join(' AND ')} GROUP BY DAY_ONLY(CreatedDate)`;
}

function createdWithin({ from, to }: CountWindow): string {
  const bounds = [
    from !== null && `CreatedDate >= ${from}T00:00:00Z`,
    to !== null && `CreatedDate < ${dayOf(secondsOfDay(to) + daySeconds)}T00:00:00Z`,
  ];
  return bounds.filter(Boolean).join(' AND ');
}

export interface CountStep {
  to: CountsPosition;
  /** Days that differed again in the second reading, and must be read again. */
  differing: readonly Day[];
  /** Days that still differ after that. */
  unrepaired: readonly Day[];
}

/** Compares the answers of the mirror (here) and of Salesforce (there) to the same question. */
export function countAfter(
  position: CountsPosition,
  { range }: CountQuestion,
  { here, there, isCut }: { here: readonly CountedDay[]; there: readonly CountedDay[]; isCut: boolean },
  serverNow: ServerSeconds,
): CountStep {
  const begunAt = position.begunAt ?? serverNow;
  const isFirst = position.begunAt === null || position.ranges.length > 0;
  const nothing = { differing: [], unrepaired: [] };
  if (isFirst) {
    const rest = position.begunAt === null ? firstRanges(serverNow).slice(1) : position.ranges.slice(1);
    if (isCut || there.length >= sumsMax) {
      return { to: { ...position, begunAt, ranges: [...halves(range, serverNow), ...rest] }, ...nothing };
    }
    const suspects = [...new Set([...position.suspects, ...differences(here, there)])];
    const to = { ...position, begunAt, ranges: rest, suspects };
    if (rest.length > 0) return { to, ...nothing };
    return { to: suspects.length === 0 ? ended(to) : { ...to, round: 'second' }, ...nothing };
  }
  const still = differences(here, there).filter((day) => position.suspects.includes(day));
  if (still.length === 0) return { to: ended(position), ...nothing };
  if (position.round === 'second') {
    return { to: { ...position, round: 'repairing', suspects: still }, differing: still, unrepaired: [] };
  }
  return { to: ended(position), differing: [], unrepaired: still };
}

const ended = ({ begunAt, lastAt }: CountsPosition) => startOfCounts(begunAt ?? lastAt);

function differences(here: readonly CountedDay[], there: readonly CountedDay[]): Day[] {
  const known = new Map(here.map((sum) => [sum.day, sum]));
  const theirs = new Set(there.map(({ day }) => day));
  const differing = there.filter(({ day, count, newest }) => {
    const own = known.get(day);
    return own?.count !== count || own.newest !== newest;
  });
  const onlyHere = here.filter(({ day, count }) => count > 0 && !theirs.has(day));
  return [...differing, ...onlyHere]
    .filter(({ day, count }) => day !== '' || count > 0 || here.length > 0)
    .map(({ day }) => day);
}

function halves({ from, to }: CountWindow, serverNow: ServerSeconds): CountWindow[] {
  const first = from === null ? secondsOfDay('1900-01-01') : secondsOfDay(from);
  const last = to === null ? serverNow : secondsOfDay(to);
  const middle = first + Math.floor((last - first) / 2 / daySeconds) * daySeconds;
  return [
    { from, to: dayOf(middle) },
    { from: dayOf(middle + daySeconds), to },
  ];
}

declare module '../run/sync-state.ts' {
  interface Positions {
    counts: CountsPosition;
  }
}

/** Counts are read by requests of their own. */
export const counts: CursorKind = {
  kind: 'counts',
  start: ({ sobject, cursorField }, serverNow) =>
    cursorField === null || takesPlainQueriesOnly(sobject) ? null : startOfCounts(serverNow),
  readings: [],
};
