/**
 * Which text fits a column. PostgreSQL accepts more than Salesforce writes: a date accepts a datetime and drops its
 * time, and takes `now` for the present; a time drops its offset, a datetime without one is in the session's time zone;
 * a boolean accepts `yes`, a number `NaN`. Such a value means that the field has another type by now, and casting would
 * change it silently. What fits is cast without an error, so the server's log and its answers never quote a value.
 */
import { unreachable } from '@lockstep/foundation/assert';
import type { SqlType } from './plan-table.ts';

/** @returns SQL that is true, false, or null for a null @param value  SQL of type text */
type Fits = (value: string, sqlType: SqlType) => string;

export const fitsOn = (serverVersion: number): Fits =>
  serverVersion >= 160_000 ? fitsByServer : fitsByPattern;

const patterns = {
  integer: '^-?\\d{1,10}(\\.0+)?$',
  bigint: '^-?\\d{1,19}(\\.0+)?$',
  numeric: '^-?\\d+(\\.\\d+)?([eE][+-]?\\d{1,3})?$',
  date: '^(?!0000)\\d{4}-\\d\\d-\\d\\d$',
  timestamptz:
    '^(?!0000)\\d{4}-\\d\\d-\\d\\dT([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)$',
  time: '^([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?Z?$',
} as const;

/**
 * From PostgreSQL 16 on the server itself tells whether it would accept a value; what is left is to refuse what
 * Salesforce does not write. Measured (PostgreSQL 18): LIKE takes 0.1 µs, pg_input_is_valid 0.2 to 0.4, a pattern 1 to
 * 2; so the forms that Salesforce's answers nearly always have come first.
 */
function fitsByServer(value: string, sqlType: SqlType): string {
  const isValid = `pg_input_is_valid(${value}, '${sqlType}')`;
  switch (sqlType) {
    case 'integer':
    case 'bigint':
      return `ltrim(${value}, '0123456789-.') = '' AND (${isValid}
              OR pg_input_is_valid(regexp_replace(${value}, '\\.0+$', ''), '${sqlType}'))`;
    case 'numeric':
      return `ltrim(${value}, '0123456789.-eE+') = '' AND left(${value}, 1) NOT IN ('+', '.')
              AND right(${value}, 1) <> '.' AND ${isValid}`;
    case 'boolean':
      return isBoolean(value);
    case 'date':
      return `${value} LIKE '____-__-__' AND ${isValid}`;
    case 'timestamptz':
      return `(${value} LIKE '____-__-__T__:__:__.___+0000' OR ${value} LIKE '____-__-__T__:__:__.___Z'
              OR ${value} ~ '${patterns.timestamptz}') AND ${isValid}`;
    case 'time':
      return `(${value} LIKE '__:__:__.___Z' OR ${value} ~ '${patterns.time}') AND ${isValid}`;
    case 'text':
    case 'jsonb':
      return isValid;
    default:
      return unreachable(sqlType);
  }
}

/**
 * Before PostgreSQL 16 only a cast tells whether a value is valid, and its error quotes the value, in the server's log
 * too. So what the patterns leave open is calculated: whether the day exists, whether the number is in range.
 */
function fitsByPattern(value: string, sqlType: SqlType): string {
  const where = (pattern: keyof typeof patterns, also: string) =>
    `CASE WHEN ${value} ~ '${patterns[pattern]}' THEN ${also} WHEN ${value} IS NOT NULL THEN false END`;
  switch (sqlType) {
    case 'integer':
      return where('integer', `${value}::numeric BETWEEN -2147483648 AND 2147483647`);
    case 'bigint':
      return where('bigint', `${value}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807`);
    case 'numeric':
      return where('numeric', `length(${value}) < ${numeralLengthMax}`);
    case 'boolean':
      return isBoolean(value);
    case 'date':
    case 'timestamptz':
      return where(sqlType, isDay(value));
    case 'time':
      return `${value} ~ '${patterns.time}'`;
    case 'text':
    case 'jsonb':
      return 'true';
    default:
      return unreachable(sqlType);
  }
}

/** PostgreSQL's numeric ends at 131,072 digits; Salesforce's numbers have 18. */
const numeralLengthMax = 1_000;

const isBoolean = (value: string) => `${value} IN ('true', 'false')`;

/** Counts months and days on from the first day of the year: a day that does not exist comes out as another one. */
const isDay = (value: string) => `to_char(make_date(left(${value}, 4)::integer, 1, 1) + make_interval(
                months => substr(${value}, 6, 2)::integer - 1, days => substr(${value}, 9, 2)::integer - 1), 'YYYY-MM-DD')
                = left(${value}, 10)`;
