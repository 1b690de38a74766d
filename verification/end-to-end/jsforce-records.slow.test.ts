import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { refusalOf, savedId, savedIds } from '@lockstep/harness/jsforce';
import { forEachRoute } from '@lockstep/harness/jsforce-ways';
import type { TestOrg } from '@lockstep/harness/org';
import { logStart, readCommitLog } from '@lockstep/simulated-org/write/testing';
import type { Connection, Schema, SObject } from 'jsforce';

forEachRoute({ records: 300 }, (reached) => {
  let org: TestOrg;
  let conn: Connection;
  let accounts: SObject<Schema, 'Account'>;
  let contacts: SObject<Schema, 'Contact'>;
  before(async () => {
    org = reached().org;
    conn = await reached().connect();
    accounts = conn.sobject('Account');
    contacts = conn.sobject('Contact');
  });

  const named = (site: string, size: number) =>
    Array.from({ length: size }, (_, i) => ({ Name: `${site} ${i}`, Site: site }));

  /** jsforce's types call it errorCode. */
  const codeOf = (error: object | undefined) => (error as { statusCode: string } | undefined)?.statusCode;

  test('a record is created, retrieved, updated and deleted', async () => {
    const created = await accounts.create({ Name: 'One', NumberOfEmployees: 3 });
    assert.deepEqual(created, { id: savedId(created), success: true, errors: [] });
    const id = savedId(created);
    assert.deepEqual(await accounts.update({ Id: id, Name: 'Uno' }), { id, success: true, errors: [] });
    const whole = await accounts.retrieve(id);
    assert.equal(whole.Name, 'Uno');
    assert.equal(whole.attributes?.type, 'Account');
    const part = await accounts.retrieve(id, { fields: ['Id', 'NumberOfEmployees'] });
    assert.deepEqual([part.Id, part.NumberOfEmployees, part.Name], [id, 3, undefined]);
    assert.deepEqual(await accounts.destroy(id), { id, success: true, errors: [] });
    const gone = await refusalOf(accounts.retrieve(id));
    assert.deepEqual([gone.name, gone.message], ['ENTITY_IS_DELETED', 'entity is deleted']);
    assert.equal((await refusalOf(accounts.retrieve('001000000000000AAA'))).errorCode, 'NOT_FOUND');
  });

  test('a reference to a record reads, updates and deletes it', async () => {
    const record = accounts.record(savedId(await accounts.create({ Name: 'Referred' })));
    await record.update({ Site: 'here' });
    assert.equal((await record.retrieve()).Site, 'here');
    await record.destroy();
    const { errorCode } = await refusalOf(record.update({ Site: 'there' }));
    assert.equal(errorCode, 'ENTITY_IS_DELETED');
  });

  test('the error for a refused write has the org’s code, text and fields', async () => {
    const nameless = await refusalOf(accounts.create({ Site: 'nameless' }));
    assert.equal(nameless.errorCode, 'REQUIRED_FIELD_MISSING');
    assert.deepEqual(nameless.data, {
      message: 'Required fields are missing: [Name]',
      errorCode: 'REQUIRED_FIELD_MISSING',
      fields: ['Name'],
    });
    const unknown = await refusalOf(accounts.create({ Name: 'x', Nope__c: 1 }));
    assert.deepEqual(
      [unknown.errorCode, unknown.message],
      ['INVALID_FIELD', "No such column 'Nope__c' on sobject of type Account"],
    );
    const malformed = await refusalOf(conn.sobject('Nope').create({ Name: 'x' }));
    assert.equal(malformed.errorCode, 'NOT_FOUND');
  });

  test('an array is written as a collection, which reports failures next to successes', async () => {
    const results = await accounts.create([{ Name: 'Good' }, { Site: 'nameless' }]);
    assert.deepEqual(
      results.map(({ success }) => success),
      [true, false],
    );
    assert.deepEqual(results[1]?.errors, [
      {
        statusCode: 'REQUIRED_FIELD_MISSING',
        message: 'Required fields are missing: [Name]',
        fields: ['Name'],
      },
    ]);
  });

  test('allOrNone writes nothing of an array if one record fails', async () => {
    const rows = [...named('none', 2), { Site: 'none' }];
    const results = await accounts.create(rows, { allOrNone: true });
    assert.equal(
      results.every(({ success }) => !success),
      true,
    );
    assert.equal(await accounts.count({ Site: 'none' }), 0);
  });

  test('more than 200 records are refused, or with allowRecursive written in several collections', async () => {
    const tooMany = await refusalOf(accounts.create(named('many', 201)));
    assert.equal(tooMany.errorCode, 'EXCEEDED_ID_LIMIT');
    const ids = savedIds(await accounts.create(named('many', 450), { allowRecursive: true }));
    assert.equal(new Set(ids).size, 450);
    const updates = ids.map((Id, i) => ({ Id, NumberOfEmployees: i }));
    assert.deepEqual(savedIds(await accounts.update(updates, { allowRecursive: true })), ids);
    const read = await accounts.retrieve(ids, { fields: ['NumberOfEmployees'] });
    assert.deepEqual(
      read.map(({ NumberOfEmployees }) => NumberOfEmployees),
      ids.map((_, i) => i),
    );
    assert.deepEqual(savedIds(await accounts.destroy(ids, { allowRecursive: true })), ids);
    assert.equal(await accounts.count({ Site: 'many' }), 0);
  });

  test('a collection is retrieved with all fields if none are named', async () => {
    const id = savedId(await accounts.create({ Name: 'Whole', BillingCity: 'Bonn' }));
    const [read] = await accounts.retrieve([id]);
    const single = await accounts.retrieve(id);
    assert.deepEqual(Object.keys(read ?? {}).toSorted(), Object.keys(single).toSorted());
    assert.equal(read?.BillingAddress.city, 'Bonn');
  });

  test('a missing record of a collection is null', async () => {
    const id = savedId(await accounts.create({ Name: 'There' }));
    const read = await accounts.retrieve([id, '001000000000000AAA'], { fields: ['Name'] });
    assert.deepEqual(
      read.map((record) => record?.Name ?? null),
      ['There', null],
    );
  });

  test('an upsert by an external id creates, then updates', async () => {
    const first = await accounts.upsert({ External_Id__c: 'up 1 ä', Name: 'Upserted' }, 'External_Id__c');
    assert.deepEqual(first, { id: savedId(first), success: true, errors: [], created: true });
    const again = await accounts.upsert({ External_Id__c: 'up 1 ä', Name: 'Again' }, 'External_Id__c');
    assert.deepEqual(again, { id: savedId(first), success: true, errors: [], created: false });
    assert.equal((await accounts.retrieve(savedId(first))).Name, 'Again');
  });

  test('an upsert of an array says of each record whether it was created, updated or refused', async () => {
    await accounts.create({ External_Id__c: 'mix-1', Name: 'Before' });
    const results = await accounts.upsert(
      [
        { External_Id__c: 'mix-1', Name: 'After' },
        { External_Id__c: 'mix-2', Name: 'New' },
        { External_Id__c: 'mix-3', Name: 'x'.repeat(300) },
      ],
      'External_Id__c',
    );
    assert.deepEqual(
      results.map((result) => (result.success ? result.created : codeOf(result.errors[0]))),
      [false, true, 'STRING_TOO_LONG'],
    );
  });

  test('an external id that several records share returns the URLs of all of them', async () => {
    const ids = savedIds(
      await contacts.create([
        { LastName: 'Twin', Legacy_Number__c: 'T-1' },
        { LastName: 'Twin', Legacy_Number__c: 'T-1' },
      ]),
    );
    const refusal = await refusalOf(
      contacts.upsert({ Legacy_Number__c: 'T-1', LastName: 'Which' }, 'Legacy_Number__c'),
    );
    assert.equal(refusal.errorCode, 'MULTIPLE_CHOICES');
    assert.deepEqual(
      (refusal.data as string[]).toSorted(),
      ids.map((id) => `/services/data/v${conn.version}/sobjects/Contact/${id}`).toSorted(),
    );
    const read = await refusalOf(conn.request('/sobjects/Contact/Legacy_Number__c/T-1'));
    assert.equal(read.errorCode, 'MULTIPLE_CHOICES');
    const byNothing = await refusalOf(accounts.upsert({ Name: 'x', Site: 'y' }, 'Site'));
    assert.equal(byNothing.errorCode, 'NOT_FOUND');
  });

  test('a parent is named by its external id', async () => {
    await accounts.create({ Name: 'Parent', External_Id__c: 'parent-1' });
    const id = savedId(await contacts.create({ LastName: 'Child', Account: { External_Id__c: 'parent-1' } }));
    const [found] = await contacts.find({ Id: id }, 'Account.Name, Account.External_Id__c');
    assert.deepEqual([found?.Account.Name, found?.Account.External_Id__c], ['Parent', 'parent-1']);
  });

  test('a relationship is followed by its URL, to one record and to many', async () => {
    const account = savedId(await accounts.create({ Name: 'Related' }));
    const [contact = ''] = savedIds(
      await contacts.create(['Ada', 'Ben'].map((LastName) => ({ LastName, AccountId: account }))),
    );
    const parent = await conn.request<{ Name: string }>(`/sobjects/Contact/${contact}/Account`);
    assert.equal(parent.Name, 'Related');
    const children = await conn.request<{ totalSize: number }>(`/sobjects/Account/${account}/Contacts`);
    assert.equal(children.totalSize, 2);
  });

  test('updated and deleted list the records of a time span', async () => {
    const start = new Date(Date.now() - 3_600_000);
    const [kept = '', dropped = ''] = savedIds(await accounts.create(named('span', 2)));
    await accounts.destroy(dropped);
    await org.control('/clock/advance', { ms: 120_000 });
    const end = new Date(Date.now() + 60_000);
    const updated = await accounts.updated(start, end);
    assert.ok(updated.ids.includes(kept));
    assert.ok(!updated.ids.includes(dropped));
    assert.ok(Date.parse(updated.latestDateCovered));
    const deleted = await conn.deleted('Account', start.toISOString(), end.toISOString());
    assert.ok(
      deleted.deletedRecords.some(({ id, deletedDate }) => id === dropped && Date.parse(deletedDate)),
    );
    const tooLong = await refusalOf(accounts.updated('2020-01-01T00:00:00Z', '2020-06-01T00:00:00Z'));
    assert.equal(tooLong.errorCode, 'INVALID_REPLICATION_DATE');
  });

  test('the commit log has the client name of each write', async () => {
    const id = savedId(await accounts.create({ Name: 'Logged' }));
    const { entries } = await readCommitLog(org.db, logStart, 10_000);
    assert.equal(entries.find(({ recordId }) => recordId === id)?.client, 'jsforce-test');
  });

  test('the mirror showed every record that an answer called applied', () => {
    const appliedCheck = reached().appliedCheck;
    assert.ok(appliedCheck === null || appliedCheck.checked() > 1000);
  });
});
