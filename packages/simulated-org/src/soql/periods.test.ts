import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { daysOf, isPeriod, periodCountMax } from './periods.ts';

/** The last minute of a leap day, a Thursday. */
const now = Date.parse('2024-02-29T23:59:30Z');

const days = (written: string, at = now) => {
  const [value = '', count] = written.toLowerCase().split(':');
  const { from, to } = daysOf({ kind: 'period', value, count: count === undefined ? 1 : Number(count) }, at);
  return `${from} ${to}`;
};

test('a date literal covers the documented days around the time of the query, excluding its end', () => {
  for (const [literal, expected] of [
    ['YESTERDAY', '2024-02-28 2024-02-29'],
    ['TODAY', '2024-02-29 2024-03-01'],
    ['TOMORROW', '2024-03-01 2024-03-02'],
    ['LAST_WEEK', '2024-02-18 2024-02-25'],
    ['THIS_WEEK', '2024-02-25 2024-03-03'],
    ['NEXT_WEEK', '2024-03-03 2024-03-10'],
    ['LAST_MONTH', '2024-01-01 2024-02-01'],
    ['THIS_MONTH', '2024-02-01 2024-03-01'],
    ['NEXT_MONTH', '2024-03-01 2024-04-01'],
    ['LAST_90_DAYS', '2023-12-01 2024-03-01'],
    ['NEXT_90_DAYS', '2024-03-01 2024-05-30'],
    ['LAST_N_DAYS:3', '2024-02-26 2024-03-01'],
    ['NEXT_N_DAYS:3', '2024-03-01 2024-03-04'],
    ['N_DAYS_AGO:60', '2023-12-31 2024-01-01'],
    ['LAST_N_WEEKS:2', '2024-02-11 2024-02-25'],
    ['NEXT_N_WEEKS:2', '2024-03-03 2024-03-17'],
    ['N_WEEKS_AGO:1', '2024-02-18 2024-02-25'],
    ['LAST_N_MONTHS:2', '2023-12-01 2024-02-01'],
    ['NEXT_N_MONTHS:11', '2024-03-01 2025-02-01'],
    ['N_MONTHS_AGO:14', '2022-12-01 2023-01-01'],
    ['LAST_QUARTER', '2023-10-01 2024-01-01'],
    ['THIS_QUARTER', '2024-01-01 2024-04-01'],
    ['NEXT_FISCAL_QUARTER', '2024-04-01 2024-07-01'],
    ['LAST_N_QUARTERS:3', '2023-04-01 2024-01-01'],
    ['N_FISCAL_QUARTERS_AGO:4', '2023-01-01 2023-04-01'],
    ['LAST_YEAR', '2023-01-01 2024-01-01'],
    ['THIS_FISCAL_YEAR', '2024-01-01 2025-01-01'],
    ['NEXT_N_YEARS:2', '2025-01-01 2027-01-01'],
    ['N_YEARS_AGO:400', '1700-01-01 1700-01-01'],
    [`NEXT_N_YEARS:${periodCountMax}`, '2025-01-01 4001-01-01'],
    [`LAST_N_FISCAL_YEARS:${periodCountMax}`, '1700-01-01 2024-01-01'],
  ] as const) {
    assert.equal(days(literal), expected, literal);
  }
});

test('last, this and next of any unit are adjacent without gap or overlap, at any time', () => {
  const time = fc.date({ min: new Date('1800-01-01'), max: new Date('3900-01-01'), noInvalidDate: true });
  const unit = fc.constantFrom('week', 'month', 'quarter', 'year');
  assertProperty(
    fc.property(time, unit, fc.integer({ min: 1, max: 40 }), (date, one, count) => {
      const at = date.getTime();
      const [last, current, next] = ['last', 'this', 'next'].map((place) => days(`${place}_${one}`, at));
      assert.equal(last?.split(' ')[1], current?.split(' ')[0]);
      assert.equal(current?.split(' ')[1], next?.split(' ')[0]);
      const today = date.toISOString().slice(0, 10);
      const [from = '', to = ''] = current?.split(' ') ?? [];
      assert(from <= today && today < to);
      assert.equal(
        days(`last_n_${one}s:${count}`, at).split(' ')[0],
        days(`n_${one}s_ago:${count}`, at).split(' ')[0],
      );
    }),
  );
});

test('a word that is almost a date literal is not one', () => {
  for (const word of ['this_day', 'last_n_fiscal_months', 'n_days', 'last_n_day', 'today_', '__proto__'])
    assert.equal(isPeriod(word), false, word);
});
