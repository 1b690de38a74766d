import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { createSampleTable, insertSample, sample, sampleId } from './sample-sobject.ts';

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createSampleTable(database.db);
  const rows = [
    ['Web', 'Hot', '1'],
    ['web', 'Cold', '2'],
    ['Web', null, '4'],
    [null, 'Hot', '8'],
    ['Phone', 'Hot', '16'],
  ] as const;
  for (const [i, [name, kind, amount]] of rows.entries()) {
    await insertSample(database.db, { Id: sampleId(i), Name: name, Kind__c: kind, Amount__c: amount });
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

/** Each group as one line: its values without the attributes. */
async function groups(text: string): Promise<string[]> {
  const rows = await database.db.query<{ json: string }>(compiled(text).rows);
  return rows.map(({ json }) => {
    const { attributes: _, ...values } = JSON.parse(json) as Record<string, unknown>;
    return Object.values(values).map(String).join(' ');
  });
}

const select = 'SELECT Name, Kind__c, GROUPING(Name) n, GROUPING(Kind__c) k, SUM(Amount__c) s FROM Sample__c';

test('ROLLUP returns the groups, a subtotal for each prefix of its fields, and the grand total', async () => {
  assert.deepEqual(await groups(`${select} GROUP BY ROLLUP(Name, Kind__c)`), [
    'Phone Hot 0 0 16',
    'Phone null 0 1 16',
    'web Cold 0 0 2',
    'Web Hot 0 0 1',
    'Web null 0 0 4',
    'Web null 0 1 7',
    'null Hot 0 0 8',
    'null null 0 1 8',
    'null null 1 1 31',
  ]);
});

test('CUBE returns subtotals for every combination of its fields', async () => {
  const found = await groups(
    `${select} GROUP BY CUBE(Name, Kind__c) ORDER BY GROUPING(Name), GROUPING(Kind__c)`,
  );
  assert.deepEqual(found.slice(0, 5).toSorted(), [
    'Phone Hot 0 0 16',
    'Web Hot 0 0 1',
    'Web null 0 0 4',
    'null Hot 0 0 8',
    'web Cold 0 0 2',
  ]);
  assert.deepEqual(found.slice(5), [
    'Phone null 0 1 16',
    'Web null 0 1 7',
    'null null 0 1 8',
    'null Cold 1 0 2',
    'null Hot 1 0 25',
    'null null 1 0 4',
    'null null 1 1 31',
  ]);
});

test('subtotals can be told apart in HAVING, and count as rows for LIMIT', async () => {
  const having = 'GROUP BY ROLLUP(Name, Kind__c) HAVING GROUPING(Kind__c) = 1 AND GROUPING(Name) = 0';
  assert.deepEqual(await groups(`${select} ${having} ORDER BY SUM(Amount__c) DESC LIMIT 2`), [
    'Phone null 0 1 16',
    'null null 0 1 8',
  ]);
  const [total] = await database.db.query<{ count: number }>(
    compiled(`${select} GROUP BY CUBE(Name, Kind__c)`).count,
  );
  assert.equal(total?.count, 12);
});

test('a field that is never empty is empty in its subtotals, and is ordered as empty', async () => {
  const order = async (direction: string) => {
    const soql = `SELECT Id, COUNT(Name) c FROM Sample__c GROUP BY ROLLUP(Id) ORDER BY Id ${direction}`;
    return (await groups(soql)).map((group) => group.split(' ')[0]);
  };
  const ids = [0, 1, 2, 3, 4].map(sampleId);
  assert.deepEqual(await order(''), ['null', ...ids]);
  assert.deepEqual(await order('DESC NULLS LAST'), [...ids.toReversed(), 'null']);
});

test('subtotals can also be grouped by date parts', async () => {
  assert.deepEqual(
    await groups(
      'SELECT DAY_ONLY(SystemModstamp) d, COUNT(Id) c FROM Sample__c GROUP BY ROLLUP(DAY_ONLY(SystemModstamp))',
    ),
    ['2024-01-01 5', 'null 5'],
  );
});

test('GROUPING() is refused for a field without subtotals, and FOR in every grouped query', () => {
  for (const [rest, reason] of [
    ['GROUP BY Name', 'GROUPING() needs a field of GROUP BY ROLLUP or GROUP BY CUBE: Name'],
    ['GROUP BY ROLLUP(Kind__c)', 'GROUPING() needs a field of GROUP BY ROLLUP or GROUP BY CUBE: Name'],
    ['GROUP BY ROLLUP(Name) FOR VIEW', 'FOR VIEW cannot be used in a grouped query'],
  ] as const) {
    assert.throws(
      () => compiled(`SELECT GROUPING(Name), COUNT(Id) FROM Sample__c ${rest}`),
      (error: unknown) => error instanceof SoqlError && error.message.endsWith(reason),
    );
  }
});
