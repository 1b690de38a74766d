import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import type { Condition } from './ast.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { refusal, value, where } from './sample-parse.ts';

const refuses = (text: string, message: string, code = 'MALFORMED_QUERY') => {
  const error = refusal(text);
  assert.deepEqual({ code: error.code, message: error.message }, { code, message });
};

test('every clause is read, in upper or lower case, with the position of each name', () => {
  const text =
    'select Id, a.Name from Account as a where X=1 Order By Name desc nulls last, Id ASC limit 10 offset 20 all rows';
  assert.deepEqual(parseSoql(text), {
    text,
    isCount: false,
    fields: [
      { kind: 'expression', expression: { name: 'Id', at: 7 }, alias: null },
      { kind: 'expression', expression: { name: 'a.Name', at: 11 }, alias: null },
    ],
    from: { name: 'Account', at: 23 },
    alias: 'a',
    joins: [],
    scope: null,
    where: {
      kind: 'comparison',
      field: { name: 'X', at: 42 },
      operator: '=',
      value: { kind: 'number', value: '1' },
    },
    groupBy: [],
    subtotals: null,
    having: null,
    orderBy: [
      { expression: { name: 'Name', at: 55 }, descending: true, nullsLast: true },
      { expression: { name: 'Id', at: 77 }, descending: false, nullsLast: false },
    ],
    limit: 10,
    offset: 20,
    allRows: true,
    reasons: [],
  });
});

test('COUNT() selects no fields, and the name count alone is a field', () => {
  assert.deepEqual(parseSoql('SELECT COUNT() FROM Account').isCount, true);
  assert.deepEqual(parseSoql('SELECT count FROM Account').fields, [
    { kind: 'expression', expression: { name: 'count', at: 7 }, alias: null },
  ]);
});

test('every operator is read', () => {
  for (const [written, operator] of [
    ['=', '='],
    ['!=', '!='],
    ['<>', '!='],
    ['<', '<'],
    ['<=', '<='],
    ['>', '>'],
    ['>=', '>='],
    [' LIKE ', 'like'],
  ]) {
    const condition = where(`X${written}'a'`);
    assert(condition.kind === 'comparison');
    assert.equal(condition.operator, operator);
  }
  for (const [written, isNegated] of [
    ['IN', false],
    ['not in', true],
  ] as const) {
    const condition = where(`X ${written} ('a', 'b')`);
    assert(condition.kind === 'membership');
    assert.equal(condition.isNegated, isNegated);
    assert.equal(condition.values.length, 2);
  }
});

test('AND, OR, NOT and parentheses nest as written', () => {
  const shape = (condition: Condition): string => {
    if (condition.kind === 'not') return `not ${shape(condition.term)}`;
    if (condition.kind === 'comparison') return 'name' in condition.field ? condition.field.name : '';
    assert('terms' in condition);
    return `(${condition.terms.map(shape).join(` ${condition.kind} `)})`;
  };
  assert.equal(shape(where('A = 1 AND B = 1 AND C = 1')), '(A and B and C)');
  assert.equal(shape(where('(A = 1 AND B = 1) OR NOT (C = 1 OR D = 1)')), '((A and B) or not (C or D))');
  assert.equal(shape(where('NOT A = 1 AND B = 1')), '(not A and B)');
  assert.equal(shape(where('((A = 1))')), 'A');
});

test('constants keep their digits, and datetimes become UTC', () => {
  for (const [written, expected] of [
    ['9007199254740993.10', { kind: 'number', value: '9007199254740993.10' }],
    ['-1.5e-3', { kind: 'number', value: '-1.5e-3' }],
    ['TRUE', { kind: 'boolean', value: true }],
    ['null', { kind: 'null' }],
    ['2024-02-29', { kind: 'date', value: '2024-02-29' }],
    ['14:30:00.000Z', { kind: 'time', value: '14:30:00.000' }],
    ['2024-01-01T00:00:00Z', { kind: 'datetime', value: '2024-01-01T00:00:00.000Z' }],
    ['2024-01-01T00:00:00.5+01:30', { kind: 'datetime', value: '2023-12-31T22:30:00.500Z' }],
    ['2024-01-01T00:00:00-0800', { kind: 'datetime', value: '2024-01-01T08:00:00.000Z' }],
  ] as const) {
    assert.deepEqual(value(written), expected);
  }
});

