import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { type OrgRequest, startOrg } from '@lockstep/harness/org';
import { ingestJobs } from '../bulk/test-jobs.ts';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const token = await org.token('integration');
const request = (method: string, path: string, options: OrgRequest = {}) =>
  org.request(method, `${data}${path}`, { token, ...options });
const query = (soql: string, options: OrgRequest = {}) =>
  request('GET', `/query?q=${encodeURIComponent(soql)}`, options);
const countOf = async (soql: string) => ((await query(soql)).json as { totalSize: number }).totalSize;
const errorCode = ({ json }: { json: unknown }) => (json as { errorCode: string }[])[0]?.errorCode;

beforeEach(() => org.control('/users/rights', { user: 'integration' }));

async function newAccount(options: OrgRequest = {}): Promise<string> {
  const { json } = await request('POST', '/sobjects/Account', {
    body: { Name: 'Mine', Industry: 'Energy' },
    ...options,
  });
  return (json as { id: string }).id;
}

test('a field that the user may not read is missing from describes, records and queries, and cannot be written', async () => {
  const id = await newAccount();
  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { read: false } },
  });
  const described = (await request('GET', '/sobjects/Account/describe')).json as {
    fields: { name: string }[];
  };
  assert.ok(!described.fields.some(({ name }) => name === 'Industry'));
  assert.ok(!('Industry' in ((await request('GET', `/sobjects/Account/${id}`)).json as object)));
  assert.equal(errorCode(await query('SELECT Industry FROM Account')), 'INVALID_FIELD');
  assert.equal(
    errorCode(await query("SELECT Id FROM Contact WHERE Account.Industry = 'Energy'")),
    'INVALID_FIELD',
  );
  const write = await request('PATCH', `/sobjects/Account/${id}`, { body: { Industry: 'Media' } });
  assert.equal(errorCode(write), 'INVALID_FIELD');
  const other = await org.request('GET', `${data}/sobjects/Account/${id}`);
  assert.equal((other.json as { Industry: string }).Industry, 'Energy', 'the other user still reads it');
});

test('a field that the user may read again has its values, and no record gets a new stamp', async () => {
  const id = await newAccount();
  const read = async () =>
    (await request('GET', `/sobjects/Account/${id}`)).json as { Industry?: string; SystemModstamp: string };
  const before = await read();
  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { read: false } },
  });
  assert.ok(!('Industry' in (await read())));

  await org.control('/users/rights', { user: 'integration' });

  assert.deepEqual(await read(), before);
  assert.equal(await countOf(`SELECT Id FROM Account WHERE Id = '${id}' AND Industry = 'Energy'`), 1);
});

test('a field that the user may only read is refused in writes and described as read-only', async () => {
  const id = await newAccount();
  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { edit: false } },
  });
  const write = await request('PATCH', `/sobjects/Account/${id}`, { body: { Industry: 'Media' } });
  assert.equal(errorCode(write), 'INVALID_FIELD_FOR_INSERT_UPDATE');
  const described = (await request('GET', '/sobjects/Account/describe')).json as {
    fields: { name: string; updateable: boolean }[];
  };
  assert.equal(described.fields.find(({ name }) => name === 'Industry')?.updateable, false);
});

test('an object that the user may not read is unknown, also as a parent and in Bulk', async () => {
  await org.control('/users/rights', { user: 'integration', objects: { Account: { read: false } } });
  assert.equal((await request('GET', '/sobjects/Account/describe')).status, 404);
  assert.equal(errorCode(await query('SELECT Id FROM Account')), 'INVALID_TYPE');
  assert.equal(errorCode(await query('SELECT Account.Name FROM Contact')), 'INVALID_FIELD');
  const all = (await request('GET', '/sobjects')).json as { sobjects: { name: string }[] };
  assert.ok(!all.sobjects.some(({ name }) => name === 'Account'));
  const job = await request('POST', '/jobs/query', {
    body: { operation: 'query', query: 'SELECT Id FROM Account' },
  });
  assert.equal(job.status, 400);
  assert.equal((await query('SELECT Id FROM Contact LIMIT 1')).status, 200);
});

test('a field that the user may not read does not exist in Bulk either', async () => {
  const jobs = ingestJobs({
    request: (method, path, given) => org.request(method, path, { ...given, token }),
  });
  const id = await newAccount();
  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { read: false } },
  });
  const asked = await request('POST', '/jobs/query', {
    body: { operation: 'query', query: 'SELECT Id, Industry FROM Account' },
  });
  assert.equal(asked.status, 400, asked.text);
  const written = await jobs.run({ object: 'Account', operation: 'update' }, `Id,Industry\n${id},Media\n`);
  assert.equal(written.state, 'Failed');
  assert.match(String(written.errorMessage), /Industry/);
  const other = await org.request('GET', `${data}/sobjects/Account/${id}?fields=Industry`);
  assert.equal((other.json as { Industry: string }).Industry, 'Energy');
});

