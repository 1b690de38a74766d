import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const below = `${data}/sobjects/Account/Number__c`;

before(() =>
  org.control('/fields/create', {
    sobject: 'Account',
    field: { name: 'Number__c', type: 'double', precision: 18, scale: 0, externalId: true, unique: true },
  }),
);

const upsert = (path: string, body: object) => org.request('PATCH', path, { body });
const written = (answer: { json: unknown }) => answer.json as { id: string; created: boolean };
const codes = ({ json }: { json: unknown }) =>
  (json as { errorCode: string }[]).map(({ errorCode }) => errorCode);

test('an upsert by an external id that is a number creates the record, then updates it', async () => {
  const created = await upsert(`${below}/11999`, { Name: 'One' });
  assert.equal(created.status, 201, created.text);
  const updated = await upsert(`${below}/11999`, { Name: 'Two' });
  assert.deepEqual([updated.status, written(updated).id], [200, written(created).id], updated.text);

  const read = await org.request('GET', `${below}/11999?fields=Name,Number__c`);
  const { Name, Number__c: value } = read.json as Record<string, unknown>;
  assert.deepEqual([Name, value], ['Two', 11_999]);
});

test('the number that identifies a record may be written in any form, but has to be a number', async () => {
  const { id } = written(await upsert(`${below}/42`, { Name: 'Forty-two' }));
  for (const form of ['42.0', '042', '4.2e1']) {
    const { status, json } = await org.request('GET', `${below}/${form}`);
    assert.deepEqual([form, status, (json as { Id: string }).Id], [form, 200, id]);
  }
  assert.equal((await org.request('GET', `${below}/43`)).status, 404);
  for (const answer of [
    await org.request('GET', `${below}/abc`),
    await upsert(`${below}/abc`, { Name: 'x' }),
  ])
    assert.deepEqual([answer.status, codes(answer)], [400, ['INVALID_TYPE_ON_FIELD_IN_RECORD']]);
});

test('an external id of 18 digits is compared digit by digit', async () => {
  await upsert(`${below}/900719925474099201`, { Name: 'Odd' });
  const other = await upsert(`${below}/900719925474099202`, { Name: 'Even' });
  assert.equal(other.status, 201, other.text);
  assert.match((await org.request('GET', `${below}/900719925474099201`)).text, /"Name":"Odd"/);
});

test('a number that another record has as its unique value is refused', async () => {
  const { id } = written(await upsert(`${below}/77`, { Name: 'First' }));
  const { status, json } = await org.request('POST', `${data}/sobjects/Account`, {
    body: { Name: 'Second', Number__c: 77 },
  });
  assert.equal(status, 400);
  assert.deepEqual(json, [
    {
      message: `duplicate value found: Number__c duplicates value on record with id: ${id.slice(0, 15)}`,
      errorCode: 'DUPLICATE_VALUE',
      fields: ['Number__c'],
    },
  ]);
});

test('a collection is upserted by numbers, and names one that it contains twice', async () => {
  const record = (value: number | string, name: string) => ({
    attributes: { type: 'Account' },
    Number__c: value,
    Name: name,
  });
  const { status, json } = await upsert(`${data}/composite/sobjects/Account/Number__c`, {
    records: [record(501, 'a'), record('502', 'b'), record('501.0', 'c')],
  });
  assert.equal(status, 200);
  const results = json as { success: boolean; errors: { statusCode: string }[] }[];
  assert.deepEqual(
    results.map(({ success, errors }) => [success, errors[0]?.statusCode]),
    [
      [true, undefined],
      [true, undefined],
      [false, 'DUPLICATE_VALUE'],
    ],
  );
});

test('another record refers to one by its number', async () => {
  const { id } = written(await upsert(`${below}/610`, { Name: 'Parent' }));
  for (const value of [610, '610']) {
    const contact = await org.request('POST', `${data}/sobjects/Contact`, {
      body: { LastName: 'Child', Account: { Number__c: value } },
    });
    assert.equal(contact.status, 201, contact.text);
    const { json } = await org.request('GET', `${data}/sobjects/Contact/${written(contact).id}`);
    assert.equal((json as { AccountId: string }).AccountId, id);
  }
});

test('an auto number is found by its text', async () => {
  await org.control('/fields/create', {
    sobject: 'Account',
    field: { name: 'Serial__c', type: 'string', length: 30, autoNumber: 'N-', externalId: true },
  });
  const { id } = written(await upsert(`${below}/700`, { Name: 'Numbered' }));
  const { json } = await org.request('GET', `${data}/sobjects/Account/${id}?fields=Serial__c`);
  const { Serial__c: serial } = json as { Serial__c: string };
  const found = await org.request('GET', `${data}/sobjects/Account/Serial__c/${serial}`);
  assert.equal((found.json as { Id: string }).Id, id);
});

test('only texts, e-mails and numbers are external ids and unique', async () => {
  for (const mark of [{ externalId: true }, { unique: true }]) {
    await assert.rejects(
      org.control('/fields/create', { sobject: 'Account', field: { name: 'Day__c', type: 'date', ...mark } }),
      /Day__c: only a text, an e-mail or a number can be an external id or unique/,
    );
  }
});
