import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

interface Column {
  aggregate: boolean;
  columnName: string;
  displayName: string;
  joinColumns: Column[];
}

async function columns(
  soql: string,
): Promise<{ columnMetadata: Column[]; entityName: string; keyPrefix: string }> {
  const path = `/services/data/v62.0/query?q=${encodeURIComponent(soql)}&columns=true`;
  const { status, json, text } = await org.request('GET', path);
  assert.equal(status, 200, text);
  return json as Awaited<ReturnType<typeof columns>>;
}

const names = (list: readonly Column[]): unknown[] =>
  list.map(({ columnName, joinColumns }) =>
    joinColumns.length === 0 ? columnName : [columnName, names(joinColumns)],
  );

test('the columns of a query are described without its records: fields, parents, results of children', async () => {
  const told = await columns(
    'SELECT Id, account.name, Owner.Name, Account.Owner.Email, (SELECT Subject FROM Cases) FROM Contact',
  );
  assert.deepEqual([told.entityName, told.keyPrefix], ['Contact', '003']);
  assert.deepEqual(names(told.columnMetadata), [
    'Id',
    ['Account', ['Name', ['Owner', ['Email']]]],
    ['Owner', ['Name']],
    ['Cases', ['Subject']],
  ]);
  assert.deepEqual(
    told.columnMetadata.map(({ aggregate }) => aggregate),
    [false, false, false, true],
  );
});

test('the result of a function is named by its alias or number, and displayed as written in the query', async () => {
  const { columnMetadata } = await columns(
    'SELECT StageName, COUNT(Id) n, MAX(Amount) FROM Opportunity GROUP BY StageName',
  );
  assert.deepEqual(
    columnMetadata.map(({ columnName, displayName, aggregate }) => [columnName, displayName, aggregate]),
    [
      ['StageName', 'StageName', false],
      ['n', 'count(Id)', true],
      ['expr0', 'max(Amount)', true],
    ],
  );
});

test('the columns of an invalid query are refused as the query is', async () => {
  const { status, text } = await org.request(
    'GET',
    '/services/data/v62.0/query?q=SELECT+Nothing+FROM+Lead&columns=true',
  );
  assert.deepEqual([status, text.includes('INVALID_FIELD')], [400, true]);
});
