import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type OrgAnswer, startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const post = (sobject: string, body: object, headers: Record<string, string> = {}) =>
  org.request('POST', `${data}/sobjects/${sobject}`, { body, headers });
const patch = (sobject: string, id: string, body: object) =>
  org.request('PATCH', `${data}/sobjects/${sobject}/${id}`, { body });
const remove = (sobject: string, id: string) => org.request('DELETE', `${data}/sobjects/${sobject}/${id}`);

async function make(sobject: string, body: object): Promise<string> {
  const made = await post(sobject, body);
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}

const problem = (answer: OrgAnswer) => {
  assert.equal(answer.status, 400, answer.text);
  return (answer.json as { message: string; errorCode: string; fields?: string[] }[])[0];
};

const [anyUser] = await org.db.query<{ Id: string }>(
  sql`SELECT "Id" FROM org."User" WHERE "IsActive" LIMIT 1`,
);
const userId = anyUser?.Id;

type Fields = { name: string; [property: string]: unknown }[];

/** Redefines a field, as an administrator would. */
async function define(sobject: string, field: string, change: object): Promise<void> {
  const [row] = await org.db.query<{ definition: { fields: Fields } }>(
    sql`SELECT definition FROM simulator.sobject WHERE name = ${sobject}`,
  );
  assert.ok(row);
  const fields = row.definition.fields.map((one) => (one.name === field ? { ...one, ...change } : one));
  const definition = JSON.stringify({ ...row.definition, fields });
  await org.db.query(sql`UPDATE simulator.sobject SET definition = ${definition} WHERE name = ${sobject}`);
}

await define('Invoice__c', 'Tags__c', { restrictedPicklist: true });
await define('Invoice__c', 'Account__c', { restrictedDelete: true });
await define('Invoice_Line__c', 'Invoice__c', { updateable: false, cascadeDelete: true });
await define('Account', 'External_Id__c', { caseSensitive: true });
await org.db.query(sql`DROP INDEX org."Account.External_Id__c value"`);
await org.db.query(sql`
  CREATE UNIQUE INDEX "Account.External_Id__c value" ON org."Account" ("External_Id__c") WHERE NOT "IsDeleted"`);
await org.restart();

test('a restricted picklist accepts no value but its own', async () => {
  const body = { Name: 'x', AccessType: 'Secret', Type: 'Document' };
  assert.deepEqual(problem(await post('Folder', body)), {
    message: 'Access Type: bad value for restricted picklist field: Secret',
    errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    fields: ['AccessType'],
  });
  await make('Folder', { ...body, AccessType: 'Public' });
});

test('a restricted multi-select picklist is checked value by value', async () => {
  await make('Invoice__c', { Tags__c: 'Urgent;Paper' });
  assert.equal(
    problem(await post('Invoice__c', { Tags__c: 'Urgent;Papyrus' }))?.message,
    'Tags: bad value for restricted picklist field: Papyrus',
  );
});

test('a picklist that is not restricted accepts any value', async () => {
  await make('Account', { Name: 'x', Industry: 'Alchemy' });
});

test('a record that others must point to cannot be deleted', async () => {
  const folder = await make('Folder', { Name: 'Logos 2', AccessType: 'Public', Type: 'Document' });
  await make('Document', { Name: 'Mark', DeveloperName: 'Mark', AuthorId: userId, FolderId: folder });
  assert.deepEqual(problem(await remove('Folder', folder)), {
    message:
      'Your attempt to delete Logos 2 could not be completed because it is associated with the following documents.: Mark\n',
    errorCode: 'DELETE_FAILED',
    fields: [],
  });
});

test("a restricting lookup prevents its record's deletion, in a collection for each record separately", async () => {
  const kept = await make('Account', { Name: 'Kept' });
  const free = await make('Account', { Name: 'Free' });
  const invoice = await make('Invoice__c', { Account__c: kept });
  const answer = await org.request('DELETE', `${data}/composite/sobjects?ids=${kept},${free}`);
  const results = answer.json as { success: boolean; errors: { statusCode: string; message: string }[] }[];
  assert.deepEqual(
    results.map(({ success }) => success),
    [false, true],
  );
  assert.equal(results[0]?.errors[0]?.statusCode, 'DELETE_FAILED');
  assert.match(results[0]?.errors[0]?.message ?? '', /Kept .* the following invoices\.: INV-\d+\n$/);
  assert.equal((await remove('Invoice__c', invoice)).status, 204);
  assert.equal((await remove('Account', kept)).status, 204);
});

test('a detail cannot move to another master', async () => {
  const [one, two] = [await make('Invoice__c', {}), await make('Invoice__c', {})];
  const line = await make('Invoice_Line__c', { Invoice__c: one, Quantity__c: 1, Unit_Price__c: 1 });
  const answer = problem(await patch('Invoice_Line__c', line, { Invoice__c: two }));
  assert.equal(answer?.errorCode, 'INVALID_FIELD_FOR_INSERT_UPDATE');
  assert.deepEqual(answer?.fields, ['Invoice__c']);
});

