/**
 * Date literals: whole days in UTC, relative to the org's time. A week begins on Sunday; the fiscal year is the
 * calendar year. As documented, LAST_N_DAYS and LAST_90_DAYS include today; all other LAST_N and NEXT_N exclude the
 * current day, week, month, quarter or year.
 */
import { assert, unreachable } from '@lockstep/foundation/assert';
import type { Period } from './ast.ts';

type Unit = 'day' | 'week' | 'month' | 'quarter' | 'year';

/** From the first day to the day after the last, each as `2024-02-29`. */
export interface Days {
  from: string;
  to: string;
}

/** This many years stay within JavaScript's date range. */
export const periodCountMax = 100_000;

const days = /^(?:today|yesterday|tomorrow|(?:last|next)_90_days)$/;
const around = /^(last|this|next)_(week|month|(?:fiscal_)?(?:quarter|year))$/;
const several = /^(last|next)_n_(day|week|month|(?:fiscal_)?(?:quarter|year))s$/;
const ago = /^n_(day|week|month|(?:fiscal_)?(?:quarter|year))s_ago$/;

/** `counted` literals are followed by `:n`. The word is in lower case. */
export function isPeriod(word: string): 'fixed' | 'counted' | false {
  if (days.test(word) || around.test(word)) return 'fixed';
  return several.test(word) || ago.test(word) ? 'counted' : false;
}

/** @param now  the org's time, epoch ms */
export function daysOf({ value, count }: Period, now: number): Days {
  const { unit, first, units } = placeOf(value, count);
  return { from: dayText(startOf(unit, now, first)), to: dayText(startOf(unit, now, first + units)) };
}

/** `count` units, beginning `after` units after the current one. */
interface Place {
  unit: Unit;
  first: number;
  units: number;
}

const dayPlaces: Record<string, Place> = {
  yesterday: { unit: 'day', first: -1, units: 1 },
  today: { unit: 'day', first: 0, units: 1 },
  tomorrow: { unit: 'day', first: 1, units: 1 },
  last_90_days: { unit: 'day', first: -90, units: 91 },
  next_90_days: { unit: 'day', first: 1, units: 90 },
};

function placeOf(value: string, count: number): Place {
  const place = dayPlaces[value];
  if (place) return place;
  const one = around.exec(value);
  if (one) return { unit: unitOf(one[2]), first: { last: -1, this: 0, next: 1 }[`${one[1]}`] ?? 0, units: 1 };
  const many = several.exec(value);
  if (many) {
    const unit = unitOf(many[2]);
    if (many[1] === 'next') return { unit, first: 1, units: count };
    return { unit, first: -count, units: unit === 'day' ? count + 1 : count };
  }
  const single = ago.exec(value);
  assert(single, 'a period is one of the four forms');
  return { unit: unitOf(single[1]), first: -count, units: 1 };
}

const units: readonly Unit[] = ['day', 'week', 'month', 'quarter', 'year'];

function unitOf(word = ''): Unit {
  const unit = units.find((one) => word.endsWith(one));
  assert(unit, 'every period has a unit');
  return unit;
}

/** Midnight of the first day of the unit that is `after` units later than that of `now`. */
function startOf(unit: Unit, now: number, after: number): number {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (unit) {
    case 'day':
      return utcDay(year, month, day + after);
    case 'week':
      return utcDay(year, month, day - date.getUTCDay() + 7 * after);
    case 'month':
      return utcDay(year, month + after, 1);
    case 'quarter':
      return utcDay(year, month - (month % 3) + 3 * after, 1);
    case 'year':
      return utcDay(year + after, 0, 1);
    default:
      return unreachable(unit);
  }
}

/** Date.UTC would take years below 100 for years of the last century. */
function utcDay(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

/** Salesforce's calendar goes from 1700 to 4000. */
function dayText(time: number): string {
  const within = Math.min(Math.max(time, Date.UTC(1700, 0, 1)), Date.UTC(4001, 0, 1));
  return new Date(within).toISOString().slice(0, 10);
}
