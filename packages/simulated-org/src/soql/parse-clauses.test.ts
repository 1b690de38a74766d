import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSoql } from './parse.ts';
import { refusal, value, where } from './sample-parse.ts';

const reasonOf = (text: string) => refusal(text).message.split('\n').at(-1) ?? '';

test('functions nest only where that is meaningful', () => {
  const { fields } = parseSoql('SELECT FORMAT(MAX(X)) top, HOUR_IN_DAY(convertTimezone(Y)) FROM Z');
  const max = { call: 'max', field: { name: 'X', at: 18 }, at: 14 };
  const zone = { call: 'converttimezone', field: { name: 'Y', at: 55 }, at: 39 };
  assert.deepEqual(
    fields.map((item) => (item.kind === 'expression' ? item.expression : null)),
    [
      { call: 'format', field: max.field, at: 7, inner: max },
      { call: 'hour_in_day', field: zone.field, at: 27, inner: zone },
    ],
  );
  for (const [expression, reason] of [
    ['MAX(FORMAT(X))', 'Invalid nesting of functions: format() in MAX()'],
    ['FORMAT(HOUR_IN_DAY(X))', 'Invalid nesting of functions: hour_in_day() in FORMAT()'],
    ['UPPER(X)', 'Invalid function: UPPER'],
    ['CONSTRUCTOR(X)', 'Invalid function: CONSTRUCTOR'],
  ] as const) {
    assert.equal(reasonOf(`SELECT ${expression} FROM Z`), reason);
  }
});

test('a distance is between a field and a place on the Earth, in miles or kilometres', () => {
  const condition = where("DISTANCE(Place__c, GEOLOCATION(-37.5, +122), 'km') < 1e2");
  assert(condition.kind === 'comparison');
  assert.deepEqual(condition.field, {
    call: 'distance',
    field: { name: 'Place__c', at: 38 },
    at: 29,
    to: { latitude: '-37.5', longitude: '+122', unit: 'km' },
  });
  for (const [distance, reason] of [
    ["DISTANCE(P, GEOLOCATION(91, 0), 'km')", 'value out of range: 91'],
    ["DISTANCE(P, GEOLOCATION(0, -180.1), 'km')", 'value out of range: -180.1'],
    ["DISTANCE(P, GEOLOCATION(0, 0), 'm')", "invalid distance unit: 'm'. Valid units: 'mi', 'km'"],
    ['DISTANCE(P, GEOLOCATION(0, 0), mi)', "unexpected token: 'mi'"],
    ["DISTANCE(P, Q, 'mi')", "unexpected token: 'Q'"],
    ['DISTANCE(P)', "unexpected token: ')'"],
  ] as const) {
    assert.equal(reasonOf(`SELECT Id FROM Account WHERE ${distance} < 1`), reason);
  }
});

test('groups may have subtotals, over at most three fields', () => {
  const read = (groups: string) => {
    const { groupBy, subtotals } = parseSoql(`SELECT COUNT(Id) FROM X GROUP BY ${groups}`);
    return [subtotals, groupBy.length];
  };
  assert.deepEqual(read('Rollup(A, B)'), ['rollup', 2]);
  assert.deepEqual(read('CUBE(A, B, C)'), ['cube', 3]);
  assert.deepEqual(read('Rollup, A'), [null, 2]);
  assert.equal(
    reasonOf('SELECT COUNT(Id) FROM X GROUP BY CUBE(A, B, C, D)'),
    'GROUP BY CUBE takes at most 3 fields',
  );
  assert.equal(reasonOf('SELECT COUNT(Id) FROM X GROUP BY ROLLUP(A), B'), "unexpected token: ','");
});

test('a query may name its parents, its scope, whose permissions apply and its purpose', () => {
  const { joins, scope, reasons } = parseSoql(
    'SELECT Id FROM Contact c, c.Account a, a.Owner AS o USING SCOPE Mine WHERE X = 1 WITH USER_MODE ORDER BY Id LIMIT 1 OFFSET 1 FOR VIEW FOR REFERENCE ALL ROWS',
  );
  assert.deepEqual(
    joins.map(({ path, alias }) => [path.name, alias]),
    [
      ['c.Account', 'a'],
      ['a.Owner', 'o'],
    ],
  );
  assert.equal(scope?.name, 'Mine');
  assert.deepEqual(reasons, ['view', 'reference']);
  assert.deepEqual(parseSoql('SELECT Id FROM X FOR VIEW, REFERENCE').reasons, ['view', 'reference']);
  assert.deepEqual(parseSoql('SELECT Id FROM X FOR UPDATE').reasons, ['update']);
  for (const [rest, reason] of [
    ['ORDER BY Id FOR UPDATE', 'ORDER BY cannot be used with FOR UPDATE'],
    ['FOR VIEW FOR UPDATE', 'FOR UPDATE cannot be used with FOR VIEW or FOR REFERENCE'],
    ['FOR VIEW FOR VIEW', "unexpected token: '<EOF>'"],
    ['FOR READING', "unexpected token: 'READING'"],
    ['WITH NOBODY', "unexpected token: 'NOBODY'"],
    ['WITH DATA CATEGORY A__c AT b__c', 'WITH DATA CATEGORY can only be used with articles and questions'],
    ['UPDATE TRACKING', 'UPDATE TRACKING and UPDATE VIEWSTAT can only be used with articles and questions'],
    [', Account', "unexpected token: '<EOF>'"],
    ['USING mine', "unexpected token: 'mine'"],
  ] as const) {
    assert.equal(reasonOf(`SELECT Id FROM X ${rest}`), reason);
  }
});

test('money is written with its currency', () => {
  assert.deepEqual(value('USD500'), { kind: 'currency', code: 'USD', value: '500' });
  assert.deepEqual(value('eur0.25'), { kind: 'currency', code: 'EUR', value: '0.25' });
  for (const literal of ['USD 500', 'USD-500', 'USDX1', 'US500', 'USD1.5.5', 'USD1 .5']) {
    assert.match(reasonOf(`SELECT Id FROM X WHERE Y = ${literal}`), /^unexpected token: /);
  }
});
