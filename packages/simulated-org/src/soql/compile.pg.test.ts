import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { compileSoql } from './compile.ts';
import { parseSoql } from './parse.ts';
import { createSampleTable, insertSample, sample, sampleId } from './sample-sobject.ts';

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createSampleTable(database.db);
});
after(() => database[Symbol.asyncDispose]());
beforeEach(() => database.db.query(sql`TRUNCATE org."Sample__c"`));

const compiled = (text: string, includeDeleted = false) =>
  compileSoql(parseSoql(text), {
    sobjects: new Map([['sample__c', sample]]),
    includeDeleted,
    version: '62.0',
    now: 0,
  });

async function json(text: string): Promise<string[]> {
  const rows = await database.db.query<{ json: string }>(compiled(text).rows);
  return rows.map((row) => row.json);
}

/** The Names of the records that match the filter, in the order of their Ids. */
async function names(condition: string): Promise<unknown[]> {
  const rows = await json(`SELECT Name FROM Sample__c WHERE ${condition} ORDER BY Id`);
  return rows.map((row) => (JSON.parse(row) as { Name: unknown }).Name);
}

async function count(text: string, includeDeleted = false): Promise<number | undefined> {
  const rows = await database.db.query<{ count: number }>(compiled(text, includeDeleted).count);
  return rows[0]?.count;
}

const insert = (number: number, values: Record<string, string | null>) =>
  insertSample(database.db, { Id: sampleId(number), ...values });

test('a record is formatted as in Salesforce, each type in its format and null as null', async () => {
  await insert(1, {
    Name: 'Quote " backslash \\ newline \n bell \u0007 é 😀 </script>',
    OwnerId: '005000000000001AAA',
    Active__c: 'true',
    Count__c: '-7',
    Ticks__c: '9007199254740993',
    Ratio__c: '1',
    Amount__c: '9007199254740993.10',
    Share__c: '0.000000000000000001',
    Due__c: '1700-01-01',
    Seen__c: '4000-12-31T23:59:59.5Z',
    Opens__c: '14:30',
    Body: 'stored elsewhere',
    Extra__c: '{"a": [1, null]}',
    Site__City__s: 'Köln',
    Site__Latitude__s: '50.9',
    Site__Longitude__s: '7',
  });

  const fields =
    'Name, OwnerId, Active__c, Count__c, Ticks__c, Ratio__c, Amount__c, Share__c, Due__c, Seen__c, Opens__c, Body, Extra__c, Total__c, Initial__c, Kind__c, Site__c, SystemModstamp, Id';
  assert.deepEqual(await json(`SELECT ${fields} FROM Sample__c`), [
    '{"attributes":{"type":"Sample__c","url":"/services/data/v62.0/sobjects/Sample__c/a00000000000001AAA"}' +
      String.raw`,"Name":"Quote \" backslash \\ newline \n bell \u0007 é 😀 </script>"` +
      ',"OwnerId":"005000000000001AAA","Active__c":true,"Count__c":-7,"Ticks__c":9007199254740993' +
      ',"Ratio__c":1.0,"Amount__c":9.0071992547409931E15,"Share__c":1.0E-18' +
      ',"Due__c":"1700-01-01","Seen__c":"4000-12-31T23:59:59.000+0000","Opens__c":"14:30:00.000Z"' +
      ',"Body":"/services/data/v62.0/sobjects/Sample__c/a00000000000001AAA/Body","Extra__c":{"a": [1, null]}' +
      ',"Total__c":-6.30503947831869517E16,"Initial__c":"Q","Kind__c":null' +
      ',"Site__c":{"city":"Köln","countryCode":null,"geocodeAccuracy":null,"latitude":50.9,"longitude":7.0' +
      ',"postalCode":null,"stateCode":null,"street":null},"SystemModstamp":"2024-01-01T00:00:00.000+0000"' +
      ',"Id":"a00000000000001AAA"}',
  ]);
});

test('numbers are printed as Salesforce prints a double', async () => {
  const printed: readonly [stored: string, json: string][] = [
    ['0', '0.0'],
    ['12.50', '12.5'],
    ['-0.001', '-0.001'],
    ['0.00099', '9.9E-4'],
    ['1234567', '1234567.0'],
    ['9999999.99', '9999999.99'],
    ['10000000', '1.0E7'],
    ['-12345678.5', '-1.23456785E7'],
    ['16147805824397', '1.6147805824397E13'],
  ];
  for (const [place, [Amount__c]] of printed.entries()) await insert(place + 1, { Amount__c });
  const records = await json('SELECT Amount__c FROM Sample__c ORDER BY Id');
  assert.deepEqual(
    records.map((record) => /"Amount__c":([^,}]*)/.exec(record)?.[1]),
    printed.map(([, text]) => text),
  );
});