test('no record can be its own ancestor', async () => {
  const top = await make('Account', { Name: 'Top' });
  const middle = await make('Account', { Name: 'Middle', ParentId: top });
  const low = await make('Account', { Name: 'Low', ParentId: middle });
  for (const parent of [top, low]) {
    assert.deepEqual(problem(await patch('Account', top, { ParentId: parent })), {
      message: 'attempt to violate hierarchy constraints',
      errorCode: 'CIRCULAR_DEPENDENCY',
      fields: ['ParentId'],
    });
  }
  assert.equal((await patch('Account', low, { ParentId: top })).status, 204);
});

test('a record can only be given to an active user, and stays with a user who is deactivated', async () => {
  const [user] = await org.db.query<{ Id: string }>(
    sql`SELECT "Id" FROM org."User" WHERE "IsActive" ORDER BY "Id" DESC LIMIT 1`,
  );
  const id = user?.Id ?? '';
  const owned = await make('Account', { Name: 'Owned', OwnerId: id });
  await org.db.query(sql`UPDATE org."User" SET "IsActive" = false WHERE "Id" = ${id}`);

  for (const answer of [
    await post('Account', { Name: 'x', OwnerId: id }),
    await patch('Account', await make('Account', { Name: 'y' }), { OwnerId: id }),
  ]) {
    assert.deepEqual(problem(answer), {
      message: `operation performed with inactive user [${id.slice(0, 15)}] as owner of account`,
      errorCode: 'INACTIVE_OWNER_OR_USER',
      fields: [],
    });
  }
  assert.equal((await patch('Account', owned, { OwnerId: id, Site: 'x' })).status, 204);
});

test('a case-sensitive external id distinguishes a from A, in uniqueness, upserts and collections', async () => {
  const lower = await make('Account', { Name: 'lower', External_Id__c: 'case' });
  const upper = await make('Account', { Name: 'upper', External_Id__c: 'CASE' });
  const again = problem(await post('Account', { Name: 'x', External_Id__c: 'CASE' }));
  assert.equal(
    again?.message,
    `duplicate value found: External_Id__c duplicates value on record with id: ${upper.slice(0, 15)}`,
  );
  const found = await org.request('GET', `${data}/sobjects/Account/External_Id__c/case?fields=Id`);
  assert.equal((found.json as { Id: string }).Id, lower);
  const upserted = await org.request('PATCH', `${data}/composite/sobjects/Account/External_Id__c`, {
    body: {
      records: ['case', 'CASE', 'Case'].map((value) => ({
        attributes: { type: 'Account' },
        Name: value,
        External_Id__c: value,
      })),
    },
  });
  assert.deepEqual(
    (upserted.json as { created: boolean }[]).map(({ created }) => created),
    [false, false, true],
  );
});

test('a case-insensitive external id takes values that differ only in case for the same', async () => {
  await make('Invoice__c', { External_Id__c: 'Fold' });
  assert.equal(problem(await post('Invoice__c', { External_Id__c: 'FOLD' }))?.errorCode, 'DUPLICATE_VALUE');
});

test('a field that the user may not see does not exist, and one that the user may not edit cannot be written', async () => {
  const rights = {
    viewAllData: true,
    objects: {},
    fields: {
      'Contact.LastName': { read: false, edit: false },
      'Account.Site': { read: false, edit: false },
      'Account.Sic': { read: true, edit: false },
    },
  };
  const { username } = org.credentials.demo;
  await org.db.query(sql`
    INSERT INTO simulator.user_access (user_id, rights)
    SELECT "Id", ${JSON.stringify(rights)}::jsonb FROM org."User" WHERE "Username" = ${username}`);
  await org.restart();
  assert.equal(
    problem(await post('Account', { Name: 'x', Site: 'y' }))?.message,
    "No such column 'Site' on sobject of type Account",
  );
  assert.deepEqual(problem(await post('Account', { Name: 'x', Sic: 'y' })), {
    message:
      'Unable to create/update fields: Sic. Please check the security settings of this field and verify that it is read/write for your profile or permission set.',
    errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
    fields: ['Sic'],
  });
  const nameless = problem(await post('Contact', { FirstName: 'x' }));
  assert.deepEqual([nameless?.errorCode, nameless?.fields], ['REQUIRED_FIELD_MISSING', ['LastName']]);
});

test('headers about duplicates, assignment and the client are accepted', async () => {
  const headers = {
    'Sforce-Duplicate-Rule-Header': 'allowSave=true',
    'Sforce-Auto-Assign': 'FALSE',
    'Sforce-Call-Options': 'client=lockstep',
  };
  assert.equal((await post('Account', { Name: 'With headers' }, headers)).status, 201);
});
