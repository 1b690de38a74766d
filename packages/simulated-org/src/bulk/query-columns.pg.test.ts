import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { readCsv } from './test-csv.ts';
import { errorOf, queryJobs } from './test-jobs.ts';

const org = await startOrg({ records: 2000 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const { jobs, create, reached, completed, results } = queryJobs(org);

interface Row {
  [name: string]: string | number | boolean | null | Row;
}

/** The records of the same query by REST, each as the texts at these paths. */
async function restRows(soql: string, paths: readonly string[]): Promise<string[][]> {
  const answer = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  assert.equal(answer.status, 200, answer.text);
  const { records } = answer.json as { records: Row[] };
  return records.map((record) => paths.map((path) => textAt(record, path.split('.'))));
}

function textAt(record: Row | null, [name = '', ...more]: readonly string[]): string {
  const value = record?.[name] ?? null;
  if (more.length > 0) return textAt(value as Row | null, more);
  return value === null || typeof value === 'object' ? '' : String(value).replace(/\+0000$/, 'Z');
}

test("a column may be a field of the record's parents, up to five levels above it", async () => {
  const cases = [
    ['Id', 'Account.Name', 'Account.Owner.Name', 'Account.CreatedDate', 'LastName'],
    ['Account.Parent.Parent.Owner.CreatedBy.Name', 'Id'],
    ['account.name', 'contact.Id'],
  ];
  const headers = [
    ['Id', 'Account.Name', 'Account.Owner.Name', 'Account.CreatedDate', 'LastName'],
    ['Account.Parent.Parent.Owner.CreatedBy.Name', 'Id'],
    ['Account.Name', 'Id'],
  ];
  for (const [at, paths] of cases.entries()) {
    const soql = `SELECT ${paths.join(', ')} FROM Contact ORDER BY Id`;
    const [header, ...rows] = readCsv((await results(await completed(soql))).text);
    assert.deepEqual(header, headers[at]);
    const expected = await restRows(`${soql} LIMIT 2000`, headers[at] ?? []);
    assert.ok(rows.length > 100);
    assert.deepEqual(rows, expected.slice(0, rows.length));
  }
});

test("a record without a parent has empty values in the parent's columns", async () => {
  const made = await org.request('POST', `${data}/sobjects/Contact`, { body: { LastName: 'Alone' } });
  const { id } = made.json as { id: string };
  const text = (await results(await completed(`SELECT Account.Name, Id FROM Contact WHERE Id = '${id}'`)))
    .text;
  assert.equal(text, `"Account.Name","Id"\n"","${id}"\n`);
});

test('a polymorphic parent is followed too, with and without ordering by a parent', async () => {
  const paths = ['Id', 'Owner.Name', 'Owner.Type'];
  for (const order of ['ORDER BY Id', 'ORDER BY Owner.Name DESC, Id']) {
    const soql = `SELECT ${paths.join(', ')} FROM Lead ${order} LIMIT 150`;
    const [header, ...rows] = readCsv((await results(await completed(soql))).text);
    assert.deepEqual(header, paths);
    assert.equal(rows.length, 150);
    assert.deepEqual(rows, await restRows(soql, paths));
  }
});

test('a filter on a parent and a semi-join select the same records as REST', async () => {
  const soql =
    "SELECT Id, Account.Industry FROM Contact WHERE Account.Industry != null AND AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'A%') ORDER BY Id";
  const [, ...rows] = readCsv((await results(await completed(soql))).text);
  assert.ok(rows.length > 0);
  assert.deepEqual(rows, await restRows(soql, ['Id', 'Account.Industry']));
});

test('constants with quotes, backslashes and other alphabets are compared as they are', async () => {
  for (const name of ["O'Neil \\ Söhne", 'a\\', "''", 'Ω "x" 🙂']) {
    await org.request('POST', `${data}/sobjects/Account`, { body: { Name: name } });
    const constant = name.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    const id = await completed(`SELECT Name FROM Account WHERE Name = '${constant}'`);
    assert.deepEqual(readCsv((await results(id)).text), [['Name'], [name]]);
  }
});

test('a value that may have any type, as in a history, is its text', async () => {
  const values = [7, 1.5, 'text, "quoted"', '7', true, null];
  for (const [nth, value] of values.entries()) {
    const body = { External_Id__c: `any-type-${nth}`, Previous_Value__c: value };
    assert.equal((await org.request('POST', `${data}/sobjects/Invoice__c`, { body })).status, 201);
  }
  const soql = `SELECT Previous_Value__c FROM Invoice__c WHERE External_Id__c LIKE 'any-type-%' ORDER BY External_Id__c`;
  const [, ...rows] = readCsv((await results(await completed(soql))).text);
  assert.deepEqual(
    rows.map(([value]) => value),
    ['7', '1.5', 'text, "quoted"', '7', 'true', ''],
  );
  const histories = await completed('SELECT Id, OldValue, NewValue FROM AccountHistory');
  const [header] = readCsv((await results(histories)).text);
  assert.deepEqual(header, ['Id', 'OldValue', 'NewValue']);
});

test('FIELDS(STANDARD) selects the fields that have a CSV form, and no other FIELDS() is accepted', async () => {
  const [header = []] = readCsv(
    (await results(await completed('SELECT FIELDS(STANDARD) FROM Account LIMIT 1'))).text,
  );
  assert.ok(header.includes('BillingCity') && header.includes('Id'));
  assert.ok(!header.includes('BillingAddress') && !header.some((name) => name.endsWith('__c')));
  for (const which of ['ALL', 'CUSTOM']) {
    const query = `SELECT FIELDS(${which}) FROM Account LIMIT 200`;
    const answer = await org.request('POST', jobs, { body: { operation: 'query', query } });
    assert.equal(answer.status, 400);
    assert.deepEqual(errorOf(answer), {
      message: 'The SOQL FIELDS function is not supported with an unbounded set of fields in this API',
      errorCode: 'MALFORMED_QUERY',
    });
  }
});

test('fields without a CSV form are refused, those of parents too', async () => {
  const compound = 'Selecting compound data not supported in Bulk Query';
  const cases: [query: string, message: string][] = [
    ['SELECT Account.BillingAddress FROM Contact', compound],
    ['SELECT Id, MailingAddress FROM Contact', compound],
    ['SELECT Scan__c FROM Invoice__c', 'Blob field not supported in Bulk V2 Query with CSV content type'],
    [
      'SELECT Id, (SELECT Id FROM Contacts) FROM Account',
      'Aggregate Relationships not supported in Bulk V2 Query with CSV content type',
    ],
  ];
  for (const [query, message] of cases) {
    const answer = await org.request('POST', jobs, { body: { operation: 'query', query } });
    assert.equal(answer.status, 400);
    assert.deepEqual(errorOf(answer), { message, errorCode: 'API_ERROR' });
  }
  const deep = 'SELECT Account.Parent.Parent.Parent.Parent.Parent.Name FROM Contact';
  const answer = await org.request('POST', jobs, { body: { operation: 'query', query: deep } });
  assert.equal(errorOf(answer)?.errorCode, 'MALFORMED_QUERY');
});

test('queryAll returns deleted records with the fields of their parents', async () => {
  const account = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'Kept' } });
  const { id: accountId } = account.json as { id: string };
  const body = { LastName: 'Gone', AccountId: accountId };
  const contact = await org.request('POST', `${data}/sobjects/Contact`, { body });
  const { id } = contact.json as { id: string };
  await org.request('DELETE', `${data}/sobjects/Contact/${id}`);

  const soql = `SELECT IsDeleted, Account.Name FROM Contact WHERE Id = '${id}'`;
  assert.equal((await results(await completed(soql))).text, '"IsDeleted","Account.Name"\n');
  const all = await completed(soql, { operation: 'queryAll' });
  assert.equal((await results(all)).text, '"IsDeleted","Account.Name"\n"true","Kept"\n');
});

test('a job says whether Salesforce would split the query of its sobject', async () => {
  for (const [sobject, isSupported] of [
    ['Account', true],
    ['Invoice__c', true],
    ['Product2', true],
  ] as const) {
    const { id } = await create(`SELECT Id FROM ${sobject} LIMIT 1`);
    assert.equal((await reached(id, 'JobComplete')).isPkChunkingSupported, isSupported);
  }
});
