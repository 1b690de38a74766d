import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { createSampleTable, insertSample, sample, sampleId } from './sample-sobject.ts';

/**
 * Generated queries over generated records: compares the server's rows with those of an evaluator that is written for
 * clarity, knows nothing of the parser, and works on JavaScript values.
 */
type Value = string | number | boolean | null;
type Row = Record<string, Value>;

/** A filter's text and its meaning. */
interface Filter {
  text: string;
  accepts: (row: Row) => boolean;
}

/** Small, so that equal values, empty values and both sides of every comparison are common. */
const domains = {
  Name: ['a', 'B', 'b', 'ab', 'É', 'é%', '_', "o'x", '\\', 'c\nd'],
  Count__c: [-1, 0, 1, 2],
  Amount__c: [-0.5, 0, 1, 1.25],
  Active__c: [true, false],
  Due__c: ['2023-12-31', '2024-02-29', '2024-03-01'],
  Seen__c: ['2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z', '2024-06-01T12:00:00Z'],
  Opens__c: ['00:00:00Z', '14:30:00Z', '23:59:59Z'],
  OwnerId: [sampleId(1), sampleId(2), sampleId(3)],
} satisfies Record<string, Value[]>;
type FieldName = keyof typeof domains;
const fieldNames = Object.keys(domains) as FieldName[];

const quote = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;
const isQuoted = (field: FieldName) => field === 'Name' || field === 'OwnerId';
const written = (field: FieldName, value: Value): string =>
  value !== null && isQuoted(field) ? quote(`${value}`) : `${value}`;

const folded = (field: FieldName, value: Value | undefined): Value =>
  field === 'Name' && typeof value === 'string' ? value.toLowerCase() : (value ?? null);

/** Text by code point, which also orders Ids, dates and times. */
function compare(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return Number(left) - Number(right);
}

const operators: Record<string, (left: Value, right: Value) => boolean> = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left !== null && right !== null && compare(left, right) < 0,
  '<=': (left, right) => left !== null && right !== null && compare(left, right) <= 0,
  '>': (left, right) => left !== null && right !== null && compare(left, right) > 0,
  '>=': (left, right) => left !== null && right !== null && compare(left, right) >= 0,
};

const field = fc.constantFrom(...fieldNames);
const valueOf = (name: FieldName): fc.Arbitrary<Value> => fc.constantFrom<Value>(...domains[name], null);

const comparison: fc.Arbitrary<Filter> = field.chain((name) =>
  fc
    .tuple(fc.constantFrom(...(name === 'Active__c' ? ['=', '!='] : Object.keys(operators))), valueOf(name))
    .map(([operator, value]) => ({
      text: `${name} ${operator} ${written(name, value)}`,
      accepts: (row) => operators[operator]?.(folded(name, row[name]), folded(name, value)) ?? false,
    })),
);

const membership: fc.Arbitrary<Filter> = field.chain((name) =>
  fc
    .tuple(fc.boolean(), fc.array(valueOf(name), { minLength: 1, maxLength: 3 }))
    .map(([isNegated, values]) => ({
      text: `${name} ${isNegated ? 'NOT ' : ''}IN (${values.map((value) => written(name, value)).join(', ')})`,
      accepts: (row) => {
        const isAmong = values.some((value) => folded(name, value) === folded(name, row[name]));
        return isAmong !== isNegated;
      },
    })),
);

/** Pieces of a pattern, as SOQL text and as a regular expression. */
const patternPieces = [
  ['%', '[^]*'],
  ['_', '[^]'],
  ['\\%', '%'],
  ['\\_', '_'],
  ['a', 'a'],
  ['B', 'b'],
  ['É', 'é'],
  ['\\\\', '\\\\'],
] as const;
const like: fc.Arbitrary<Filter> = fc
  .array(fc.constantFrom(...patternPieces), { minLength: 1, maxLength: 3 })
  .map((pieces) => {
    const expression = new RegExp(`^${pieces.map(([, regular]) => regular).join('')}$`, 'u');
    return {
      text: `Name LIKE '${pieces.map(([soql]) => soql).join('')}'`,
      accepts: ({ Name }) => typeof Name === 'string' && expression.test(Name.toLowerCase()),
    };
  });

const keyset: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom(...domains.Seen__c), fc.integer({ min: 0, max: 15 }))
  .map(([stamp, number]) => ({
    text: `((Seen__c = ${stamp} AND Id > '${sampleId(number)}') OR Seen__c > ${stamp})`,
    accepts: ({ Seen__c, Id }) =>
      (Seen__c === stamp && compare(Id ?? null, sampleId(number)) > 0) ||
      (typeof Seen__c === 'string' && Seen__c > stamp),
  }));

