import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
type Fields = Record<string, unknown>;

const post = (sobject: string, body: object) => org.request('POST', `${data}/sobjects/${sobject}`, { body });
async function create(sobject: string, body: object): Promise<string> {
  const created = await post(sobject, body);
  assert.equal(created.status, 201, created.text);
  return (created.json as { id: string }).id;
}
async function update(sobject: string, id: string, body: object): Promise<void> {
  const answer = await org.request('PATCH', `${data}/sobjects/${sobject}/${id}`, { body });
  assert.equal(answer.status, 204, answer.text);
}
const remove = async (sobject: string, id: string) =>
  assert.equal((await org.request('DELETE', `${data}/sobjects/${sobject}/${id}`)).status, 204);
async function read(sobject: string, id: string, ...names: string[]): Promise<unknown[]> {
  const row = (await org.request('GET', `${data}/sobjects/${sobject}/${id}`)).json as Fields;
  return names.map((name) => row[name]);
}
async function query(soql: string): Promise<Fields[]> {
  const answer = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { records: Fields[] }).records;
}
const codeOf = (answer: { json: unknown }) => (answer.json as { errorCode: string }[])[0]?.errorCode;

const aDeal = { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2030-01-01', Amount: 7 };
const [standard, partners] = await query('SELECT Id FROM Pricebook2 ORDER BY IsStandard DESC');

test('an account has history: its creation, and the changes of its tracked fields', async () => {
  const account = await create('Account', { Name: 'Tracked', Rating: 'Hot' });
  const history = () =>
    query(
      `SELECT Field, DataType, OldValue, NewValue, CreatedById FROM AccountHistory WHERE AccountId = '${account}' ORDER BY Id`,
    );
  assert.deepEqual(
    (await history()).map(({ Field, OldValue, NewValue }) => [Field, OldValue, NewValue]),
    [['created', null, null]],
  );

  await update('Account', account, { Rating: 'Cold', AnnualRevenue: 12, Site: 'not tracked' });
  await update('Account', account, { Rating: 'Cold' });
  const rows = await history();
  assert.deepEqual(
    rows.slice(1).map(({ Field, DataType, OldValue, NewValue }) => [Field, DataType, OldValue, NewValue]),
    [
      ['AnnualRevenue', 'Currency', null, 12],
      ['Rating', 'DynamicEnum', 'Hot', 'Cold'],
    ],
  );
  const children = await query(`SELECT Id, (SELECT Id FROM Histories) FROM Account WHERE Id = '${account}'`);
  assert.equal((children[0]?.Histories as { totalSize: number } | undefined)?.totalSize, 3);
});

test('an owner sees the account by a share, which passes to the next owner', async () => {
  const account = await create('Account', { Name: 'Owned' });
  const shares = () =>
    query(
      `SELECT UserOrGroupId, RowCause, AccountAccessLevel FROM AccountShare WHERE AccountId = '${account}'`,
    );
  const [mine] = await shares();
  assert.deepEqual([mine?.RowCause, mine?.AccountAccessLevel], ['Owner', 'All']);
  const [other] = await query(`SELECT Id FROM User WHERE Id != '${String(mine?.UserOrGroupId)}' LIMIT 1`);

  await update('Account', account, { OwnerId: other?.Id });
  assert.deepEqual(
    (await shares()).map((share) => share.UserOrGroupId),
    [other?.Id],
  );
  const owners = await query(
    `SELECT DataType, NewValue FROM AccountHistory WHERE AccountId = '${account}' AND Field = 'Owner' ORDER BY Id`,
  );
  assert.deepEqual(
    owners.map((row) => row.DataType),
    ['Text', 'EntityId'],
  );
  assert.equal(owners[1]?.NewValue, other?.Id);
});

test("a case has a number of eight digits, its contact's account and details, and is closed by its status", async () => {
  const account = await create('Account', { Name: 'Of the contact' });
  const contact = await create('Contact', { LastName: 'Caller', AccountId: account, Phone: '+1 555' });
  const id = await create('Case', { ContactId: contact, Subject: 'Broken' });
  const [number, status, accountId, phone] = await read(
    'Case',
    id,
    'CaseNumber',
    'Status',
    'AccountId',
    'ContactPhone',
  );
  assert.match(String(number), /^\d{8}$/);
  assert.deepEqual([status, accountId, phone], ['New', account, '+1 555']);

  await update('Case', id, { Status: 'Closed' });
  const [closed, at] = await read('Case', id, 'IsClosed', 'ClosedDate');
  assert.equal(closed, true);
  assert.ok(at);
  await update('Case', id, { Status: 'Working' });
  assert.deepEqual(await read('Case', id, 'IsClosed', 'ClosedDate'), [false, null]);

  await update('Contact', contact, { Phone: '+1 556' });
  assert.deepEqual(await read('Case', id, 'ContactPhone'), ['+1 556']);
});

test('a record gets the first record type of its sobject, unless it names another', async () => {
  const [first, second] = await query("SELECT Id FROM RecordType WHERE SobjectType = 'Account' ORDER BY Id");
  const [ofCase] = await query("SELECT Id FROM RecordType WHERE SobjectType = 'Case' ORDER BY Id");
  const account = await create('Account', { Name: 'Typed' });
  assert.deepEqual(await read('Account', account, 'RecordTypeId'), [first?.Id]);
  await update('Account', account, { RecordTypeId: second?.Id });
  assert.deepEqual(await read('Account', account, 'RecordTypeId'), [second?.Id]);
  const wrong = await post('Account', { Name: 'Wrong', RecordTypeId: ofCase?.Id });
  assert.deepEqual([wrong.status, codeOf(wrong)], [400, 'INVALID_CROSS_REFERENCE_KEY']);
});

test('a task has the account of the record it is about, and the time of its completion', async () => {
  const account = await create('Account', { Name: 'Visited' });
  const deal = await create('Opportunity', { ...aDeal, AccountId: account });
  const task = await create('Task', { WhatId: deal, Subject: 'Call', Priority: 'High' });
  assert.deepEqual(
    await read('Task', task, 'AccountId', 'Status', 'IsClosed', 'IsHighPriority', 'CompletedDateTime'),
    [account, 'Not Started', false, true, null],
  );
  await update('Task', task, { Status: 'Completed', WhatId: null });
  const [accountId, isClosed, at] = await read('Task', task, 'AccountId', 'IsClosed', 'CompletedDateTime');
  assert.deepEqual([accountId, isClosed], [null, true]);
  assert.ok(at);
});

test('the time fields of an event are consistent', async () => {
  const times = ['StartDateTime', 'EndDateTime', 'ActivityDate', 'DurationInMinutes', 'EndDate'];
  const event = await create('Event', {
    Subject: 'Meeting',
    StartDateTime: '2030-05-01T23:30:00Z',
    DurationInMinutes: 60,
  });
  assert.deepEqual(await read('Event', event, ...times), [
    '2030-05-01T23:30:00.000+0000',
    '2030-05-02T00:30:00.000+0000',
    '2030-05-01',
    60,
    '2030-05-02',
  ]);
  await update('Event', event, { StartDateTime: '2030-05-03T10:00:00Z' });
  assert.deepEqual((await read('Event', event, ...times)).slice(1, 4), [
    '2030-05-03T11:00:00.000+0000',
    '2030-05-03',
    60,
  ]);
  await update('Event', event, { EndDateTime: '2030-05-03T10:15:00Z' });
  assert.deepEqual((await read('Event', event, ...times))[3], 15);
  const timeless = await post('Event', { Subject: 'Meeting' });
  assert.deepEqual([timeless.status, codeOf(timeless)], [400, 'REQUIRED_FIELD_MISSING']);
});

test('a product needs a standard price before any other, and has one price per book', async () => {
  const product = await create('Product2', { Name: 'Priced', ProductCode: 'P-1', IsActive: true });
  const price = { Product2Id: product, IsActive: true };
  const early = await post('PricebookEntry', { ...price, Pricebook2Id: partners?.Id, UnitPrice: 5 });
  assert.deepEqual([early.status, codeOf(early)], [400, 'STANDARD_PRICE_NOT_DEFINED']);
  await create('PricebookEntry', { ...price, Pricebook2Id: standard?.Id, UnitPrice: 9 });
  const twin = await post('PricebookEntry', { ...price, Pricebook2Id: standard?.Id, UnitPrice: 8 });
  assert.deepEqual([twin.status, codeOf(twin)], [400, 'DUPLICATE_VALUE']);
  const entry = await create('PricebookEntry', {
    ...price,
    Pricebook2Id: partners?.Id,
    UseStandardPrice: true,
  });
  assert.deepEqual(await read('PricebookEntry', entry, 'UnitPrice', 'Name', 'ProductCode'), [
    9,
    'Priced',
    'P-1',
  ]);
});

test("an opportunity's amount is that of its line items, which are deleted with it", async () => {
  const deal = await create('Opportunity', aDeal);
  const [entry] = await query(
    `SELECT Id, UnitPrice FROM PricebookEntry WHERE Pricebook2Id = '${String(standard?.Id)}' LIMIT 1`,
  );
  const [foreign] = await query(
    `SELECT Id FROM PricebookEntry WHERE Pricebook2Id = '${String(partners?.Id)}' LIMIT 1`,
  );
  const line = { OpportunityId: deal, PricebookEntryId: entry?.Id };
  const first = await create('OpportunityLineItem', { ...line, Quantity: 2 });
  assert.deepEqual(await read('OpportunityLineItem', first, 'UnitPrice', 'ListPrice'), [
    entry?.UnitPrice,
    entry?.UnitPrice,
  ]);
  const second = await create('OpportunityLineItem', { ...line, Quantity: 4, TotalPrice: 10 });
  assert.deepEqual(await read('OpportunityLineItem', second, 'UnitPrice'), [2.5]);
  await update('OpportunityLineItem', second, { Quantity: 6 });
  await remove('OpportunityLineItem', first);
  await update('Opportunity', deal, { Amount: 1, StageName: 'Closed Won' });
  assert.deepEqual(
    await read(
      'Opportunity',
      deal,
      'Amount',
      'HasOpportunityLineItem',
      'TotalOpportunityQuantity',
      'Pricebook2Id',
      'IsWon',
    ),
    [15, true, 6, standard?.Id, true],
  );

  const mixed = await post('OpportunityLineItem', { ...line, PricebookEntryId: foreign?.Id, Quantity: 1 });
  assert.deepEqual([mixed.status, codeOf(mixed)], [400, 'FIELD_INTEGRITY_EXCEPTION']);
  const both = await post('OpportunityLineItem', { ...line, Quantity: 1, UnitPrice: 1, TotalPrice: 1 });
  assert.deepEqual([both.status, codeOf(both)], [400, 'FIELD_INTEGRITY_EXCEPTION']);

  await remove('OpportunityLineItem', second);
  assert.deepEqual(await read('Opportunity', deal, 'Amount', 'HasOpportunityLineItem'), [15, false]);
  const third = await create('OpportunityLineItem', { ...line, Quantity: 1 });
  await remove('Opportunity', deal);
  assert.deepEqual(await query(`SELECT Id FROM OpportunityLineItem WHERE Id = '${third}'`), []);
});

test('a campaign counts its members and their responses, and each person is a member once', async () => {
  const campaign = await create('Campaign', { Name: 'Fair' });
  const lead = await create('Lead', { FirstName: 'Ada', LastName: 'Ng', Company: 'Acme', City: 'Rome' });
  const member = await create('CampaignMember', { CampaignId: campaign, LeadId: lead });
  assert.deepEqual(
    await read(
      'CampaignMember',
      member,
      'Name',
      'City',
      'CompanyOrAccount',
      'Status',
      'HasResponded',
      'LeadOrContactId',
    ),
    ['Ada Ng', 'Rome', 'Acme', 'Sent', false, lead],
  );
  const again = await post('CampaignMember', { CampaignId: campaign, LeadId: lead });
  assert.deepEqual([again.status, codeOf(again)], [400, 'DUPLICATE_VALUE']);
  await update('CampaignMember', member, { Status: 'Responded' });
  const [hasResponded, day] = await read('CampaignMember', member, 'HasResponded', 'FirstRespondedDate');
  assert.equal(hasResponded, true);
  assert.match(String(day), /^\d{4}-\d\d-\d\d$/);
  assert.deepEqual(
    await read('Campaign', campaign, 'NumberOfLeads', 'NumberOfContacts', 'NumberOfResponses'),
    [1, 0, 1],
  );
});

test('a contract ends after its term, and records who activated it', async () => {
  const account = await create('Account', { Name: 'Bound' });
  const contract = await create('Contract', { AccountId: account, StartDate: '2030-01-31', ContractTerm: 1 });
  assert.deepEqual(await read('Contract', contract, 'EndDate', 'StatusCode', 'ActivatedById'), [
    '2030-02-27',
    'Draft',
    null,
  ]);
  await update('Contract', contract, { Status: 'Activated' });
  const [code, by] = await read('Contract', contract, 'StatusCode', 'ActivatedById');
  assert.equal(code, 'Activated');
  assert.ok(by);
});

test('a record of an sobject without a recycle bin is gone when it is deleted', async () => {
  const group = await create('Group', { Name: 'Short', Type: 'Regular' });
  const [user] = await query('SELECT Id FROM User LIMIT 1');
  const member = await create('GroupMember', { GroupId: group, UserOrGroupId: user?.Id });
  await remove('Group', group);
  for (const [sobject, id] of [
    ['Group', group],
    ['GroupMember', member],
  ])
    assert.equal((await org.request('GET', `${data}/sobjects/${sobject}/${id}`)).status, 404);
});

test('a field that the org cannot fill in is reported as missing, and is not a defect', async () => {
  const entry = await post('ContentDocumentLink', {});
  assert.deepEqual([entry.status, codeOf(entry)], [400, 'REQUIRED_FIELD_MISSING']);
  const member = await post('CampaignMember', { Status: 'Sent' });
  assert.deepEqual([member.status, codeOf(member)], [400, 'REQUIRED_FIELD_MISSING']);
});
