/** The functions that a query may put around a field, and how parts of dates and aggregates read in SQL. */
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldType } from '../schema/schema.ts';
import { type Call, isCall, type Soql } from './ast.ts';
import { factsOf, lowered } from './columns.ts';
import { verbatim } from './fragments.ts';

interface DateFunction {
  /** Over a timestamp without a zone. */
  part: (at: Sql) => Sql;
  type: 'int' | 'date';
  needsTime?: boolean;
}

const extracted = (field: string) => (at: Sql) => sql`extract(${verbatim(field)} FROM ${at})::integer`;

const month: DateFunction = { part: extracted('month'), type: 'int' };
const quarter: DateFunction = { part: extracted('quarter'), type: 'int' };
const year: DateFunction = { part: extracted('year'), type: 'int' };

/** Weeks of a month and of a year begin with its first day, as documented. The fiscal year is the calendar's. */
const dateFunctions: Record<string, DateFunction> = {
  calendar_month: month,
  calendar_quarter: quarter,
  calendar_year: year,
  fiscal_month: month,
  fiscal_quarter: quarter,
  fiscal_year: year,
  day_in_month: { part: extracted('day'), type: 'int' },
  // Sunday is the first.
  day_in_week: { part: (at) => sql`(extract(dow FROM ${at})::integer + 1)`, type: 'int' },
  day_in_year: { part: extracted('doy'), type: 'int' },
  day_only: { part: (at) => sql`(${at})::date`, type: 'date', needsTime: true },
  hour_in_day: { part: extracted('hour'), type: 'int', needsTime: true },
  week_in_month: { part: (at) => sql`((extract(day FROM ${at})::integer + 6) / 7)`, type: 'int' },
  week_in_year: { part: (at) => sql`((extract(doy FROM ${at})::integer + 6) / 7)`, type: 'int' },
};

const aggregates = ['count', 'count_distinct', 'min', 'max', 'sum', 'avg'];

const displays = ['format', 'tolabel', 'convertcurrency'];

type FunctionKind = 'aggregate' | 'grouping' | 'date' | 'display' | 'zone' | 'distance';

/** The name is in lower case, and that of a known function. */
export function kindOf(name: string): FunctionKind {
  if (aggregates.includes(name)) return 'aggregate';
  if (displays.includes(name)) return 'display';
  if (name === 'grouping' || name === 'distance') return name;
  return name === 'converttimezone' ? 'zone' : 'date';
}

/** In lower case. DISTANCE has a form of its own. */
export const isKnownFunction = (name: string): boolean =>
  kindOf(name) !== 'date' || Object.hasOwn(dateFunctions, name);

/** `HOUR_IN_DAY(convertTimezone(X))`, `FORMAT(MAX(X))` and `FORMAT(convertCurrency(X))`; nothing else nests. */
export const mayHold = (outer: string, inner: string): boolean =>
  kindOf(inner) === 'zone'
    ? kindOf(outer) === 'date'
    : outer === 'format' && (kindOf(inner) === 'aggregate' || inner === 'convertcurrency');

/** True of what has one value for many records. */
export const isOfGroup = ({ call, inner }: Call): boolean =>
  ['aggregate', 'grouping'].includes(kindOf(inner?.call ?? call));

export interface Computed {
  sql: Sql;
  type: FieldType;
}

/**
 * Null where the function does not take a value of this type.
 *
 * @param zone  in which the days and hours of a datetime are counted
 */
export function dateFunction(name: string, type: FieldType, value: Sql, zone: Sql): Computed | null {
  const found = dateFunctions[name];
  if (!found || !(type === 'datetime' || (type === 'date' && !found.needsTime))) return null;
  const at = type === 'datetime' ? sql`(${value} AT TIME ZONE ${zone})` : value;
  return { sql: found.part(at), type: found.type };
}

/** Null where the aggregate does not take a value of this type. */
export function aggregate(name: string, type: FieldType, value: Sql): Computed | null {
  const { family } = factsOf(type);
  const isText = family === 'text';
  switch (name) {
    case 'count':
      return { sql: sql`count(${value})`, type: 'int' };
    case 'count_distinct':
      return { sql: sql`count(DISTINCT ${isText ? lowered(value) : value})`, type: 'int' };
    case 'min':
    case 'max':
      return { sql: isText ? extremeText(name, value) : sql`${verbatim(name)}(${value})`, type };
    case 'sum':
    case 'avg':
      if (family !== 'number') return null;
      if (name === 'sum') return { sql: sql`sum(${value})`, type: type === 'int' ? 'long' : type };
      return { sql: sql`trim_scale(avg(${value}))`, type: 'double' };
    default:
      return null;
  }
}

/** The first or last text without regard to case, as ORDER BY has it. */
const extremeText = (name: 'min' | 'max', value: Sql): Sql =>
  sql`(${verbatim(name)}(ARRAY[${lowered(value)}, ${value}]) FILTER (WHERE ${value} IS NOT NULL))[2]`;

/** True where a query is one of groups: it has GROUP BY, or aggregates and so one group of all records. */
export const isGrouped = ({ groupBy, fields }: Soql): boolean =>
  groupBy.length > 0 ||
  fields.some((item) => item.kind === 'expression' && isCall(item.expression) && isOfGroup(item.expression));