const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    comparison,
    membership,
    like,
    keyset,
    fc.tuple(tie('filter'), tie('filter')).map(([left, right]) => ({
      text: `(${left.text}) AND (${right.text})`,
      accepts: (row: Row) => left.accepts(row) && right.accepts(row),
    })),
    fc.tuple(tie('filter'), tie('filter')).map(([left, right]) => ({
      text: `(${left.text}) OR NOT (${right.text})`,
      accepts: (row: Row) => left.accepts(row) || !right.accepts(row),
    })),
    tie('filter').map((inner) => ({
      text: `NOT (${inner.text})`,
      accepts: (row: Row) => !inner.accepts(row),
    })),
  ),
}));

const sortKeys = fc.uniqueArray(
  fc.record({ name: field, descending: fc.boolean(), nullsLast: fc.boolean() }),
  { maxLength: 3, selector: ({ name }) => name },
);
type SortKeys = typeof sortKeys extends fc.Arbitrary<infer Keys> ? Keys : never;

function ordered(rows: Row[], keys: SortKeys): Row[] {
  return rows.toSorted((left, right) => {
    for (const { name, descending, nullsLast } of keys) {
      const [one, other] = [folded(name, left[name]), folded(name, right[name])];
      if (one === other) continue;
      if (one === null || other === null) return (one === null) === nullsLast ? 1 : -1;
      const order = compare(one, other);
      if (order !== 0) return descending ? -order : order;
    }
    return compare(left.Id ?? null, right.Id ?? null);
  });
}

const orderText = (keys: SortKeys) =>
  keys.length === 0
    ? ''
    : `ORDER BY ${keys
        .map((key) => `${key.name} ${key.descending ? 'DESC' : 'ASC'}${key.nullsLast ? ' NULLS LAST' : ''}`)
        .join(', ')}`;

/** Fixed by a formula: every value of a domain occurs, null included, in combinations that do not repeat. */
const rows: Row[] = Array.from({ length: 90 }, (_, number) => ({
  Id: sampleId(number + 1),
  ...Object.fromEntries(
    fieldNames.map((name, place) => {
      const domain: Value[] = [...domains[name], null];
      return [name, domain[(number * (place + 3) + Math.trunc(number / 7) * place) % domain.length] ?? null];
    }),
  ),
}));

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createSampleTable(database.db);
  for (const row of rows) {
    const values = Object.entries(row).map(([name, value]) => [name, value === null ? null : `${value}`]);
    await insertSample(database.db, Object.fromEntries(values) as Record<string, string | null>);
  }
});
after(() => database[Symbol.asyncDispose]());

const compiled = (text: string) =>
  compileSoql(parseSoql(text), {
    sobjects: new Map([['sample__c', sample]]),
    includeDeleted: false,
    version: '62.0',
    now: 0,
  });

test('a generated query gives the same rows, order and count as a plain evaluator', async () => {
  const bounds = fc.option(fc.integer({ min: 0, max: 20 }), { nil: null });
  await assertProperty(
    fc.asyncProperty(filter, sortKeys, bounds, bounds, async ({ text, accepts }, keys, limit, offset) => {
      const soql = [
        `SELECT Id FROM Sample__c WHERE ${text} ${orderText(keys)}`,
        limit === null ? '' : `LIMIT ${limit}`,
        offset === null ? '' : `OFFSET ${offset}`,
      ].join(' ');
      const from = offset ?? 0;
      const accepted = ordered(rows.filter(accepts), keys).slice(
        from,
        limit === null ? undefined : from + limit,
      );
      const expected = accepted.map(({ Id }) => Id);

      const query = compiled(soql);
      const answer = await database.db.query<{ json: string }>(query.rows);
      const ids = answer.map(({ json }) => (JSON.parse(json) as { Id: string }).Id);
      assert.deepEqual(ids, expected, soql);
      const [total] = await database.db.query<{ count: number }>(query.count);
      assert.equal(total?.count, expected.length, soql);
    }),
    { numRuns: 600 },
  );
});

test('every comparison in a filter either runs on the server or is refused by a SoqlError', async () => {
  const constants = [
    "''",
    "'a'",
    "'\\ud800'",
    `'${sampleId(1)}'`,
    '0',
    '-1.5e300',
    '1e-400',
    '99999999999999999999',
    'true',
    'null',
    '1700-01-01',
    '4000-12-31',
    '4000-12-31T23:59:59-2359',
    '1700-01-01T00:00:00.001+2359',
    '23:59:59.999Z',
  ];
  const name = fc.constantFrom(...sample.fields.map((each) => each.name));
  const operator = fc.constantFrom(...Object.keys(operators), 'LIKE', 'IN', 'NOT IN');
  await assertProperty(
    fc.asyncProperty(name, operator, fc.constantFrom(...constants), async (field, sign, constant) => {
      const value = sign.endsWith('IN') ? `(${constant}, null, ${constant})` : constant;
      const text = `SELECT ${field} FROM Sample__c WHERE ${field} ${sign} ${value} ORDER BY ${field}`;
      try {
        await database.db.query(compiled(text).rows);
      } catch (error) {
        assert(error instanceof SoqlError, `${text}: ${String(error)}`);
      }
    }),
    { numRuns: 1000 },
  );
});
