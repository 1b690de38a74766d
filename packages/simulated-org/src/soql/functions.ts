/** The functions that a query may apply to a field, and the SQL of date parts and aggregates. */
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldType } from '../schema/schema.ts';
import { type Call, isCall, type Soql } from './ast.ts';
import { caseFolded, factsOf } from './columns.ts';
import { verbatim } from './fragments.ts';

interface DateFunction {
  /** Applied to a timestamp without a zone. */
  part: (at: Sql) => Sql;
  type: 'int' | 'date';
  needsTime?: boolean;
}

const extracted = (field: string) => (at: Sql) => sql`extract(${verbatim(field)} FROM ${at})::integer`;

const month: DateFunction = { part: extracted('month'), type: 'int' };
const quarter: DateFunction = { part: extracted('quarter'), type: 'int' };
const year: DateFunction = { part: extracted('year'), type: 'int' };

/** Weeks of a month and of a year begin with its first day, as documented. The fiscal year is the calendar year. */
const dateFunctions: Record<string, DateFunction> = {
  calendar_month: month,
  calendar_quarter: quarter,
  calendar_year: year,
  fiscal_month: month,
  fiscal_quarter: quarter,
  fiscal_year: year,
  day_in_month: { part: extracted('day'), type: 'int' },
  // Sunday is 1.
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

/** `name` is a known function's, in lower case. */
export function kindOf(name: string): FunctionKind {
  if (aggregates.includes(name)) return 'aggregate';
  if (displays.includes(name)) return 'display';
  if (name === 'grouping' || name === 'distance') return name;
  return name === 'converttimezone' ? 'zone' : 'date';
}

/** `name` is in lower case. DISTANCE has its own form. */
export const isKnownFunction = (name: string): boolean =>
  kindOf(name) !== 'date' || Object.hasOwn(dateFunctions, name);

/** `HOUR_IN_DAY(convertTimezone(X))`, `FORMAT(MAX(X))` and `FORMAT(convertCurrency(X))`; nothing else nests. */
export const mayHold = (outer: string, inner: string): boolean =>
  kindOf(inner) === 'zone'
    ? kindOf(outer) === 'date'
    : outer === 'format' && (kindOf(inner) === 'aggregate' || inner === 'convertcurrency');

/** True if the call has one value for many records. */
export const isOfGroup = ({ call, inner }: Call): boolean =>
  ['aggregate', 'grouping'].includes(kindOf(inner?.call ?? call));

export interface Computed {
  sql: Sql;
  type: FieldType;
}

/**
 * Null if the function does not take a value of this type.
 *
 * @param zone  the time zone for the days and hours of a datetime
 */
export function dateFunction(name: string, type: FieldType, value: Sql, zone: Sql): Computed | null {
  const found = dateFunctions[name];
  if (!found || !(type === 'datetime' || (type === 'date' && !found.needsTime))) return null;
  const at = type === 'datetime' ? sql`(${value} AT TIME ZONE ${zone})` : value;
  return { sql: found.part(at), type: found.type };
}

/** Null if the aggregate does not take a value of this type. */
export function aggregate(name: string, type: FieldType, value: Sql): Computed | null {
  const { family } = factsOf(type);
  const isText = family === 'text';
  switch (name) {
    case 'count':
      return { sql: sql`count(${value})`, type: 'int' };
    case 'count_distinct':
      return { sql: sql`count(DISTINCT ${isText ? caseFolded(value) : value})`, type: 'int' };
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

/** The first or last text, case-insensitively, as ORDER BY sorts it. */
const extremeText = (name: 'min' | 'max', value: Sql): Sql =>
  sql`(${verbatim(name)}(ARRAY[${caseFolded(value)}, ${value}]) FILTER (WHERE ${value} IS NOT NULL))[2]`;

/** Whether the query returns groups: it has GROUP BY, or aggregates, which make one group of all records. */
export const isGrouped = ({ groupBy, fields }: Soql): boolean =>
  groupBy.length > 0 ||
  fields.some((item) => item.kind === 'expression' && isCall(item.expression) && isOfGroup(item.expression));