test('a record without values has null for every selected field, compounds too', async () => {
  await insert(1, {});
  const fields = sample.fields
    .map(({ name }) => name)
    .filter((name) => !/^(Id|IsDeleted|SystemM)/.test(name));
  const [record = ''] = await json(`SELECT ${fields.join(', ')} FROM Sample__c`);
  const { attributes, ...values } = JSON.parse(record) as Record<string, unknown>;
  assert(attributes);
  assert.deepEqual(values, Object.fromEntries(fields.map((name) => [name, null])));
});

test('text is compared case-insensitively, beyond ASCII too; Ids case-sensitively', async () => {
  await insert(1, { Name: 'Émile' });
  await insert(2, { Name: 'ZOLA' });
  await insert(3, { Name: 'lower id', Id: 'a0000000000000xAAA' });

  assert.deepEqual(await names("Name = 'ÉMILE'"), ['Émile']);
  assert.deepEqual(await names("Name IN ('émile', 'zola')"), ['Émile', 'ZOLA']);
  assert.deepEqual(await names("Name > 'yves' AND Name < 'zz'"), ['ZOLA']);
  assert.deepEqual(await names("Name LIKE 'é%E'"), ['Émile']);
  assert.deepEqual(await names("Id = 'a0000000000000x'"), ['lower id']);
  assert.deepEqual(await names("Id = 'A0000000000000xAAA'"), []);
});

test('LIKE takes % and _ as wildcards unless they are escaped', async () => {
  await insert(1, { Name: '100%' });
  await insert(2, { Name: '100x' });
  await insert(3, { Name: 'a\\b' });
  assert.deepEqual(await names("Name LIKE '100_'"), ['100%', '100x']);
  assert.deepEqual(await names(String.raw`Name LIKE '100\%'`), ['100%']);
  assert.deepEqual(await names(String.raw`Name LIKE 'a\\_'`), ['a\\b']);
});

test('null matches != and NOT IN, and no other comparison', async () => {
  await insert(1, { Name: 'one', Kind__c: 'x', Count__c: '1' });
  await insert(2, { Name: 'two' });

  assert.deepEqual(await names('Kind__c = null'), ['two']);
  assert.deepEqual(await names("Kind__c = ''"), ['two']);
  assert.deepEqual(await names('Kind__c != null'), ['one']);
  assert.deepEqual(await names("Kind__c != 'x'"), ['two']);
  assert.deepEqual(await names("Kind__c NOT IN ('x')"), ['two']);
  assert.deepEqual(await names("Kind__c NOT IN ('y', null)"), ['one']);
  assert.deepEqual(await names("Kind__c IN ('y', null)"), ['two']);
  assert.deepEqual(await names('Count__c < 5'), ['one']);
  assert.deepEqual(await names('NOT Count__c < 5'), ['two']);
  assert.deepEqual(await names("NOT Kind__c LIKE '%'"), ['two']);
  assert.deepEqual(await names('Count__c > null'), []);
});

test('numbers are compared by value to the last digit, and a whole-number field may be compared with a fraction', async () => {
  await insert(1, { Name: 'exact', Amount__c: '9007199254740993.10', Count__c: '2' });
  assert.deepEqual(await names('Amount__c = 9007199254740993.1'), ['exact']);
  assert.deepEqual(await names('Amount__c = 9007199254740993.11'), []);
  assert.deepEqual(await names('Count__c > 1.5 AND Count__c < 2e300'), ['exact']);
});

test('deleted records are only found by queryAll and ALL ROWS', async () => {
  await insert(1, {});
  await insert(2, { IsDeleted: 'true' });
  assert.equal(await count('SELECT COUNT() FROM Sample__c'), 1);
  assert.equal(await count('SELECT COUNT() FROM Sample__c WHERE IsDeleted = true'), 0);
  assert.equal(await count('SELECT COUNT() FROM Sample__c', true), 2);
  assert.equal(await count('SELECT COUNT() FROM Sample__c WHERE IsDeleted = true ALL ROWS'), 1);
});

test('a filter with OR does not include deleted records', async () => {
  await insert(1, { IsDeleted: 'true', Count__c: '1' });
  assert.equal(await count('SELECT COUNT() FROM Sample__c WHERE Count__c = 1 OR Count__c = 2'), 0);
});

