import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { refusalOf, savedId, savedIds } from '@lockstep/harness/jsforce';
import { forEachRoute } from '@lockstep/harness/jsforce-ways';
import type { TestOrg } from '@lockstep/harness/org';
import type { Connection, Record as SalesforceRecord } from 'jsforce';

forEachRoute({ records: 8000 }, (reached) => {
  let org: TestOrg;
  let conn: Connection;
  let counted: number;

  before(async () => {
    org = reached().org;
    conn = await reached().connect();
    counted = (await conn.query('SELECT count() FROM Contact')).totalSize;
  });

  /** Creates accounts for one test only, each with a number and two contacts. */
  async function family(site: string, size: number): Promise<string[]> {
    const accounts = savedIds(
      await conn.sobject('Account').create(
        Array.from({ length: size }, (_, i) => ({
          Name: `${site} ${i}`,
          Site: site,
          NumberOfEmployees: i,
        })),
      ),
    );
    const contacts = accounts.flatMap((AccountId) =>
      ['Ada', 'Ben'].map((LastName) => ({ LastName, AccountId, Department: site })),
    );
    savedIds(await conn.sobject('Contact').create(contacts));
    return accounts;
  }

  test('a page of a query names the next one, and queryMore reads on to the last', async () => {
    assert.ok(counted > 2000, 'more than one page');
    const seen = new Set<unknown>();
    let page = await conn.query('SELECT Id FROM Contact');
    assert.equal(page.records.length, 2000);
    while (true) {
      assert.equal(page.totalSize, counted);
      for (const { Id } of page.records) seen.add(Id);
      if (page.done) break;
      page = await conn.queryMore(page.nextRecordsUrl ?? '');
    }
    assert.equal(page.nextRecordsUrl, undefined);
    assert.equal(seen.size, counted);
  });

  test('autoFetch reads every page by itself, up to the records asked for', async () => {
    const all = await conn.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 100_000 });
    assert.equal(new Set(all.records.map(({ Id }) => Id)).size, counted);
    const some = await conn.query('SELECT Id FROM Contact').autoFetch(true).maxFetch(2300);
    assert.equal(some.records.length, 2300);
  });

  test('a query is a stream of its records and of CSV', async () => {
    let records = 0;
    for await (const record of conn
      .query('SELECT Id FROM Contact')
      .stream('record') as AsyncIterable<unknown>) {
      assert.ok(record);
      records++;
    }
    assert.equal(records, counted);
    let csv = '';
    const text = conn.query('SELECT Id, Name FROM Contact ORDER BY Id LIMIT 3').stream('csv');
    for await (const chunk of text as AsyncIterable<Buffer>) csv += chunk.toString();
    assert.equal(csv.trim().split('\n').length, 4);
  });

  test('batchSize of the query options makes smaller pages', async () => {
    const headers = { 'Sforce-Query-Options': 'batchSize=200' };
    const page = await conn.query('SELECT Id FROM Contact', { headers });
    assert.equal(page.records.length, 200);
  });

  test('find, where, sort, skip and limit build the query that they describe', async () => {
    await family('builder', 10);
    const found = await conn
      .sobject('Account')
      .find({ Site: 'builder', NumberOfEmployees: { $lt: 9 } }, ['Name', 'NumberOfEmployees'])
      .sort({ NumberOfEmployees: -1 })
      .skip(1)
      .limit(2);
    assert.deepEqual(
      found.map(({ NumberOfEmployees }) => NumberOfEmployees),
      [7, 6],
    );
    const either = await conn
      .sobject('Account')
      .select('Name')
      .where({ Site: 'builder', $or: [{ Name: { $like: '%1' } }, { NumberOfEmployees: { $in: [3, 4] } }] })
      .orderby('Name', 'ASC');
    assert.deepEqual(
      either.map(({ Name }: SalesforceRecord) => Name),
      ['builder 1', 'builder 3', 'builder 4'],
    );
    const one = await conn.sobject('Account').findOne({ Site: 'builder', Name: "builder's" });
    assert.equal(one, null);
  });

  test('a star finds every field of an sobject in its describe', async () => {
    await family('star', 1);
    const [found] = await conn.sobject('Account').find({ Site: 'star' }, '*');
    const { fields } = await conn.describe('Account');
    assert.deepEqual(
      Object.keys(found ?? {})
        .filter((name) => name !== 'attributes')
        .toSorted(),
      fields.map(({ name }) => name).toSorted(),
    );
  });

  test('count says how many records match', async () => {
    await family('count', 7);
    assert.equal(await conn.sobject('Account').count({ Site: 'count' }), 7);
  });

  test('include brings each record’s children, and parents are nested in it', async () => {
    await family('include', 2);
    const accounts = await conn
      .sobject('Account')
      .find({ Site: 'include' }, 'Name, Owner.Username')
      .include('Contacts')
      .select('LastName, Account.Name')
      .where({ LastName: 'Ben' })
      .end()
      .sort('Name', 'ASC');
    assert.deepEqual(
      accounts.map((account: SalesforceRecord) => [
        account.Name,
        account.Owner.Username,
        account.Contacts.totalSize,
        account.Contacts.records[0].Account.Name,
      ]),
      [0, 1].map((i) => [`include ${i}`, org.credentials.demo.username, 1, `include ${i}`]),
    );
  });

  test('autoFetch reads the further pages of children too', async () => {
    const account = savedId(await conn.sobject('Account').create({ Name: 'Many', Site: 'many' }));
    const contacts = Array.from({ length: 450 }, (_, i) => ({ LastName: `Child ${i}`, AccountId: account }));
    savedIds(await conn.sobject('Contact').create(contacts, { allowRecursive: true }));
    const soql = `SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id = '${account}'`;
    const headers = { 'Sforce-Query-Options': 'batchSize=200' };
    const { records } = await conn.query<SalesforceRecord>(soql, { autoFetch: true, headers });
    const ids = records[0]?.Contacts.records.map(({ Id }: SalesforceRecord) => Id);
    assert.equal(new Set(ids).size, 450);
  });

  test('explain returns the plans of a query', async () => {
    const { plans } = await conn.sobject('Account').find({ Name: 'Acme' }, 'Id').explain();
    assert.ok(plans.length > 0);
    assert.equal(plans[0]?.sobjectType, 'Account');
    assert.equal(typeof plans[0]?.relativeCost, 'number');
  });

  test('scanAll finds what was deleted, and a plain query does not', async () => {
    const [first = ''] = await family('deleted', 2);
    await conn.sobject('Account').destroy(first);
    const found = (scanAll: boolean) =>
      conn.sobject('Account').find({ Site: 'deleted' }, 'Id, IsDeleted').scanAll(scanAll);
    assert.equal((await found(false)).length, 1);
    const all = await found(true);
    assert.deepEqual(
      all.filter(({ IsDeleted }) => IsDeleted).map(({ Id }) => Id),
      [first],
    );
  });

  test('a query updates what it finds, by a template and by a function', async () => {
    await family('update', 3);
    const query = () => conn.sobject('Account').find({ Site: 'update' }, 'Id, Name, NumberOfEmployees');
    savedIds(await query().update({ Description: '${Name} has ${NumberOfEmployees}' }));
    savedIds(
      await query().update(({ Id, NumberOfEmployees }) => ({
        Id,
        NumberOfEmployees: NumberOfEmployees + 10,
      })),
    );
    const found = await conn
      .sobject('Account')
      .find({ Site: 'update' }, 'Description, NumberOfEmployees')
      .sort('Name', 'ASC');
    assert.deepEqual(
      found.map(({ Description, NumberOfEmployees }) => [Description, NumberOfEmployees]),
      [0, 1, 2].map((i) => [`update ${i} has ${i}`, i + 10]),
    );
  });

  test('a query destroys what it finds', async () => {
    await family('destroy', 10);
    const found = () => conn.sobject('Contact').find({ Department: 'destroy' }, 'Id');
    assert.equal(savedIds(await found().limit(5).destroy()).length, 5);
    assert.equal(savedIds(await found().destroy()).length, 15);
    assert.equal(await conn.sobject('Contact').count({ Department: 'destroy' }), 0);
  });

  test('the error for a refused query has the org’s code and the text that shows the place', async () => {
    const wrong = await refusalOf(conn.query('SELECT Nope FROM Account'));
    assert.equal(wrong.errorCode, 'INVALID_FIELD');
    assert.match(wrong.message, /ERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Account'/);
    assert.deepEqual(wrong.data, { message: wrong.message, errorCode: 'INVALID_FIELD' });
    assert.equal((await refusalOf(conn.query('SELECT Id FROM Nope'))).errorCode, 'INVALID_TYPE');
    assert.equal((await refusalOf(conn.query('SELECT FROM'))).name, 'MALFORMED_QUERY');
    assert.equal((await refusalOf(conn.queryMore('01gNO-2000'))).errorCode, 'INVALID_QUERY_LOCATOR');
  });
});
