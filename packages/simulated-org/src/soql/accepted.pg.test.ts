import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { withUrls } from './children.ts';
import { factsOf } from './columns.ts';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { createFamily, family } from './sample-family.ts';
import { createSampleTable, insertSample, sample } from './sample-sobject.ts';

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createFamily(database.db);
  await createSampleTable(database.db);
  await insertSample(database.db, { Name: 'One', Count__c: '1', Seen__c: '2024-01-01T00:00:00Z' });
});
after(() => database[Symbol.asyncDispose]());

const sobjects = new Map([...family, ['sample__c', sample]]);

/** An expression with constants of its type; about one in eight is compared with a constant of any type. */
interface Part {
  text: string;
  constants: readonly string[];
}

const constants = {
  text: ["'a'", "''", 'null', "'One'"],
  id: ["'a00000000000001'", 'null'],
  number: ['1', '-2.5', '99999999999999999999', 'null'],
  boolean: ['true', 'null'],
  date: ['2024-01-01', 'TODAY', 'LAST_N_MONTHS:3', 'null'],
  datetime: ['2024-01-01T00:00:00Z', 'THIS_QUARTER', 'N_YEARS_AGO:100000', 'null'],
  time: ['10:00:00Z', 'null'],
  opaque: ['null'],
};
const anyConstant = Object.values(constants).flat();

const part = (text: string, family: keyof typeof constants): Part => ({ text, constants: constants[family] });

const parts = {
  Sample__c: sample.fields.map(({ name, type }) => part(name, factsOf(type).family)),
  Contact: [
    ...['Name', 'Title', 'Tags__c', 'Account.Name', 'Account.Owner.Title', 'Owner.Type'].map((name) =>
      part(name, 'text'),
    ),
    ...['Id', 'AccountId', 'Owner.Id', 'Account.Id'].map((name) => part(name, 'id')),
    part('Account.Rank__c', 'number'),
  ],
  Account: [
    ...['Name', 'Title', 'Owner.Manager.Name', 'Parent.Title'].map((name) => part(name, 'text')),
    ...['Id', 'ParentId'].map((name) => part(name, 'id')),
    ...['Rank__c', 'Parent.Rank__c'].map((name) => part(name, 'number')),
  ],
};

const dateCalls = ['Due__c', 'Seen__c'].flatMap((field) => [
  ...['CALENDAR_YEAR', 'WEEK_IN_YEAR', 'DAY_IN_WEEK', 'HOUR_IN_DAY'].map((name) =>
    part(`${name}(${field})`, 'number'),
  ),
  part(`DAY_ONLY(${field})`, 'date'),
]);

const aggregatesOf = (fields: readonly Part[]) =>
  fields.flatMap(({ text, constants: own }) => [
    ...['COUNT', 'COUNT_DISTINCT'].map((name) => part(`${name}(${text})`, 'number')),
    ...['MIN', 'MAX'].map((name): Part => ({ text: `${name}(${text})`, constants: own })),
    ...(own === constants.number ? ['SUM', 'AVG'] : []).map((name) => part(`${name}(${text})`, 'number')),
  ]);

const textOf = (items: readonly Part[]) => items.map(({ text }) => text).join(', ');

function conditionOf(about: readonly Part[]): fc.Arbitrary<string> {
  const term = fc.constantFrom(...about).chain(({ text, constants: own }) => {
    const value = fc.oneof(
      { weight: 7, arbitrary: fc.constantFrom(...own) },
      { weight: 1, arbitrary: fc.constantFrom(...anyConstant) },
    );
    const sign = fc.constantFrom('=', '!=', '<', '>=', own === constants.text ? 'LIKE' : '=');
    const list = fc.constantFrom('IN', 'NOT IN', text === 'Tags__c' ? 'EXCLUDES' : 'IN');
    return fc.oneof(
      fc.tuple(sign, value).map(([operator, one]) => `${text} ${operator} ${one}`),
      fc.tuple(list, value, value).map(([operator, one, other]) => `${text} ${operator} (${one}, ${other})`),
    );
  });
  const semiJoin = fc.constantFrom(
    'Id IN (SELECT AccountId FROM Contact)',
    "Id NOT IN (SELECT Contact__c FROM Note__c WHERE Contact__r.Name != 'Xi')",
  );
  return fc.oneof(
    { weight: 4, arbitrary: term },
    {
      weight: 2,
      arbitrary: fc.tuple(term, term).map(([left, right]) => `${left} AND NOT (${right} OR ${left})`),
    },
    { weight: 1, arbitrary: fc.tuple(term, semiJoin).map((both) => both.join(' AND ')) },
  );
}

const some = (items: readonly Part[], minLength = 1) =>
  fc.uniqueArray(fc.constantFrom(...items), { minLength, maxLength: 3, selector: ({ text }) => text });

const clause = (word: string, content: fc.Arbitrary<string>) =>
  fc.option(content, { nil: null }).map((text) => (text === null ? '' : ` ${word} ${text}`));

const orderOf = (items: readonly Part[]) =>
  clause(
    'ORDER BY',
    fc
      .tuple(some(items), fc.constantFrom('', ' DESC', ' NULLS LAST'))
      .map(([keys, direction]) => textOf(keys) + direction),
  );

function plainQuery(from: string, fields: readonly Part[]): fc.Arbitrary<string> {
  const about = from === 'Sample__c' ? [...fields, ...dateCalls] : fields;
  return fc
    .tuple(some(fields), clause('WHERE', conditionOf(about)), orderOf(fields))
    .map(([select, where, order]) => `SELECT ${textOf(select)} FROM ${from}${where}${order}`);
}

function groupedQuery(from: string, fields: readonly Part[]): fc.Arbitrary<string> {
  const keysFrom = from === 'Sample__c' ? [...fields, ...dateCalls] : fields;
  return some(keysFrom).chain((keys) => {
    const values = [...keys, ...aggregatesOf(fields)];
    return fc
      .tuple(
        some(values),
        clause('WHERE', conditionOf(keysFrom)),
        clause('HAVING', conditionOf(values)),
        orderOf(values),
      )
      .map(
        ([select, where, having, order]) =>
          `SELECT ${textOf(select)} FROM ${from}${where} GROUP BY ${textOf(keys)}${having}${order}`,
      );
  });
}

const query = fc.oneof(
  ...Object.entries(parts).flatMap(([from, fields]) => [
    plainQuery(from, fields),
    groupedQuery(from, fields),
  ]),
  plainQuery('Contacts', parts.Contact).map((children) => `SELECT Name, (${children}) FROM Account`),
);

test('every generated query either runs on the server or is refused by a SoqlError', async () => {
  let answered = 0;
  await assertProperty(
    fc.asyncProperty(query, async (text) => {
      try {
        const compiled = compileSoql(parseSoql(text), {
          sobjects,
          includeDeleted: false,
          version: '62.0',
          now: 0,
        });
        const rows = await database.db.query<{ json: string }>(compiled.page(0, 10));
        for (const { json } of rows) JSON.parse(await withUrls(json, () => Promise.resolve('next')));
        const [total] = await database.db.query<{ count: number }>(compiled.count);
        assert((total?.count ?? 0) >= rows.length, text);
        answered += 1;
      } catch (error) {
        assert(error instanceof SoqlError, `${text}: ${String(error)}`);
      }
    }),
    { numRuns: 3000 },
  );
  assert(answered > 1000, `${answered} were answered`);
});
