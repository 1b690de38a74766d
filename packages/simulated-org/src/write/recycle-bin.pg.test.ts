import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0/sobjects';
const longAgo = '2020-01-01T00:00:00.000+0000';

async function create(sobject: string, body: object): Promise<string> {
  const created = await org.request('POST', `${data}/${sobject}`, { body });
  assert.equal(created.status, 201, created.text);
  return (created.json as { id: string }).id;
}

const read = async (sobject: string, id: string) =>
  (await org.request('GET', `${data}/${sobject}/${id}`)).json as Record<string, unknown>;

/** The first record that queryAll finds. */
async function queryAll(soql: string): Promise<Record<string, unknown> | undefined> {
  const answer = await org.request('GET', `/services/data/v62.0/queryAll?q=${encodeURIComponent(soql)}`);
  return (answer.json as { records: Record<string, unknown>[] }).records[0];
}

const remove = async (sobject: string, id: string) =>
  assert.equal((await org.request('DELETE', `${data}/${sobject}/${id}`)).status, 204);

/** The outcome of each record. */
async function disturb(name: string, body: object): Promise<string[]> {
  const { results } = await org.control<{ results: { errors: { statusCode: string }[] }[] }>(
    `/records/${name}`,
    body,
  );
  return results.map(({ errors }) => errors[0]?.statusCode ?? 'ok');
}

const stampLongAgo = async (...ids: string[]) => {
  await org.db.query(
    sql`UPDATE org."Contact" SET "SystemModstamp" = ${longAgo}::timestamptz WHERE "Id" = ANY(${ids})`,
  );
  await org.db.query(
    sql`UPDATE org."Account" SET "SystemModstamp" = ${longAgo}::timestamptz WHERE "Id" = ANY(${ids})`,
  );
};

async function deletedIds(sobject: string): Promise<string[]> {
  const rows = await org.db.query<{ id: string }>(
    sql`SELECT record_id AS id FROM simulator.deletion WHERE sobject = ${sobject}`,
  );
  return rows.map(({ id }) => id);
}

test('a deletion empties the lookups to its record without stamping the records that have them', async () => {
  const account = await create('Account', { Name: 'Parent' });
  const below = await create('Account', { Name: 'Below', ParentId: account });
  const contact = await create('Contact', { LastName: 'Boss' });
  const reports = await create('Contact', { LastName: 'Reports', ReportsToId: contact });
  await stampLongAgo(reports, below);

  await remove('Account', account);
  await remove('Contact', contact);

  const { ReportsToId, SystemModstamp } = await read('Contact', reports);
  assert.deepEqual([ReportsToId, SystemModstamp], [null, longAgo]);
  const { ParentId, SystemModstamp: stamp } = await read('Account', below);
  assert.deepEqual([ParentId, stamp], [null, longAgo]);
});

test('contacts, opportunities with their lines, tasks and files are deleted and undeleted with their account', async () => {
  const account = await create('Account', { Name: 'Whole' });
  const contact = await create('Contact', { LastName: 'Of it', AccountId: account });
  const opportunity = await create('Opportunity', {
    Name: 'Of it',
    AccountId: account,
    StageName: 'Prospecting',
    CloseDate: '2030-01-01',
  });
  const entry = await queryAll('SELECT Id FROM PricebookEntry WHERE Pricebook2.IsStandard = true LIMIT 1');
  const line = await create('OpportunityLineItem', {
    OpportunityId: opportunity,
    PricebookEntryId: entry?.Id,
    Quantity: 2,
    UnitPrice: 10,
  });
  const task = await create('Task', { Subject: 'Call', WhoId: contact });
  const file = await create('Attachment', { ParentId: account, Name: 'a.txt', Body: 'YQ==' });
  const all = {
    Contact: contact,
    Opportunity: opportunity,
    OpportunityLineItem: line,
    Task: task,
    Attachment: file,
  };
  const deleted = async () => {
    const flags = Object.entries(all).map(async ([sobject, id]) => {
      const row = await queryAll(`SELECT IsDeleted FROM ${sobject} WHERE Id = '${id}'`);
      return row?.IsDeleted;
    });
    return Promise.all(flags);
  };

  await remove('Account', account);
  assert.deepEqual(await deleted(), [true, true, true, true, true]);

  assert.deepEqual(await disturb('undelete', { ids: [account] }), ['ok']);
  assert.deepEqual(await deleted(), [false, false, false, false, false]);
  const { Amount, HasOpportunityLineItem } = await read('Opportunity', opportunity);
  assert.deepEqual([Amount, HasOpportunityLineItem], [20, true]);
});

