import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { createSampleTable, insertSample, sample, sampleId } from './sample-sobject.ts';

/** Compares the groups of generated queries with those that a plain evaluator forms of the same records. */
interface Row {
  Name: string | null;
  Active__c: boolean | null;
  Count__c: number | null;
  Amount__c: number | null;
  Due__c: string | null;
  Seen__c: string | null;
}

const pick = <Item>(items: readonly Item[], number: number): Item | null =>
  items[number % (items.length + 1)] ?? null;

const rows: Row[] = Array.from({ length: 70 }, (_, number) => ({
  Name: pick(['a', 'B', 'c', 'é'], number),
  Active__c: pick([true, false], number * 2),
  Count__c: pick([-1, 0, 3, 7], number * 3),
  Amount__c: pick([0.5, 1, 2.25], number * 5),
  Due__c: pick(['2023-12-31', '2024-02-29', '2024-03-01'], number + Math.trunc(number / 9)),
  Seen__c: pick(['2023-12-31T23:59:59.000Z', '2024-01-07T05:00:00.000Z', '2024-06-08T12:00:00.000Z'], number),
}));

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createSampleTable(database.db);
  for (const [number, row] of rows.entries()) {
    const values = Object.entries(row).map(([name, value]) => [name, value === null ? null : `${value}`]);
    await insertSample(database.db, { Id: sampleId(number + 1), ...Object.fromEntries(values) });
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

async function json(text: string): Promise<string[]> {
  const found = await database.db.query<{ json: string }>(compiled(text).rows);
  return found.map((row) => row.json);
}

type Value = string | number | boolean | null;

const keys: Record<string, (row: Row) => Value> = {
  Name: ({ Name }) => Name,
  Active__c: ({ Active__c }) => Active__c,
  Count__c: ({ Count__c }) => Count__c,
  Due__c: ({ Due__c }) => Due__c,
  'CALENDAR_YEAR(Seen__c)': ({ Seen__c }) => Seen__c && new Date(Seen__c).getUTCFullYear(),
  'CALENDAR_QUARTER(Due__c)': ({ Due__c }) => Due__c && Math.ceil((new Date(Due__c).getUTCMonth() + 1) / 3),
  'DAY_ONLY(Seen__c)': ({ Seen__c }) => Seen__c && Seen__c.slice(0, 10),
  'DAY_IN_WEEK(Seen__c)': ({ Seen__c }) => Seen__c && new Date(Seen__c).getUTCDay() + 1,
  'HOUR_IN_DAY(Seen__c)': ({ Seen__c }) => Seen__c && new Date(Seen__c).getUTCHours(),
};

const filled = <Field extends keyof Row>(group: Row[], field: Field) =>
  group.flatMap((row) => (row[field] === null ? [] : [row[field] as NonNullable<Row[Field]>]));
const sum = (numbers: number[]) => (numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0));

const aggregates: Record<string, (group: Row[]) => Value> = {
  'COUNT(Id)': (group) => group.length,
  'COUNT(Count__c)': (group) => filled(group, 'Count__c').length,
  'COUNT_DISTINCT(Name)': (group) => new Set(filled(group, 'Name')).size,
  'SUM(Count__c)': (group) => sum(filled(group, 'Count__c')),
  'SUM(Amount__c)': (group) => sum(filled(group, 'Amount__c')),
  'MAX(Amount__c)': (group) => filled(group, 'Amount__c').toSorted((a, b) => b - a)[0] ?? null,
  'MIN(Due__c)': (group) => filled(group, 'Due__c').toSorted()[0] ?? null,
  'MIN(Name)': (group) =>
    filled(group, 'Name').toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))[0] ?? null,
  'AVG(Amount__c)': (group) => {
    const numbers = filled(group, 'Amount__c');
    return numbers.length === 0 ? null : (sum(numbers) ?? 0) / numbers.length;
  },
};