test('escapes in strings are resolved, and LIKE keeps escaped wildcards apart', () => {
  assert.deepEqual(value(String.raw`'O\'Neil \u00e9\n\\'`), {
    kind: 'string',
    value: "O'Neil é\n\\",
    pattern: "O'Neil é\n\\\\",
  });
  assert.deepEqual(value(String.raw`'100\%_'`), { kind: 'string', value: '100%_', pattern: '100\\%_' });
  assert.deepEqual(value(String.raw`'\"\'\N\r\T\b\f\_\%\U00E9'`), {
    kind: 'string',
    value: `"'\n\r\t\b\f_%é`,
    pattern: `"'\n\r\t\b\f\\_\\%é`,
  });
});

test('a refusal echoes the line, points at the position and names row and column', () => {
  refuses(
    'SELECT Id FORM Account',
    "\nSELECT Id FORM Account\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'",
  );
  refuses(
    'SELECT Id\r\nFROM Account\nWHERE A = 1 AND B = 2 OR C = 3',
    "\nWHERE A = 1 AND B = 2 OR C = 3\n                      ^\nERROR at Row:3:Column:23\nunexpected token: 'OR'",
  );
  refuses(
    'SELECT Id FROM',
    "\nSELECT Id FROM\n              ^\nERROR at Row:1:Column:15\nunexpected token: '<EOF>'",
  );
});

test('for a position far into a long line only its surroundings are echoed', () => {
  const { message } = refusal(`SELECT ${'Id, '.repeat(2000)} ? FROM Account`);
  const [, echo = '', caret = ''] = message.split('\n');
  assert.equal(echo.length <= 1000 && echo[caret.indexOf('^')], '?');
  assert.match(message, /Row:1:Column:8009/);
});

test('an invalid query is refused at the wrong token', () => {
  for (const [text, reason] of [
    ['', "unexpected token: '<EOF>'"],
    ['SELECT FROM Account', "unexpected token: 'FROM'"],
    ['SELECT Id FROM From Account', "unexpected token: 'From'"],
    ['SELECT Id FROM Account a.b', "unexpected token: 'a.b'"],
    ['SELECT MAX(Id) a.b FROM Account', "unexpected token: 'a.b'"],
    ['SELECT Id FROM Account AS Group', "unexpected token: 'Group'"],
    ['SELECT Id FROM Account NOT', "unexpected token: 'NOT'"],
    ['SELECT Id FROM Account ORDER BY desc', "unexpected token: 'desc'"],
    ['SELECT Id, MAX(Name) last FROM Account', "unexpected token: 'last'"],
    ['SELECT Id FROM Account WHERE', "unexpected token: '<EOF>'"],
    ['SELECT Id FROM Account WHERE Name', "unexpected token: '<EOF>'"],
    ['SELECT Id FROM Account WHERE Name IN ()', "unexpected token: ')'"],
    ['SELECT Id FROM Account WHERE Name = foo', "unexpected token: 'foo'"],
    ['SELECT Id FROM Account WHERE Name = :bind', "unexpected token: ':'"],
    ['SELECT Id FROM Account WHERE Name constructor 1', "unexpected token: 'constructor'"],
    ['SELECT Id FROM Account WHERE Name = 5abc', "unexpected token: '5abc'"],
    ['SELECT Id FROM Account WHERE D = 2024-02-30', 'value out of range: 2024-02-30'],
    ['SELECT Id FROM Account WHERE D = 2024-01-01T25:00:00Z', 'value out of range: 2024-01-01T25:00:00Z'],
    ['SELECT Id FROM Account WHERE D = 0000-01-01', 'value out of range: 0000-01-01'],
    ['SELECT Id FROM Account WHERE N = 1e999', 'value out of range: 1e999'],
    ["SELECT Id FROM Account WHERE Name = 'abc", 'string literal is not terminated by a quote'],
    ["SELECT Id FROM Account WHERE Name = 'a\\q'", "invalid string literal: unknown escape '\\q'"],
    ["SELECT Id FROM Account WHERE Name = 'a\\u0000'", 'illegal character in string literal'],
    [
      `SELECT Id FROM Account WHERE Name = '${'a'.repeat(4001)}'`,
      'string literal is longer than 4000 characters',
    ],
    ['SELECT Id FROM Account LIMIT -1', "unexpected token: '-1'"],
    ['SELECT Id FROM Account LIMIT 1 WHERE Name = null', "unexpected token: 'WHERE'"],
    ["SELECT Id FROM Account WHERE Name = 'x'; DROP TABLE Account", "unexpected token: ';'"],
    ['SELECT "Id" FROM Account', "unexpected token: '\"'"],
    ['SELECT Id FROM Account -- all', "unexpected token: '-'"],
  ] as const) {
    const error = refusal(text);
    assert.equal(error.code, 'MALFORMED_QUERY');
    assert.equal(error.message.split('\n').at(-1), reason);
  }
});

