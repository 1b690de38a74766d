import { unreachable } from '@lockstep/foundation/assert';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { Operator } from './ast.ts';
import { FormulaError } from './errors.ts';
import { expect, type FormulaType, type Frame, once, sqlAs, type Typed, wrongType } from './types.ts';

/**
 * The operand and result types of the operators. A result that cannot be computed is null: a division by zero, a date
 * beyond Salesforce's calendar, a power without a real value.
 */
export function binary(operator: Operator, left: Typed, right: Typed, at: number): Typed {
  const of = `operator '${operator}'`;
  switch (operator) {
    case '&&':
    case '||':
      expect(left, ['Boolean'], of);
      expect(right, ['Boolean'], of);
      return part('Boolean', at, (frame) => {
        const word = operator === '&&' ? sql`AND` : sql`OR`;
        return sql`(${sqlAs('Boolean', left, frame)} ${word} ${sqlAs('Boolean', right, frame)})`;
      });
    case '&':
      expect(left, ['Text'], of);
      expect(right, ['Text'], of);
      return concatenation(left, right, at);
    case '=':
    case '<>':
      return equality(operator, left, right, at);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return order(operator, left, right, at);
    case '+':
    case '-':
      return sum(operator, left, right, at);
    case '*':
    case '/':
    case '^':
      expect(left, ['Number'], of);
      expect(right, ['Number'], of);
      return part('Number', at, (frame) =>
        product(operator, sqlAs('Number', left, frame), sqlAs('Number', right, frame)),
      );
    default:
      return unreachable(operator);
  }
}

export function unary(operator: '-' | '!', operand: Typed, at: number): Typed {
  const type = operator === '-' ? 'Number' : 'Boolean';
  expect(operand, [type], `operator '${operator}'`);
  const sign = operator === '-' ? sql`- ` : sql`NOT `;
  return part(type, at, (frame) => sql`(${sign}${sqlAs(type, operand, frame)})`);
}

const part = (type: FormulaType, at: number, render: (frame: Frame) => Sql): Typed => ({
  type,
  at,
  sql: render,
});

const concatenation = (left: Typed, right: Typed, at: number): Typed =>
  part('Text', at, (frame) => sql`(${sqlAs('Text', left, frame)} || ${sqlAs('Text', right, frame)})`);

const comparable: readonly FormulaType[] = ['Text', 'Number', 'Boolean', 'Date', 'DateTime'];

function equality(operator: '=' | '<>', left: Typed, right: Typed, at: number): Typed {
  const of = `operator '${operator}'`;
  expect(left, comparable, of);
  const type = left.type === 'Null' ? right.type : left.type;
  expect(right, type === 'Null' ? comparable : [type], of);
  const word = operator === '=' ? sql`IS NOT DISTINCT FROM` : sql`IS DISTINCT FROM`;
  return part(
    'Boolean',
    at,
    (frame) => sql`(${sqlAs(type, left, frame)} ${word} ${sqlAs(type, right, frame)})`,
  );
}

const symbols = { '<': sql`<`, '<=': sql`<=`, '>': sql`>`, '>=': sql`>=` };

/** False if one side is blank. */
function order(operator: keyof typeof symbols, left: Typed, right: Typed, at: number): Typed {
  const of = `operator '${operator}'`;
  const ordered: readonly FormulaType[] = ['Number', 'Date', 'DateTime'];
  expect(left, ordered, of);
  const type = left.type === 'Null' ? right.type : left.type;
  expect(right, type === 'Null' ? ordered : [type], of);
  return part(
    'Boolean',
    at,
    (frame) =>
      sql`coalesce(${sqlAs(type, left, frame)} ${symbols[operator]} ${sqlAs(type, right, frame)}, false)`,
  );
}

function sum(operator: '+' | '-', left: Typed, right: Typed, at: number): Typed {
  const types = `${left.type} ${right.type}`;
  const of = `operator '${operator}'`;
  if (operator === '+' && (left.type === 'Text' || right.type === 'Text')) {
    expect(left, ['Text'], of);
    expect(right, ['Text'], of);
    return concatenation(left, right, at);
  }
  if (types === 'Date Number' || types === 'DateTime Number')
    return part(left.type, at, (frame) => {
      const days = operator === '+' ? right.sql(frame) : sql`- ${right.sql(frame)}`;
      return shifted(left.type, left.sql(frame), days);
    });
  if (operator === '+' && (types === 'Number Date' || types === 'Number DateTime'))
    return part(right.type, at, (frame) => shifted(right.type, right.sql(frame), left.sql(frame)));
  if (operator === '-' && types === 'Date Date')
    return part('Number', at, (frame) => sql`(${left.sql(frame)} - ${right.sql(frame)})::numeric`);
  if (operator === '-' && types === 'DateTime DateTime')
    return part(
      'Number',
      at,
      (frame) => sql`(extract(epoch FROM ${left.sql(frame)} - ${right.sql(frame)})::numeric / 86400)`,
    );
  const addable: readonly FormulaType[] = ['Number', 'Date', 'DateTime'];
  expect(left, addable, of);
  expect(right, addable, of);
  if (left.type !== 'Number' && left.type !== 'Null') throw wrongType(right, ['Number'], of);
  if (right.type !== 'Number' && right.type !== 'Null') throw wrongType(right, ['Number'], of);
  const word = operator === '+' ? sql`+` : sql`-`;
  return part(
    'Number',
    at,
    (frame) => sql`(${sqlAs('Number', left, frame)} ${word} ${sqlAs('Number', right, frame)})`,
  );
}

/** This many days later, within Salesforce's calendar. A fraction of a day moves a datetime, but not a date. */
function shifted(type: FormulaType, from: Sql, days: Sql): Sql {
  const later =
    type === 'Date'
      ? sql`a + trunc(b)::integer`
      : sql`a + make_interval(secs => (b * 86400)::double precision)`;
  const within = type === 'Date' ? sql`a + trunc(b)::integer` : sql`(${later}) AT TIME ZONE 'UTC'`;
  return once(
    [from, days],
    sql`CASE WHEN abs(b) < 1000000 THEN CASE WHEN ${within} BETWEEN '1700-01-01' AND '4001-01-01' THEN ${later} END END`,
  );
}

function product(operator: '*' | '/' | '^', left: Sql, right: Sql): Sql {
  if (operator === '*') return sql`(${left} * ${right})`;
  if (operator === '/') return sql`(${left} / nullif(${right}, 0))`;
  return once(
    [left, right],
    sql`CASE WHEN b = 0 THEN 1
             WHEN a = 0 THEN CASE WHEN b > 0 THEN 0 END
             WHEN a < 0 AND b <> trunc(b) THEN NULL
             WHEN abs(b) < 1000 AND abs(a) < 1e30 AND abs(a) > 1e-30 AND abs(b * ln(abs(a))) < 130 THEN power(a, b) END`,
  );
}

/** The reverse case, which can only be checked for the whole formula. */
export const incompatible = (type: string, expected: string): FormulaError =>
  new FormulaError(
    `Formula result is data type (${type}), incompatible with expected data type (${expected}).`,
  );
