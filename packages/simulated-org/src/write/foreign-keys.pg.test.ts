import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const post = (sobject: string, body: object) => org.request('POST', `${data}/sobjects/${sobject}`, { body });

async function make(sobject: string, body: object): Promise<string> {
  const made = await post(sobject, body);
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}

async function fieldOf(sobject: string, id: string, field: string): Promise<unknown> {
  const read = await org.request('GET', `${data}/sobjects/${sobject}/${id}?fields=${field}`);
  assert.equal(read.status, 200, read.text);
  return (read.json as Record<string, unknown>)[field];
}

const problem = (answer: { json: unknown }) => (answer.json as object[])[0];

const parent = await make('Account', { Name: 'Parent', External_Id__c: 'A-1' });
const other = await make('Account', { Name: 'Other', External_Id__c: 'A-2' });

test('a create names the other record by its external id, in any case', async () => {
  const contact = await make('Contact', { LastName: 'x', Account: { External_Id__c: 'a-1' } });
  assert.equal(await fieldOf('Contact', contact, 'AccountId'), parent);

  const invoice = await make('Invoice__c', {
    Account__r: { attributes: { type: 'Account' }, external_id__c: 'A-1' },
  });
  assert.equal(await fieldOf('Invoice__c', invoice, 'Account__c'), parent);
});

test('an update points to another record, and null to none', async () => {
  const contact = await make('Contact', { LastName: 'x', AccountId: parent });
  const update = (body: object) => org.request('PATCH', `${data}/sobjects/Contact/${contact}`, { body });

  assert.equal((await update({ Account: { External_Id__c: 'A-2' } })).status, 204);
  assert.equal(await fieldOf('Contact', contact, 'AccountId'), other);
  assert.equal((await update({ Account: null })).status, 204);
  assert.equal(await fieldOf('Contact', contact, 'AccountId'), null);
});

test('an upsert, a tree and a composite accept such references too', async () => {
  const upserted = await org.request('PATCH', `${data}/sobjects/Invoice__c/External_Id__c/FK-1`, {
    body: { Account__r: { External_Id__c: 'A-1' } },
  });
  assert.equal(upserted.status, 201, upserted.text);
  assert.equal(await fieldOf('Invoice__c', (upserted.json as { id: string }).id, 'Account__c'), parent);

  const tree = await org.request('POST', `${data}/composite/tree/Contact`, {
    body: {
      records: [
        {
          attributes: { type: 'Contact', referenceId: 'c' },
          LastName: 'Tree',
          Account: { External_Id__c: 'A-1' },
        },
      ],
    },
  });
  assert.equal(tree.status, 201, tree.text);

  const composite = await org.request('POST', `${data}/composite`, {
    body: {
      compositeRequest: [
        {
          method: 'POST',
          referenceId: 'a',
          url: `${data}/sobjects/Account`,
          body: { Name: 'New', External_Id__c: 'A-3' },
        },
        {
          method: 'POST',
          referenceId: 'c',
          url: `${data}/sobjects/Contact`,
          body: { LastName: 'x', Account: { External_Id__c: 'A-3' } },
        },
      ],
    },
  });
  const { compositeResponse } = composite.json as { compositeResponse: { httpStatusCode: number }[] };
  assert.deepEqual(
    compositeResponse.map((part) => part.httpStatusCode),
    [201, 201],
  );
});

test('in a collection a reference that finds nothing fails only its record', async () => {
  const contact = (externalId: string) => ({
    attributes: { type: 'Contact' },
    LastName: 'x',
    Account: { External_Id__c: externalId },
  });
  const answer = await org.request('POST', `${data}/composite/sobjects`, {
    body: { records: [contact('A-1'), contact('Nobody'), contact('A-2')] },
  });

  assert.equal(answer.status, 200, answer.text);
  const results = answer.json as { success: boolean; errors: unknown[] }[];
  assert.deepEqual(
    results.map(({ success }) => success),
    [true, false, true],
  );
  assert.deepEqual(results[1]?.errors, [
    {
      statusCode: 'INVALID_FIELD',
      message: 'Foreign key external ID: Nobody not found for field External_Id__c in entity Account',
      fields: [],
    },
  ]);
});

test('a value that no record has is refused and named', async () => {
  const answer = await post('Contact', { LastName: 'x', Account: { External_Id__c: 'A-99' } });
  assert.equal(answer.status, 400);
  assert.deepEqual(problem(answer), {
    message: 'Foreign key external ID: A-99 not found for field External_Id__c in entity Account',
    errorCode: 'INVALID_FIELD',
  });
});

test('a deleted record is not found', async () => {
  const id = await make('Account', { Name: 'Gone', External_Id__c: 'A-4' });
  await org.request('DELETE', `${data}/sobjects/Account/${id}`);
  assert.equal((await post('Contact', { LastName: 'x', Account: { External_Id__c: 'A-4' } })).status, 400);
});

test('several records with one value are refused', async () => {
  await make('Contact', { LastName: 'Twin', Email: 'twin@example.com' });
  await make('Contact', { LastName: 'Twin', Email: 'twin@example.com' });
  const answer = await post('Contact', { LastName: 'x', ReportsTo: { Email: 'twin@example.com' } });
  assert.equal((problem(answer) as { errorCode: string }).errorCode, 'DUPLICATE_EXTERNAL_ID');
});

test('the Id and the relationship cannot both be given', async () => {
  for (const body of [
    { LastName: 'x', AccountId: other, Account: { External_Id__c: 'A-1' } },
    { LastName: 'x', Account: { External_Id__c: 'A-1' }, AccountId: null },
  ]) {
    assert.deepEqual(problem(await post('Contact', body)), {
      message: 'Cannot specify both an external ID reference Account and a salesforce id, AccountId',
      errorCode: 'INVALID_FIELD',
      fields: ['AccountId'],
    });
  }
});

test('an invalid reference by an external id is refused', async () => {
  const cases: [body: object, message: RegExp][] = [
    [
      { Account: { Site: 'x' } },
      /^Field name provided, Site does not match an External ID, Salesforce Id, or/,
    ],
    [{ Account: { Nme: 'x' } }, /^Field name provided, Nme does not match/],
    [
      { Account: { attributes: { type: 'Lead' }, External_Id__c: 'A-1' } },
      /^The external foreign key reference does not reference a valid entity: Account$/,
    ],
    [{ Account: {} }, /exactly one field/],
    [{ Account: { External_Id__c: 'A-1', Name: 'x' } }, /exactly one field/],
    [{ Account: { External_Id__c: ['A-1'] } }, /not found for field/],
    [{ Account: 'A-1' }, /^Cannot deserialize instance of reference/],
    [{ Acount: { External_Id__c: 'A-1' } }, /^No such column 'Acount' on sobject of type Contact$/],
  ];
  for (const [more, message] of cases) {
    const answer = await post('Contact', { LastName: 'x', ...more });
    assert.equal(answer.status, 400, JSON.stringify(more));
    assert.match((problem(answer) as { message: string }).message, message);
  }
});

test('a polymorphic owner is found by a field that only users have', async () => {
  const [user] = (
    (await org.request('GET', `${data}/query?q=SELECT+Id,Username+FROM+User+WHERE+IsActive=true+LIMIT+1`))
      .json as { records: { Id: string; Username: string }[] }
  ).records;
  const invoice = await make('Invoice__c', { Owner: { attributes: { type: 'User' }, Id: user?.Id } });
  assert.equal(await fieldOf('Invoice__c', invoice, 'OwnerId'), user?.Id);
});