test('an sobject that the user may not read is described neither as a parent nor as a child', async () => {
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  interface Described {
    fields: { name: string; referenceTo: string[] }[];
    childRelationships: { childSObject: string }[];
  }
  const describe = async (sobject: string) =>
    (await request('GET', `/sobjects/${sobject}/describe`)).json as Described;
  const who = (await describe('Task')).fields.find(({ name }) => name === 'WhoId');
  assert.deepEqual(who?.referenceTo, ['Contact']);
  const children = (await describe('User')).childRelationships.map(({ childSObject }) => childSObject);
  assert.ok(children.includes('Contact') && !children.includes('Lead'));
});

test('an object that the user may not create, edit or delete refuses each', async () => {
  const id = await newAccount();
  await org.control('/users/rights', {
    user: 'integration',
    objects: { Account: { create: false, edit: false, delete: false } },
  });
  assert.equal((await request('POST', '/sobjects/Account', { body: { Name: 'x' } })).status, 400);
  assert.equal((await request('PATCH', `/sobjects/Account/${id}`, { body: { Name: 'x' } })).status, 400);
  assert.ok((await request('DELETE', `/sobjects/Account/${id}`)).status >= 400);
  assert.equal((await request('GET', `/sobjects/Account/${id}`)).status, 200);
});

test('a user without View All Data only sees their own private records, in every API', async () => {
  await org.control('/sobjects/sharing', { sobject: 'Account', private: true });
  const all = await countOf('SELECT Id FROM Account');
  await org.control('/users/rights', { user: 'integration', viewAllData: false });
  const before = await countOf('SELECT Id FROM Account');
  assert.ok(before < all);
  const mine = await newAccount();
  const theirs = await newAccount({ token: await org.token('demo') });
  assert.equal(await countOf('SELECT Id FROM Account'), before + 1);
  assert.equal((await request('GET', `/sobjects/Account/${mine}`)).status, 200);
  assert.equal((await request('GET', `/sobjects/Account/${theirs}`)).status, 404);
  assert.equal((await request('PATCH', `/sobjects/Account/${theirs}`, { body: { Name: 'x' } })).status, 404);
  const retrieved = await request('GET', `/composite/sobjects/Account?ids=${mine},${theirs}&fields=Id`);
  assert.deepEqual((retrieved.json as unknown[]).map(Boolean), [true, false]);
  const counts = (await request('GET', '/limits/recordCount?sObjects=Account')).json as {
    sObjects: { count: number }[];
  };
  assert.equal(counts.sObjects[0]?.count, before + 1);
  await org.control('/sobjects/sharing', { sobject: 'Account', private: false });
  assert.equal(await countOf('SELECT Id FROM Account'), all + 2);
});

test('rights for what does not exist, or for fields that every user needs, are refused', async () => {
  const refusal = (body: object) =>
    org.control('/users/rights', { user: 'integration', ...body }).then(
      () => assert.fail('accepted'),
      ({ message }: Error) => message,
    );
  assert.match(await refusal({ objects: { Acount: { read: false } } }), /Acount/);
  assert.match(await refusal({ fields: { 'Account.Industri': { read: false } } }), /Industri/);
  assert.match(await refusal({ fields: { 'Account.Name': { read: false } } }), /cannot be hidden/);
  assert.match(await refusal({ viewAllData: 'no' }), /viewAllData/);
});

test('each user can ask what they may do, and sees only their own permissions', async () => {
  const soql =
    'SELECT PermissionsViewAllData, PermissionsViewSetup, PermissionsApiUserOnly FROM UserPermissionAccess';
  const asked = async (as: 'demo' | 'integration') => {
    const { json } = await query(soql, { token: await org.token(as) });
    const { records } = json as { records: Record<string, unknown>[] };
    assert.equal(records.length, 1);
    return Object.values(records[0] ?? {}).filter((may) => typeof may === 'boolean');
  };
  assert.deepEqual(await asked('integration'), [true, true, false]);
  await org.control('/users/rights', {
    user: 'integration',
    viewAllData: false,
    permissions: { ViewSetup: false, ApiUserOnly: true },
  });
  assert.deepEqual(await asked('integration'), [false, false, true]);
  assert.deepEqual(await asked('demo'), [true, true, false]);
});
