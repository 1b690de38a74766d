/** What an org offers to be mirrored, before there is a sync and with one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import type { OrgField, OrgObject } from '../contract/org-objects.ts';

let org: TestOrg;
let api: ApiHarness;
before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  const { status } = await api.ask('POST', '/api/v1/syncs', newSyncOf(org));
  assert.equal(status, 201);
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const connection = () => {
  const { login_url, credential } = newSyncOf(org);
  return { login_url, credential };
};
const listed = async (query: string) => {
  const { status, body } = await api.ask('GET', `/api/v1/syncs/acme/org-objects?limit=500&${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.items as OrgObject[];
};
const named = (items: OrgObject[], name: string) => {
  const found = items.find(({ sobject }) => sobject === name);
  assert.ok(found, name);
  return found;
};

test('the list has labels, counts, what is recommended and chosen, and why others cannot be mirrored', async () => {
  const items = await listed('');
  const account = named(items, 'Account');
  assert.deepEqual(
    [account.label, account.is_custom, account.is_recommended, account.is_chosen, account.unreadable],
    ['Account', false, true, true, null],
  );
  assert.ok((account.records ?? 0) > 0);
  assert.equal(named(items, 'Lead').is_chosen, false);
  const refused = named(items, 'FlowTestView');
  assert.match(refused.unreadable ?? '', /with a filter/);
  assert.equal(refused.records, null);
  const recommended = items.filter((object) => object.is_recommended).map(({ sobject }) => sobject);
  assert.deepEqual(recommended, ['Account', 'Contact', 'Lead', 'Opportunity', 'Product2', 'User']);
});

test('the fields of an object say which are mirrored, left out, or have no column', async () => {
  const path = '/api/v1/syncs/acme/org-objects/account/fields';
  const asked = async () => {
    const { status, body } = await api.ask('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.sobject, 'Account');
    return new Map((body.fields as OrgField[]).map((field) => [field.field, field]));
  };
  const { label, type, column_type, state, note } = (await asked()).get('Industry') ?? assert.fail();
  assert.deepEqual(
    [label, type, column_type, state, note],
    ['Industry', 'picklist', 'text', 'mirrored', null],
  );
  const fields_left_out = ['Account.Ind*', 'Account.Id*'];
  assert.equal((await api.ask('PATCH', '/api/v1/syncs/acme', { fields_left_out })).status, 200);
  const fields = await asked();
  await api.ask('PATCH', '/api/v1/syncs/acme', { fields_left_out: [] });
  const seen = (name: string) => [fields.get(name)?.state, fields.get(name)?.column_type];
  assert.deepEqual(seen('Industry'), ['left out', null]);
  assert.deepEqual(seen('Id'), ['mirrored', 'text']);
  assert.match(fields.get('Id')?.note ?? '', /cannot be left out/);
  assert.deepEqual(seen('BillingAddress'), ['no column', null]);
  assert.match(fields.get('BillingAddress')?.note ?? '', /is made of other fields/);

  const before = await api.ask('POST', '/api/v1/org-objects/Lead/fields', connection());
  assert.equal(before.status, 200);
  assert.ok((before.body.fields as OrgField[]).some(({ field }) => field === 'Company'));
  const none = await api.ask('GET', '/api/v1/syncs/acme/org-objects/Acount/fields');
  assert.deepEqual([none.status, none.body.code], [404, 'SCH-09']);
  assert.match(String(none.body.detail), /Near: Account/);
});

test('a search and a filter narrow it, and details say how changes are learned of', async () => {
  const custom = await listed('only=custom&details=true');
  assert.ok(custom.length > 0 && custom.every((object) => object.is_custom));
  const [account] = await listed('search=ACCOU&only=recommended&details=true');
  assert.deepEqual([account?.sobject, account?.freshness, account?.note], ['Account', 'polled', null]);
  const possible = await listed('only=possible&details=true');
  for (const { sobject, freshness, note, unreadable } of possible)
    assert.ok(unreadable !== null || freshness === 'polled' || note !== null, sobject);
  const withCost = ({ pass_requests: cost, freshness, records }: OrgObject) =>
    freshness === 'polled' || records === null ? cost === null : cost === 1;
  assert.deepEqual(
    possible.filter((object) => !withCost(object)),
    [],
  );
  const links = named(possible, 'ContentDocumentLink');
  assert.deepEqual([links.freshness, links.pass_requests], ['compared', 1]);
  const impossible = await listed('only=not%20possible');
  assert.ok(impossible.length > 0 && impossible.every(({ unreadable }) => unreadable !== null));
  assert.deepEqual(await listed('search=%25_no%20such%20object'), []);
});

test('the list comes in pages, and before there is a sync a credential is enough', async () => {
  const all = (await listed('')).map(({ sobject }) => sobject);
  const seen: string[] = [];
  let next: string | null = null;
  do {
    const after: string = next === null ? '' : `&after=${next}`;
    const page = await api.ask('POST', `/api/v1/org-objects?limit=20${after}`, connection());
    assert.equal(page.status, 200, JSON.stringify(page.body));
    const items = page.body.items as OrgObject[];
    assert.ok(items.every((object) => !object.is_chosen));
    seen.push(...items.map(({ sobject }) => sobject));
    next = page.body.next as string | null;
  } while (next !== null);
  assert.deepEqual(seen, all);
});

test('a wrong secret, an unknown filter and a foreign host are refused with what to do', async () => {
  const { credential, login_url } = connection();
  for (const [body, query, status, code] of [
    [{ login_url, credential: { ...credential, client_secret: 'wrong' } }, '', 422, 'SF-07'],
    [{ login_url, credential }, '?only=best', 400, 'API-01'],
    [{ login_url: 'https://org.example.com', credential }, '', 403, 'ORG-04'],
    [{ credential }, '', 400, ''],
  ] as const) {
    const answer = await api.ask('POST', `/api/v1/org-objects${query}`, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
    assert.notEqual(answer.body.next, '');
  }
});