test('functions, groups and their conditions are read, with aliases', () => {
  const { fields, groupBy, having, orderBy } = parseSoql(
    'SELECT Name n, Calendar_Year(A.B), MAX(X) AS most FROM Y GROUP BY Name HAVING count(Id) > 1 ORDER BY MAX(X) DESC',
  );
  const max = { call: 'max', field: { name: 'X', at: 39 }, at: 35 };
  assert.deepEqual(fields, [
    { kind: 'expression', expression: { name: 'Name', at: 7 }, alias: { name: 'n', at: 12 } },
    {
      kind: 'expression',
      expression: { call: 'calendar_year', field: { name: 'A.B', at: 29 }, at: 15 },
      alias: null,
    },
    { kind: 'expression', expression: max, alias: { name: 'most', at: 45 } },
  ]);
  assert.deepEqual(groupBy, [{ name: 'Name', at: 66 }]);
  assert.deepEqual(having, {
    kind: 'comparison',
    field: { call: 'count', field: { name: 'Id', at: 84 }, at: 78 },
    operator: '>',
    value: { kind: 'number', value: '1' },
  });
  assert.deepEqual(orderBy[0]?.expression, { call: 'max', field: { name: 'X', at: 105 }, at: 101 });
});

test('date literals are read in any case, with a number if they take one', () => {
  assert.deepEqual(value('Last_N_Days:30'), { kind: 'period', value: 'last_n_days', count: 30 });
  assert.deepEqual(value('n_fiscal_quarters_ago:2'), {
    kind: 'period',
    value: 'n_fiscal_quarters_ago',
    count: 2,
  });
  assert.deepEqual(value('TODAY'), { kind: 'period', value: 'today', count: 1 });
  for (const [literal, reason] of [
    ['LAST_N_DAYS', "unexpected token: '<EOF>'"],
    ['LAST_N_DAYS:-1', "unexpected token: '-1'"],
    ['TODAY:1', "unexpected token: ':'"],
    ['THIS_DAY', "unexpected token: 'THIS_DAY'"],
    ['LAST_N_YEARS:100001', 'value out of range: LAST_N_YEARS:100001'],
  ] as const) {
    const text = `SELECT Id FROM Account WHERE X = ${literal}`;
    assert.equal(refusal(text).message.split('\n').at(-1), reason);
  }
});

test("nesting, length and OFFSET have Salesforce's limits", () => {
  const nested = (levels: number) =>
    `SELECT Id FROM Account WHERE ${'('.repeat(levels)}Name = null${')'.repeat(levels)}`;
  assert(parseSoql(nested(100)));
  assert.match(refusal(nested(101)).message, /nested deeper than 100 levels/);
  assert.match(refusal(nested(40_000)).message, /nested deeper than 100 levels/);
  assert.match(refusal(`SELECT Id FROM Account WHERE ${'NOT '.repeat(101)} A = 1`).message, /nested deeper/);
  assert.match(
    refusal(`SELECT Id FROM Account${' '.repeat(100_000)}`).message,
    /longer than 100000 characters/,
  );
  assert(parseSoql('SELECT Id FROM Account OFFSET 2000'));
  assert.equal(refusal('SELECT Id FROM Account OFFSET 2001').code, 'NUMBER_OUTSIDE_VALID_RANGE');
});

test('no text throws anything but a SoqlError', () => {
  const words =
    "SELECT,Id,FROM,Account,WHERE,(,),=,!=,<,AND,OR,NOT,IN,LIKE,'a',',\\,1,1.,-,+,.5,2024-01-01,T10:00:00Z,null,ORDER,BY,LIMIT,OFFSET,ALL,ROWS,COUNT,GROUP,HAVING,MAX,FIELDS,TYPEOF,WHEN,THEN,END,TODAY,LAST_N_DAYS,INCLUDES,a.b,__proto__,constructor,:,é,😀,\ud800,\n,\t,\0"
      .split(',')
      .concat(',');
  const tokenSoup = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(' '));
  const prefixed = fc.tuple(fc.constantFrom('SELECT Id FROM Account WHERE ', 'SELECT '), tokenSoup);
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    tokenSoup,
    prefixed.map((parts) => parts.join('')),
  );
  assertProperty(
    fc.property(text, (query) => {
      try {
        parseSoql(query);
      } catch (error) {
        assert(error instanceof SoqlError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