function groupsOf(accepted: Row[], by: string[]): Row[][] {
  if (by.length === 0) return [accepted];
  const groups = new Map<string, Row[]>();
  for (const row of accepted) {
    const key = JSON.stringify(by.map((name) => keys[name]?.(row)));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

const near = (value: unknown) => (typeof value === 'number' ? Number(value.toFixed(9)) : value);

test('generated groups, their aggregates and HAVING match a plain evaluator', async () => {
  const by = fc.uniqueArray(fc.constantFrom(...Object.keys(keys)), { maxLength: 3 });
  const values = fc.uniqueArray(fc.constantFrom(...Object.keys(aggregates)), { minLength: 1, maxLength: 3 });
  await assertProperty(
    fc.asyncProperty(
      by,
      values,
      fc.integer({ min: -1, max: 4 }),
      fc.boolean(),
      async (by, chosen, least, filters) => {
        // A field that is grouped by cannot be aggregated.
        const values = chosen.filter((value) => !by.some((key) => value.endsWith(`(${key})`)));
        const select = [...by.map((key, i) => (key.includes('(') ? `${key} k${i}` : key)), ...values];
        const grouped = by.length === 0 ? '' : `GROUP BY ${by.join(', ')} HAVING COUNT(Id) > ${least}`;
        const where = filters ? 'WHERE Count__c >= 0' : '';
        const soql = `SELECT ${select.join(', ')} FROM Sample__c ${where} ${grouped}`;
        const accepted = filters ? rows.filter(({ Count__c }) => (Count__c ?? -1) >= 0) : rows;
        const expected = groupsOf(accepted, by)
          .filter((group) => by.length === 0 || group.length > least)
          .map((group) => [
            ...by.map((key) => keys[key]?.(group[0] ?? ({} as Row))),
            ...values.map((name) => near(aggregates[name]?.(group))),
          ]);

        const found = (await json(soql)).map((text) => {
          const { attributes, ...record } = JSON.parse(text) as Record<string, unknown>;
          assert.deepEqual(attributes, { type: 'AggregateResult' });
          return Object.values(record).map(near);
        });
        const sorted = (all: unknown[][]) => all.map((one) => JSON.stringify(one)).toSorted();
        assert.deepEqual(sorted(found), sorted(expected), soql);
        const [total] = await database.db.query<{ count: number }>(compiled(soql).count);
        assert.equal(total?.count, expected.length, soql);
      },
    ),
    { numRuns: 300 },
  );
});

test('an aggregate is named by its alias or number, and a number is formatted by its type', async () => {
  assert.deepEqual(
    await json(
      'SELECT COUNT(Id), SUM(Amount__c), MAX(Count__c) top, AVG(Count__c), MIN(Seen__c) FROM Sample__c',
    ),
    [
      '{"attributes":{"type":"AggregateResult"},"expr0":70,"expr1":64.50,"top":7,"expr2":2.25,"expr3":"2023-12-31T23:59:59.000+0000"}',
    ].map((text) => {
      const amounts = rows.reduce((total, { Amount__c }) => total + (Amount__c ?? 0), 0);
      const numbers = rows.flatMap(({ Count__c }) => Count__c ?? []);
      const average = numbers.reduce((a, b) => a + b, 0) / numbers.length;
      return text.replace('64.50', amounts.toFixed(2)).replace('2.25', String(average));
    }),
  );
  assert.deepEqual(await json("SELECT SUM(Amount__c), COUNT(Name) FROM Sample__c WHERE Name = 'none'"), [
    '{"attributes":{"type":"AggregateResult"},"expr0":null,"expr1":0}',
  ]);
});

test('groups are ordered by their fields and by aggregates, in a total order', async () => {
  const names = async (order: string) =>
    (await json(`SELECT Name n, COUNT(Id) FROM Sample__c GROUP BY Name ORDER BY ${order} LIMIT 3`)).map(
      (text) => (JSON.parse(text) as { n: unknown }).n,
    );
  assert.deepEqual(await names('Name'), [null, 'a', 'B']);
  assert.deepEqual(await names('Name DESC NULLS LAST'), ['é', 'c', 'B']);
  assert.deepEqual(await names('MAX(Name) DESC NULLS LAST'), ['é', 'c', 'B']);
  assert.deepEqual(await names('COUNT(Id), Name DESC NULLS LAST'), ['é', 'c', 'B']);
});

test('groups are filtered by their keys, case-insensitively', async () => {
  const names = async (having: string) =>
    (await json(`SELECT Name FROM Sample__c GROUP BY Name HAVING ${having} ORDER BY Name`)).map(
      (text) => (JSON.parse(text) as { Name: unknown }).Name,
    );
  assert.deepEqual(await names("Name LIKE 'b%' OR Name = null"), [null, 'B']);
  assert.deepEqual(await names("Name NOT IN ('A', null) AND MAX(Seen__c) > N_YEARS_AGO:1"), ['B', 'c', 'é']);
});

test('date functions can be compared in WHERE', async () => {
  const count = async (condition: string) => {
    const text = `SELECT COUNT() FROM Sample__c WHERE ${condition}`;
    return (await database.db.query<{ count: number }>(compiled(text).count))[0]?.count;
  };
  const matching = (accepts: (seen: Date) => boolean) =>
    rows.filter(({ Seen__c }) => Seen__c !== null && accepts(new Date(Seen__c))).length;
  assert.equal(
    await count('CALENDAR_MONTH(Seen__c) = 6'),
    matching((seen) => seen.getUTCMonth() === 5),
  );
  assert.equal(
    await count('DAY_ONLY(Seen__c) > 2023-12-31'),
    matching((seen) => seen.getUTCFullYear() > 2023),
  );
  assert.equal(
    await count('WEEK_IN_MONTH(Seen__c) = 1'),
    matching((seen) => seen.getUTCDate() <= 7),
  );
  assert.equal(
    await count('WEEK_IN_YEAR(Seen__c) IN (1, 53)'),
    matching((seen) => seen.getUTCMonth() !== 5),
  );
  assert.equal(
    await count('DAY_IN_YEAR(Seen__c) != 7'),
    rows.length - matching((seen) => seen.getUTCMonth() === 0),
  );
});

test('what cannot be grouped or aggregated is refused at its position', () => {
  for (const [text, at, reason] of [
    ['SELECT Name, COUNT(Id) FROM Sample__c', 8, 'Field must be grouped or aggregated: Name'],
    ['SELECT Name FROM Sample__c GROUP BY Kind__c', 8, 'Field must be grouped or aggregated: Name'],
    ['SELECT DAY_ONLY(Seen__c) FROM Sample__c', 17, 'Field must be grouped or aggregated: Seen__c'],
    [
      'SELECT COUNT(Id) FROM Sample__c ORDER BY Name',
      42,
      'Ordered field must be grouped or aggregated: Name',
    ],
    ['SELECT Id FROM Sample__c ORDER BY MAX(Name)', 35, 'Ordered field must be grouped or aggregated: Name'],
    ['SELECT SUM(Name) FROM Sample__c', 12, 'field Name does not support aggregate operator SUM'],
    ['SELECT MAX(Notes__c) FROM Sample__c', 12, 'field Notes__c does not support aggregate operator MAX'],
    [
      'SELECT COUNT(Active__c) FROM Sample__c',
      14,
      'field Active__c does not support aggregate operator COUNT',
    ],
    [
      'SELECT Count(Id) FROM Sample__c GROUP BY DAY_ONLY(Due__c)',
      51,
      'field Due__c does not support function DAY_ONLY',
    ],
    [
      'SELECT COUNT(Id) FROM Sample__c GROUP BY Amount__c',
      42,
      "field 'Amount__c' can not be grouped in a query call",
    ],
    [
      'SELECT COUNT(Id) FROM Sample__c GROUP BY MAX(Name)',
      42,
      'Grouped field should not be aggregated: MAX(Name)',
    ],
    [
      'SELECT Name, COUNT(Name) FROM Sample__c GROUP BY Name',
      14,
      'Grouped field should not be aggregated: Name',
    ],
    ['SELECT Name, MAX(Kind__c) name FROM Sample__c GROUP BY Name', 27, 'duplicate alias: name'],
    ['SELECT Name n FROM Sample__c', 13, 'only aggregate expressions use field aliasing'],
    ['SELECT Id FROM Sample__c WHERE MAX(Count__c) > 1', 32, 'Aggregate functions are not allowed in WHERE'],
    ['SELECT COUNT() FROM Sample__c GROUP BY Name', 40, 'COUNT() cannot be used with GROUP BY'],
    [
      'SELECT FIELDS(STANDARD), COUNT(Id) FROM Sample__c',
      8,
      'The FIELDS function cannot be used in a grouped query',
    ],
  ] as const) {
    assert.throws(
      () => compiled(text),
      (error: unknown) => {
        assert(error instanceof SoqlError, String(error));
        assert.match(error.message, new RegExp(`\\nERROR at Row:1:Column:${at}\\n`), text);
        assert.equal(error.message.split('\n').at(-1), reason);
        return true;
      },
    );
  }
  assert.throws(() => compiled('SELECT MAX(Name) FROM Sample__c LIMIT 5'), /cannot also use LIMIT$/);
  assert.throws(
    () => compiled('SELECT Name FROM Sample__c HAVING Name = null'),
    /unexpected token: 'HAVING'$/,
  );
});