test('an undeleted record comes back with its Id, a new stamp and the lookups to it', async () => {
  const account = await create('Account', { Name: 'Back' });
  const stays = await create('Account', { Name: 'Stays', ParentId: account });
  const moves = await create('Account', { Name: 'Moves', ParentId: account });
  const other = await create('Account', { Name: 'Other' });
  await remove('Account', account);
  await org.request('PATCH', `${data}/Account/${moves}`, { body: { ParentId: other } });
  await stampLongAgo(account, stays);

  assert.deepEqual(await disturb('undelete', { ids: [account] }), ['ok']);

  const { IsDeleted, SystemModstamp } = await read('Account', account);
  assert.equal(IsDeleted, false);
  assert.notEqual(SystemModstamp, longAgo);
  const { ParentId, SystemModstamp: stamp } = await read('Account', stays);
  assert.deepEqual([ParentId, stamp], [account, longAgo]);
  assert.equal((await read('Account', moves)).ParentId, other);
  assert.ok(!(await deletedIds('Account')).includes(account));
  await remove('Account', account);
  assert.ok((await deletedIds('Account')).includes(account));
});

test('an undeleted invoice counts its lines again', async () => {
  const invoice = await create('Invoice__c', {});
  const line = { Invoice__c: invoice, Quantity__c: 2, Unit_Price__c: 5 };
  const first = await create('Invoice_Line__c', line);
  await create('Invoice_Line__c', line);
  await remove('Invoice__c', invoice);
  await remove('Invoice_Line__c', first);

  await disturb('undelete', { ids: [invoice] });

  assert.equal((await read('Invoice__c', invoice)).Total__c, 10);
});

test('only records in the recycle bin can be undeleted, and none whose unique value is now taken', async () => {
  const live = await create('Account', { Name: 'Live' });
  const first = await create('Account', { Name: 'First', External_Id__c: 'BIN-1' });
  await remove('Account', first);
  await create('Account', { Name: 'Second', External_Id__c: 'BIN-1' });

  assert.deepEqual(await disturb('undelete', { ids: [live, first, 'nonsense'] }), [
    'UNDELETE_FAILED',
    'DUPLICATE_VALUE',
    'MALFORMED_ID',
  ]);
});

test('emptying the bin removes a record for good and leaves its entry in the delete log', async () => {
  const account = await create('Account', { Name: 'Emptied' });
  const live = await create('Account', { Name: 'Live' });
  await remove('Account', account);

  assert.deepEqual(await disturb('emptyRecycleBin', { ids: [account, live] }), ['ok', 'DELETE_FAILED']);

  assert.equal(await queryAll(`SELECT Id FROM Account WHERE Id = '${account}'`), undefined);
  assert.equal((await org.request('GET', `${data}/Account/${account}`)).status, 404);
  assert.ok((await deletedIds('Account')).includes(account));
  assert.deepEqual(await disturb('undelete', { ids: [account] }), ['UNDELETE_FAILED']);
  assert.equal((await read('Account', live)).Name, 'Live');
});

test('a hard delete skips the recycle bin and is in the delete log', async () => {
  const account = await create('Account', { Name: 'Hard' });
  assert.deepEqual(await disturb('hardDelete', { ids: [account, account] }), [
    'ok',
    'INVALID_CROSS_REFERENCE_KEY',
  ]);
  assert.equal(await queryAll(`SELECT Id FROM Account WHERE Id = '${account}'`), undefined);
  assert.ok((await deletedIds('Account')).includes(account));
});

