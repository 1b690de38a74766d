import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200, lockTimeoutMs: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0/sobjects';
const unknownId = '001Hp00000zzzzzIAA';

async function create(sobject: string, body: object | string): Promise<string> {
  const created = await org.request('POST', `${data}/${sobject}`, { body });
  assert.equal(created.status, 201, created.text);
  return (created.json as { id: string }).id;
}

const read = async (sobject: string, id: string) =>
  (await org.request('GET', `${data}/${sobject}/${id}`)).json as Record<string, unknown>;

const firstError = (answer: { json: unknown }) =>
  (answer.json as { errorCode: string; message: string }[])[0];

test('a create answers with the Id and the location of the new record', async () => {
  const created = await org.request('POST', `${data}/Account/`, { body: { Name: 'Acme' } });

  const { id, ...rest } = created.json as { id: string };
  assert.equal(created.status, 201);
  assert.match(id, /^001[0-9A-Za-z]{12}[A-Z0-5]{3}$/);
  assert.deepEqual(rest, { success: true, errors: [] });
  assert.equal(created.headers.get('location'), `${data}/Account/${id}`);
});

test('a new record belongs to its creator, and all three of its stamps are the second of its creation', async () => {
  const account = await read('Account', await create('Account', { Name: 'Acme' }));

  assert.match(String(account.SystemModstamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  assert.equal(account.CreatedDate, account.SystemModstamp);
  assert.equal(account.LastModifiedDate, account.SystemModstamp);
  assert.equal(account.OwnerId, account.CreatedById);
  assert.deepEqual(account.attributes, { type: 'Account', url: `${data}/Account/${String(account.Id)}` });
});

test('the number 9007199254740993.1 comes back with all its digits', async () => {
  const body =
    '{"Name":"Exact","StageName":"Prospecting","CloseDate":"2030-01-31","Amount":9007199254740993.10}';
  const id = await create('Opportunity', body);

  const { text } = await org.request('GET', `${data}/Opportunity/${id}?fields=Amount`);

  assert.match(text, /"Amount":9\.0071992547409931E15,/);
});

test('text that PostgreSQL cannot store is returned as it was sent', async () => {
  const name = 'NUL \0, half \ud83d, private \ue000 and whole 🙂';
  const id = await create('Account', { Name: name });

  assert.equal((await read('Account', id)).Name, name);

  const update = await org.request('PATCH', `${data}/Account/${id}`, { body: { Description: '\0' } });
  assert.equal(update.status, 204);
  assert.equal((await read('Account', id)).Description, '\0');
});

test('a custom object stores and returns a value of every type', async () => {
  const body = {
    External_Id__c: 'EVERY-1',
    Tags__c: 'Urgent;Paper',
    Channel__c: 'by pigeon',
    Billing_Email__c: 'a@example.com',
    Tax_Number__c: 'DE1',
    Issued_On__c: '1700-01-01',
    Due_At__c: '4000-12-31T23:59:59.000+0000',
    Cutoff_Time__c: '14:30:00.000Z',
    Paid_Amount__c: 1.5,
    Discount__c: 12.25,
    Installments__c: 3,
    Ledger_Number__c: 9007199254740992,
    Is_Disputed__c: true,
    Place__Latitude__s: 52.5,
    Place__Longitude__s: 13.25,
    Delivery__City__s: 'Berlin',
    Settings__c: { reminders: 2 },
    Previous_Value__c: 7,
    Note__c: 'long '.repeat(20_000),
  };
  const id = await create('Invoice__c', { ...body, Scan__c: 'aGVsbG8=' });

  const found = await read('Invoice__c', id);

  for (const [name, value] of Object.entries(body)) assert.deepEqual(found[name], value, name);
  assert.deepEqual(found.Place__c, { latitude: 52.5, longitude: 13.25 });
  assert.equal((found.Delivery__c as { city: string }).city, 'Berlin');
  assert.equal(found.Scan__c, `${data}/Invoice__c/${id}/Scan__c`);
  assert.match(String(found.Name), /^INV-\d{8}$/);
  assert.equal(found.Balance__c, -1.5);
});

test('fields= selects, adds the Id, and refuses an unknown name', async () => {
  const id = await create('Contact', { FirstName: 'Ada', LastName: 'Byron' });

  const some = await org.request('GET', `${data}/Contact/${id.slice(0, 15)}?fields=name,LastName`);
  assert.deepEqual(Object.keys(some.json as object), ['attributes', 'Name', 'LastName', 'Id']);
  assert.equal((some.json as { Name: string }).Name, 'Ada Byron');

  const wrong = await org.request('GET', `${data}/Contact/${id}?fields=Nme`);
  assert.equal(wrong.status, 400);
  assert.deepEqual(firstError(wrong), {
    message: "No such column 'Nme' on sobject of type Contact",
    errorCode: 'INVALID_FIELD',
  });
});

test('an update changes what it names and an empty text becomes null', async () => {
  const id = await create('Account', { Name: 'Before', Site: 'North', Phone: '1' });

  const update = await org.request('PATCH', `${data}/Account/${id}`, { body: { Name: 'After', Site: '' } });

  assert.equal(update.status, 204);
  assert.equal(update.text, '');
  const { Name, Site, Phone } = await read('Account', id);
  assert.deepEqual({ Name, Site, Phone }, { Name: 'After', Site: null, Phone: '1' });
});

test('a deleted record is gone from rows and query, and stays in queryAll', async () => {
  const id = await create('Account', { Name: 'Doomed' });

  assert.equal((await org.request('DELETE', `${data}/Account/${id}`)).status, 204);

  for (const method of ['GET', 'DELETE']) {
    const answer = await org.request(method, `${data}/Account/${id}`);
    assert.equal(answer.status, 404);
    assert.equal(firstError(answer)?.errorCode, 'ENTITY_IS_DELETED');
  }
  const q = encodeURIComponent(`SELECT Id, IsDeleted FROM Account WHERE Id = '${id}'`);
  const visible = await org.request('GET', `/services/data/v62.0/query?q=${q}`);
  assert.equal((visible.json as { totalSize: number }).totalSize, 0);
  const all = await org.request('GET', `/services/data/v62.0/queryAll?q=${q}`);
  assert.equal((all.json as { records: { IsDeleted: boolean }[] }).records[0]?.IsDeleted, true);
});

test('a user cannot be deleted', async () => {
  const answer = await org.request('DELETE', `${data}/User/${org.orgId.replace('00D', '005')}`);
  assert.equal(answer.status, 405);
});

test("what does not exist is answered with 404 and the real API's text", async () => {
  for (const path of [`Account/${unknownId}`, 'Nothing', `Nothing/${unknownId}`, 'Account/a/b/c']) {
    const answer = await org.request('GET', `${data}/${path}`);
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json, [
      { message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' },
    ]);
  }
  const noId = await org.request('GET', `${data}/Account/23foo`);
  assert.equal(
    firstError(noId)?.message,
    'Provided external ID field does not exist or is not accessible: 23foo',
  );
});

test('an upsert by external id creates, then updates, and refuses its key in the body', async () => {
  const path = `${data}/Account/External_Id__c/UP-1`;

  const created = await org.request('PATCH', path, { body: { Name: 'Upserted' } });
  const updated = await org.request('PATCH', `${data}/account/external_id__c/up-1`, {
    body: { Name: 'Again' },
  });
  const old = await org.request('PATCH', path.replace('v62.0', 'v45.0'), { body: { Name: 'Old' } });
  const withKey = await org.request('PATCH', path, { body: { External_Id__c: 'UP-1', Name: 'x' } });

  const { id } = created.json as { id: string };
  assert.equal(created.status, 201);
  assert.deepEqual(created.json, { id, success: true, errors: [], created: true });
  assert.equal(updated.status, 200);
  assert.deepEqual(updated.json, { id, success: true, errors: [], created: false });
  assert.equal(old.status, 204);
  assert.equal(withKey.status, 400);
  assert.equal(firstError(withKey)?.errorCode, 'INVALID_FIELD');
  const found = await org.request('GET', path);
  assert.equal((found.json as { Name: string }).Name, 'Old');
});

test('an upsert by the Id updates, and creates by POST without one', async () => {
  const created = await org.request('POST', `${data}/Account/Id`, { body: { Name: 'By Id' } });
  const { id } = created.json as { id: string };
  assert.equal(created.status, 201);

  const updated = await org.request('PATCH', `${data}/Account/Id/${id}`, { body: { Name: 'Again' } });
  assert.deepEqual(updated.json, { id, success: true, errors: [], created: false });
});

test('an upsert with updateOnly changes an existing record', async () => {
  const id = await create('Account', { Name: 'Before', External_Id__c: 'ONLY-UPDATE' });
  const path = `${data}/Account/External_Id__c/ONLY-UPDATE?updateOnly=true`;

  const answer = await org.request('PATCH', path, { body: { Name: 'After' } });

  assert.deepEqual([answer.status, (await read('Account', id)).Name], [200, 'After']);
});

test('an upsert that finds several records answers 300 and their paths', async () => {
  const ids = [
    await create('Contact', { LastName: 'One', Legacy_Number__c: 'TWICE' }),
    await create('Contact', { LastName: 'Two', Legacy_Number__c: 'twice' }),
  ];

  const answer = await org.request('PATCH', `${data}/Contact/Legacy_Number__c/Twice`, {
    body: { Title: 'x' },
  });

  assert.equal(answer.status, 300);
  assert.deepEqual(
    answer.json,
    ids.toSorted().map((id) => `${data}/Contact/${id}`),
  );
});

test('an upsert by a field that is not an external id, or with updateOnly of an unknown value, is 404', async () => {
  const noField = await org.request('PATCH', `${data}/Account/Site/x`, { body: { Name: 'x' } });
  assert.equal(noField.status, 404);
  assert.equal(
    firstError(noField)?.message,
    'Provided external ID field does not exist or is not accessible: Site',
  );

  const nothing = await org.request('PATCH', `${data}/Account/External_Id__c/NONE?updateOnly=true`, {
    body: { Name: 'x' },
  });
  assert.equal(nothing.status, 404);
});

test('a duplicate of a unique value is refused, naming the Id that has it, until that record is deleted', async () => {
  const id = await create('Account', { Name: 'First', External_Id__c: 'ONLY' });

  const again = await org.request('POST', `${data}/Account`, {
    body: { Name: 'Second', External_Id__c: 'only' },
  });
  assert.equal(again.status, 400);
  assert.deepEqual(again.json, [
    {
      message: `duplicate value found: External_Id__c duplicates value on record with id: ${id.slice(0, 15)}`,
      errorCode: 'DUPLICATE_VALUE',
      fields: ['External_Id__c'],
    },
  ]);

  await org.request('DELETE', `${data}/Account/${id}`);
  await create('Account', { Name: 'Second', External_Id__c: 'ONLY' });
});

test('a reference must point to a live record of the right sobject', async () => {
  const contact = await create('Contact', { LastName: 'Someone' });
  const cases = [
    [unknownId, 'INVALID_CROSS_REFERENCE_KEY'],
    [contact, 'MALFORMED_ID'],
    ['nonsense', 'MALFORMED_ID'],
  ];
  for (const [AccountId, code] of cases) {
    const answer = await org.request('POST', `${data}/Contact`, { body: { LastName: 'x', AccountId } });
    assert.equal(answer.status, 400);
    assert.equal(firstError(answer)?.errorCode, code);
  }
});

test('a line changes its invoice in the same transaction', async () => {
  const invoice = await create('Invoice__c', {});
  const other = await create('Invoice__c', {});
  await org.db.query(
    sql`UPDATE org."Invoice__c" SET "SystemModstamp" = '2020-01-01Z' WHERE "Id" = ${invoice}`,
  );
  const totals = async (id: string) => {
    const { Total__c, Line_Count__c } = await read('Invoice__c', id);
    return [Total__c, Line_Count__c];
  };

  const line = await create('Invoice_Line__c', { Invoice__c: invoice, Quantity__c: 3, Unit_Price__c: 1.25 });
  await create('Invoice_Line__c', { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 10 });
  assert.deepEqual(await totals(invoice), [13.75, 2]);
  assert.equal((await read('Invoice_Line__c', line)).Amount__c, 3.75);
  assert.notEqual((await read('Invoice__c', invoice)).SystemModstamp, '2020-01-01T00:00:00.000+0000');

  await org.request('PATCH', `${data}/Invoice_Line__c/${line}`, {
    body: { Invoice__c: other, Quantity__c: 4 },
  });
  assert.deepEqual(await totals(invoice), [10, 1]);
  assert.deepEqual(await totals(other), [5, 1]);

  await org.request('DELETE', `${data}/Invoice_Line__c/${line}`);
  assert.deepEqual(await totals(other), [0, 0]);
});

test('lines written concurrently are all in the total', async () => {
  const invoice = await create('Invoice__c', {});
  const line = { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 1 };

  await Promise.all(Array.from({ length: 12 }, () => create('Invoice_Line__c', line)));

  assert.equal((await read('Invoice__c', invoice)).Total__c, 12);
});

test('a record that stays locked is refused after the lock time-out', async () => {
  const id = await create('Account', { Name: 'Locked' });
  await org.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM org."Account" WHERE "Id" = ${id} FOR UPDATE`);

    const answer = await org.request('PATCH', `${data}/Account/${id}`, { body: { Name: 'x' } });

    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, [
      {
        message: `unable to obtain exclusive access to this record or 1 records: ${id}`,
        errorCode: 'UNABLE_TO_LOCK_ROW',
        fields: [],
      },
    ]);
  });
});