test('ORDER BY puts nulls first in both directions unless the query says last, and ends with the Id', async () => {
  for (const [number, name] of [null, 'b', 'A', 'B', null].entries())
    await insert(5 - number, { Name: name });
  const order = async (keys: string) => {
    const rows = await json(`SELECT Id FROM Sample__c ORDER BY ${keys}`);
    return rows.map((row) => Number((JSON.parse(row) as { Id: string }).Id.slice(3, 15)));
  };
  assert.deepEqual(await order('Name'), [1, 5, 3, 2, 4]);
  assert.deepEqual(await order('Name DESC'), [1, 5, 2, 4, 3]);
  assert.deepEqual(await order('Name NULLS LAST'), [3, 2, 4, 1, 5]);
  assert.deepEqual(await order('Name DESC NULLS LAST, Id DESC'), [4, 2, 3, 5, 1]);
});

test('pages of one query follow each other without gap or overlap, within its LIMIT and OFFSET', async () => {
  for (let number = 1; number <= 9; number += 1)
    await insert(number, { Name: 'same', Count__c: `${number}` });
  const query = compiled('SELECT Count__c FROM Sample__c ORDER BY Name LIMIT 5 OFFSET 2');
  const page = async (offset: number) => {
    const rows = await database.db.query<{ json: string }>(query.page(offset, 2));
    return rows.map((row) => (JSON.parse(row.json) as { Count__c: number }).Count__c);
  };
  assert.deepEqual([await page(0), await page(2), await page(4), await page(6)], [[3, 4], [5, 6], [7], []]);
  const wrapped = sql`SELECT json FROM (${query.rows}) page LIMIT 1 OFFSET 1`;
  assert.match((await database.db.query<{ json: string }>(wrapped))[0]?.json ?? '', /"Count__c":4}/);
  assert.equal(await count('SELECT COUNT() FROM Sample__c LIMIT 5 OFFSET 2'), 5);
  assert.equal(await count('SELECT COUNT() FROM Sample__c LIMIT 5 OFFSET 7'), 2);
});

test('COUNT() returns a number and no records', async () => {
  await insert(1, {});
  assert.deepEqual(await json('SELECT COUNT() FROM Sample__c'), []);
  assert.equal(compiled('SELECT COUNT() FROM Sample__c').isCount, true);
});

test('text that looks like SQL is only ever compared', async () => {
  const name = `'; DROP TABLE org."Sample__c"; --`;
  await insert(1, { Name: name });
  assert.deepEqual(await names(`Name = '${name.replaceAll("'", "\\'")}'`), [name]);
  assert.equal(await count('SELECT COUNT() FROM Sample__c'), 1);
});

test('the queries of a keyset walk read an index from the right position', async () => {
  await database.db.query(sql`
    INSERT INTO org."Sample__c" ("Id", "IsDeleted", "Name", "SystemModstamp")
    SELECT 'a00' || lpad(n::text, 12, '0') || 'AAA', false, 'n', timestamptz '2024-01-01Z' + n / 7 * interval '1 s'
      FROM generate_series(1, 50000) n`);
  await database.db.query(sql`ANALYZE org."Sample__c"`);
  const plan = async (condition: string, order: string) => {
    const { rows } = compiled(
      `SELECT Id, Name FROM Sample__c WHERE ${condition} ORDER BY ${order} LIMIT 2000`,
    );
    const lines = await database.db.query<Record<string, string>>(sql`EXPLAIN (COSTS OFF) ${rows}`);
    return lines.map((line) => line['QUERY PLAN']).join('\n');
  };

  const stamp = '2024-01-01T01:00:00Z';
  for (const [condition, order, index] of [
    [`SystemModstamp >= ${stamp}`, 'SystemModstamp, Id', 'SystemModstamp'],
    [
      `(SystemModstamp = ${stamp} AND Id > '${sampleId(25_001)}') OR SystemModstamp > ${stamp}`,
      'SystemModstamp ASC, Id ASC',
      'ROW("SystemModstamp", "Id") >',
    ],
    [`Id > '${sampleId(40_000)}'`, 'Id', '"Id" >'],
    [`Id IN ('${sampleId(1)}', '${sampleId(2)}')`, 'Id', '"Id" = ANY'],
  ] as const) {
    const text = await plan(condition, order);
    assert.match(text, /Index Scan/);
    assert(text.split('\n').some((line) => /Index Cond/.test(line) && line.includes(index)));
    assert.doesNotMatch(text, /Sort/);
  }
});