test('emptying the whole recycle bin keeps the delete log', async () => {
  const account = await create('Account', { Name: 'In the bin' });
  const contact = await create('Contact', { LastName: 'In the bin' });
  await remove('Account', account);
  await remove('Contact', contact);
  const inBin = async () => {
    const left = [];
    for (const sobject of ['Account', 'Contact'])
      left.push(await queryAll(`SELECT Id FROM ${sobject} WHERE IsDeleted = true LIMIT 1`));
    return left.filter((row) => row !== undefined).length;
  };

  await org.control('/recycleBin/empty', { before: '2020-01-01T00:00:00Z' });
  assert.equal(await inBin(), 2);
  await org.control('/recycleBin/empty', {});
  assert.equal(await inBin(), 0);

  assert.ok((await deletedIds('Account')).includes(account));
  assert.ok((await deletedIds('Contact')).includes(contact));
  assert.deepEqual(await disturb('undelete', { ids: [account] }), ['UNDELETE_FAILED']);
});

test('the recycle bin keeps a record for 15 days', async () => {
  const old = await create('Account', { Name: 'Old' });
  const young = await create('Account', { Name: 'Young' });
  for (const [id, days] of [
    [old, 16],
    [young, 14],
  ] as const) {
    await remove('Account', id);
    await org.db.query(sql`
      UPDATE simulator.deletion SET deleted_at = now() - ${days}::int * interval '1 day' WHERE record_id = ${id}`);
  }

  await org.control('/recycleBin/sweep', {});

  assert.equal(await queryAll(`SELECT Id FROM Account WHERE Id = '${old}'`), undefined);
  assert.ok(await queryAll(`SELECT Id FROM Account WHERE Id = '${young}'`));
  const logged = await deletedIds('Account');
  assert.deepEqual([logged.includes(old), logged.includes(young)], [false, true]);
});

test('a merge deletes the losers, names the winner in them and moves their children to it', async () => {
  const winner = await create('Account', { Name: 'Winner' });
  const losers = [await create('Account', { Name: 'A' }), await create('Account', { Name: 'B' })];
  const [first = '', second = ''] = losers;
  await org.request('PATCH', `${data}/Account/${winner}`, { body: { ParentId: first } });
  const contact = await create('Contact', { LastName: 'Child', AccountId: second });
  await stampLongAgo(contact, winner);

  const body = { winnerId: winner, loserIds: losers, values: { Site: 'Merged' } };
  assert.deepEqual(await disturb('merge', body), ['ok']);

  for (const id of losers) {
    const row = await queryAll(`SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '${id}'`);
    assert.deepEqual([row?.IsDeleted, row?.MasterRecordId], [true, winner]);
  }
  const { Site, ParentId, SystemModstamp } = await read('Account', winner);
  assert.deepEqual([Site, ParentId], ['Merged', null]);
  assert.notEqual(SystemModstamp, longAgo);
  const child = await read('Contact', contact);
  assert.deepEqual([child.AccountId, child.SystemModstamp], [winner, longAgo]);
  const logged = await deletedIds('Account');
  assert.ok(losers.every((id) => logged.includes(id)));

  await disturb('undelete', { ids: [first] });
  assert.equal((await read('Account', first)).MasterRecordId, null);
});

test('contacts and leads merge as well; other merges are refused and change nothing', async () => {
  for (const [sobject, body] of [
    ['Contact', { LastName: 'x' }],
    ['Lead', { LastName: 'x', Company: 'y' }],
  ] as const) {
    const [winnerId, loser] = [await create(sobject, body), await create(sobject, body)];
    assert.deepEqual(await disturb('merge', { winnerId, loserIds: [loser] }), ['ok']);
  }
  const account = await create('Account', { Name: 'x' });
  const contact = await create('Contact', { LastName: 'x' });
  const invoice = await create('Invoice__c', {});
  const cases = [
    [account, [account], 'MERGE_FAILED'],
    [account, [], 'MERGE_FAILED'],
    [account, [contact], 'INVALID_CROSS_REFERENCE_KEY'],
    [invoice, [invoice], 'INVALID_TYPE_FOR_OPERATION'],
  ] as const;
  for (const [winnerId, loserIds, code] of cases) {
    assert.deepEqual(await disturb('merge', { winnerId, loserIds }), [code]);
  }
  assert.equal((await read('Account', account)).IsDeleted, false);
});
