/**
 * Functions that change how a value is displayed: FORMAT(), toLabel(), convertCurrency().
 *
 * The org has one language, in which a picklist's labels are its values, and one currency, which every amount is
 * already in; whether a Salesforce org with one currency refuses convertCurrency() is not documented. The locale is
 * en_US for every user: dates as `4/10/2025`, money as `$44,000.00`, times in the user's zone.
 */
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldType } from '../schema/schema.ts';
import { verbatim } from './fragments.ts';
import type { Computed } from './functions.ts';

export const orgCurrency = 'USD';

/** The field as a display function gets it. */
interface Shown extends Computed {
  /** Digits after the point. */
  scale: number;
}

/** Null if the function does not take a value of this type. */
export function displayed(call: string, { sql: value, type, scale }: Shown, zone: Sql): Computed | null {
  switch (call) {
    case 'tolabel':
      return type === 'picklist' || type === 'multipicklist' ? { sql: value, type: 'string' } : null;
    case 'convertcurrency':
      return type === 'currency' ? { sql: value, type } : null;
    case 'format': {
      const format = formats[type];
      return format ? { sql: format(value, scale, zone), type: 'string' } : null;
    }
    default:
      return null;
  }
}

type Format = (value: Sql, scale: number, zone: Sql) => Sql;

const whole: Format = (value) => digits(sql`${value}::numeric`, 0);

const formats: Partial<Record<FieldType, Format>> = {
  int: whole,
  long: whole,
  double: (value, scale) => digits(value, scale),
  percent: (value, scale) => sql`(${digits(value, scale)} || '%')`,
  currency: (value, scale) =>
    sql`(CASE WHEN ${value} < 0 THEN '-' ELSE '' END || '$' || ${digits(sql`abs(${value})`, scale)})`,
  date: (value) => sql`to_char(${value}, 'FMMM/FMDD/YYYY')`,
  datetime: (value, _scale, zone) =>
    sql`to_char(${value} AT TIME ZONE ${zone}, 'FMMM/FMDD/YYYY, FMHH12:MI AM')`,
  time: (value) => sql`to_char(${value}, 'FMHH12:MI AM')`,
};

/** Grouped by thousands, `-` in front. */
function digits(value: Sql, scale: number): Sql {
  const places = verbatim(String(scale));
  const pattern = `'FM${'999,'.repeat(9)}990${scale > 0 ? `.${'0'.repeat(scale)}` : ''}'`;
  return sql`to_char(round(${value}, ${places}), ${verbatim(pattern)})`;
}
