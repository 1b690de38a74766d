import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0/sobjects';

async function create(sobject: string, body: object): Promise<string> {
  const created = await org.request('POST', `${data}/${sobject}`, { body });
  assert.equal(created.status, 201, created.text);
  return (created.json as { id: string }).id;
}

test('a path leads from a record to its parent and on', async () => {
  const account = await create('Account', { Name: 'Above' });
  const contact = await create('Contact', { LastName: 'Below', AccountId: account });

  const parent = await org.request('GET', `${data}/Contact/${contact}/account?fields=Name`);
  const owner = await org.request('GET', `${data}/Contact/${contact}/Account/Owner`);

  assert.equal((parent.json as { Name: string }).Name, 'Above');
  assert.equal((owner.json as { attributes: { type: string } }).attributes.type, 'User');

  const change = await org.request('PATCH', `${data}/Contact/${contact}/Account`, { body: { Site: 'x' } });
  const read = await org.request('GET', `${data}/Account/${account}?fields=Site`);
  assert.deepEqual([change.status, (read.json as { Site: string }).Site], [204, 'x']);
});

test("a path leads to the children of a record, in the form of a query's answer", async () => {
  const account = await create('Account', { Name: 'Above' });
  const ids = [];
  for (const LastName of ['One', 'Two']) ids.push(await create('Contact', { LastName, AccountId: account }));

  const some = await org.request('GET', `${data}/Account/${account}/Contacts?fields=LastName`);
  const whole = await org.request('GET', `${data}/Account/${account}/Contacts`);
  const none = await org.request('GET', `${data}/Account/${account}/Invoices__r`);

  const { records, ...rest } = some.json as { records: { LastName: string }[] };
  assert.deepEqual(rest, { totalSize: 2, done: true });
  assert.deepEqual(
    records.map(({ LastName }) => LastName),
    ['One', 'Two'],
  );
  const full = (whole.json as { records: { Id: string; MailingAddress: unknown }[] }).records;
  assert.deepEqual(
    full.map(({ Id }) => Id),
    ids,
  );
  assert.equal(full[0]?.MailingAddress, null);
  assert.deepEqual(none.json, { totalSize: 0, done: true, records: [] });
  assert.equal((await org.request('PATCH', `${data}/Account/${account}/Contacts`, { body: {} })).status, 405);
});

test('an empty lookup, an unknown name and a deleted record answer 404', async () => {
  const contact = await create('Contact', { LastName: 'Lonely' });
  for (const path of ['Account', 'Nothing', 'Account/Owner', 'Contacts/more']) {
    assert.equal((await org.request('GET', `${data}/Contact/${contact}/${path}`)).status, 404, path);
  }
  await org.request('DELETE', `${data}/Contact/${contact}`);
  const gone = await org.request('GET', `${data}/Contact/${contact}/Owner`);
  assert.equal((gone.json as { errorCode: string }[])[0]?.errorCode, 'ENTITY_IS_DELETED');
});
