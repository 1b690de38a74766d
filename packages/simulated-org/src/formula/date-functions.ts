import { type Sql, sql } from '@lockstep/foundation/sql';
import { count, type FormulaFunction, functionNamed, part, typed } from './signature.ts';
import { expect, once, sqlAs, type Typed } from './types.ts';

/** Dates and times, in UTC. A date outside Salesforce's calendar, 1700 to 4000, is null. */
const monthEnd = (year: Sql, month: Sql): Sql =>
  sql`extract(day FROM make_date(${year}::integer, ${month}::integer, 1) + interval '1 month - 1 day')`;

/** From the columns a, b and c. */
const dateOfParts = sql`
  CASE WHEN a BETWEEN 1700 AND 4000 AND b BETWEEN 1 AND 12 AND c >= 1
       THEN CASE WHEN c <= ${monthEnd(sql`a`, sql`b`)} THEN make_date(a::integer, b::integer, c::integer) END END`;

const date = typed(['Number', 'Number', 'Number'], 'Date', (year, month = sql`1`, day = sql`1`) =>
  once([sql`trunc(${year})`, sql`trunc(${month})`, sql`trunc(${day})`], dateOfParts),
);

const dateValue: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 1);
    const [arg] = args as [Typed];
    expect(arg, ['Text', 'Date', 'DateTime'], functionNamed(name));
    return part('Date', at, (frame) => {
      const value = sqlAs(arg.type === 'Null' ? 'Date' : arg.type, arg, frame);
      if (arg.type === 'DateTime') return sql`(${value} AT TIME ZONE 'UTC')::date`;
      return arg.type === 'Text' ? dateOfText(value) : value;
    });
  },
};

function dateOfText(text: Sql): Sql {
  const digits = (place: number) => sql`split_part(t, '-', ${placeOf(place)})::numeric`;
  return sql`(SELECT CASE WHEN t ~ '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$'
                          THEN ${once([digits(1), digits(2), digits(3)], dateOfParts)} END
                FROM (SELECT ${text} AS t OFFSET 0) AS w)`;
}

const placeOf = (place: number): Sql => [sql`1`, sql`2`, sql`3`][place - 1] ?? sql`1`;

/** The last day of a month becomes the last day of another; other days stay, unless the month is too short. */
const addMonths: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 2);
    const [from, months] = args as [Typed, Typed];
    expect(from, ['Date', 'DateTime'], functionNamed(name));
    expect(months, ['Number'], functionNamed(name));
    const type = from.type === 'DateTime' ? 'DateTime' : 'Date';
    const day = type === 'Date' ? sql`a` : sql`(a AT TIME ZONE 'UTC')`;
    const moved = sql`${day} + make_interval(months => trunc(b)::integer)`;
    const isLast = sql`extract(month FROM ${day} + interval '1 day') <> extract(month FROM ${day})`;
    const end = sql`date_trunc('month', ${moved}) + interval '1 month - 1 day' + (${day} - date_trunc('day', ${day}))`;
    const kept = sql`CASE WHEN ${isLast} THEN ${end} ELSE ${moved} END`;
    const result = type === 'Date' ? sql`(${kept})::date` : sql`(${kept}) AT TIME ZONE 'UTC'`;
    return part(type, at, (frame) =>
      once(
        [sqlAs(type, from, frame), sqlAs('Number', months, frame)],
        sql`CASE WHEN extract(year FROM ${day}) + trunc(b) / 12 BETWEEN 1701 AND 3999 THEN ${result} END`,
      ),
    );
  },
};

const extracted = (field: Sql): FormulaFunction =>
  typed(['Date'], 'Number', (of) => sql`extract(${field} FROM ${of})::numeric`);

/** @param now  the org's time, as SQL that is evaluated when a statement is sent */
export const dateFunctions = (now: Sql): Record<string, FormulaFunction> => ({
  TODAY: { ...typed([], 'Date', () => sql`(${now} AT TIME ZONE 'UTC')::date`), readsTime: true },
  NOW: { ...typed([], 'DateTime', () => now), readsTime: true },
  DATE: date,
  DATEVALUE: dateValue,
  ADDMONTHS: addMonths,
  YEAR: extracted(sql`year`),
  MONTH: extracted(sql`month`),
  DAY: extracted(sql`day`),
});
