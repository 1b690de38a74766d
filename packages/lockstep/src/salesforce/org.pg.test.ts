import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import { sql } from '@lockstep/foundation/sql';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import type { OrgId } from '../core/ids.ts';
import {
  countRecords,
  describeSObjects,
  listSObjects,
  openSalesforce,
  ownSessionStore,
  type Purpose,
  type Query,
  queryPages,
  type Salesforce,
  selectRecords,
  soqlIdOf,
} from './index.ts';

const { signal } = new AbortController();
let org: TestOrg;
let salesforce: Salesforce;

const storeOf = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) =>
  ownSessionStore({
    loginUrl: org.url,
    credential: { flow: 'client credentials', clientId, clientSecret },
  });

before(async () => {
  org = await startOrg({ records: 1_500 });
  salesforce = openSalesforce({
    store: storeOf(org.credentials.integration),
    allowHosts: [new URL(org.url).host],
    expectOrgId: org.orgId as OrgId,
    apiVersion: '62.0',
    clock: systemClock,
    log: openLog({ write: () => undefined }),
  });
});

after(async () => {
  await salesforce.close();
  await org[Symbol.asyncDispose]();
});

const accounts = (limit: number, where?: string): Query => ({
  soql: selectRecords({
    fields: ['Id', 'Name', 'SystemModstamp'],
    sobject: 'Account',
    ...(where && { where }),
    orderBy: 'Id',
    limit,
  }),
  includeDeleted: false,
  timeField: 'SystemModstamp',
});

test('the org says who it is, which objects it has and how many records', async () => {
  assert.deepEqual(await salesforce.identity(signal), { orgId: org.orgId, instanceUrl: org.url });

  const listed = await listSObjects(salesforce, signal);
  const queryable = listed.filter((sobject) => sobject.queryable).map(({ name }) => name);
  for (const name of ['Account', 'Contact', 'Lead', 'Opportunity', 'User', 'Product2']) {
    assert(queryable.includes(name), name);
  }
  const [account] = await describeSObjects(salesforce, ['account'], signal);
  assert.equal(account?.name, 'Account');
  assert(account.fields.some(({ name, type }) => name === 'SystemModstamp' && type === 'datetime'));
  await assert.rejects(describeSObjects(salesforce, ['Account', 'Accounts'], signal), {
    code: 'PERM-02',
    safe: { stream: 'Accounts', reason: 'NOT_FOUND' },
  });

  const counts = await countRecords(salesforce, [...queryable, 'Nothing__c'], signal);
  assert.equal(counts.get('Nothing__c'), 0);
  const [stored] = await org.db.query<{ live: number }>(
    sql`SELECT count(*)::int AS live FROM org."Account" WHERE NOT "IsDeleted"`,
  );
  assert(stored && stored.live > 100);
  assert.equal(counts.get('Account'), stored.live);
});

test('setting up all objects of an org takes one request per 25 of them, and two more', async () => {
  const sent: Purpose[] = [];
  const counted = openSalesforce({
    store: storeOf(org.credentials.integration),
    allowHosts: [new URL(org.url).host],
    apiVersion: '62.0',
    clock: systemClock,
    log: openLog({ write: () => undefined }),
    onRequest: ({ purpose }) => sent.push(purpose),
  });
  try {
    const names = (await listSObjects(counted, signal)).map(({ name }) => name);
    const described = await describeSObjects(counted, names, signal);
    const counts = await countRecords(counted, names, signal);

    assert.deepEqual(
      described.map(({ name }) => name),
      names,
    );
    assert.deepEqual([...counts.keys()], names);
    // The list, the descriptions, the counts.
    assert.deepEqual(sent, Array(2 + Math.ceil(names.length / 25)).fill('setup'));
  } finally {
    await counted.close();
  }
});

test('queries chained by reference in one request give consecutive pages; the end of the chain is skipped', async () => {
  const total = (await countRecords(salesforce, ['Account'], signal)).get('Account') ?? 0;
  const pageRows = Math.ceil(total / 2);
  const chain = (slot: number) => accounts(pageRows, `Id > ${soqlIdOf(slot, pageRows - 1)}`);
  const queries = [accounts(pageRows), chain(0), chain(1), { ...chain(2), includeDeleted: true }];

  const { pages, serverNow, usage } = await queryPages(salesforce, queries, { purpose: 'poll' }, signal);

  const found = pages.flatMap((outcome) => (outcome.kind === 'page' ? [outcome.page] : []));
  const ids = found.flatMap(({ records }) => (JSON.parse(records) as { Id: string }[]).map(({ Id }) => Id));
  assert.equal(new Set(ids).size, total);
  assert.equal(ids.length, total);
  assert.equal(found[0]?.last?.id, ids[pageRows - 1]);
  assert.equal(pages.at(-1)?.kind, 'skipped');
  assert(usage !== null && usage.used > 0 && usage.max >= usage.used);
  assert(serverNow !== null && Math.abs(serverNow * 1000 - Date.now()) < 60_000);
});

test('one refused query does not affect the others of its request', async () => {
  const unknownField = { soql: 'SELECT Id, Nope__c FROM Account', includeDeleted: false, timeField: null };
  const unknownObject = { soql: 'SELECT Id FROM Nothing__c', includeDeleted: false, timeField: null };
  const { pages } = await queryPages(
    salesforce,
    [unknownField, accounts(1), unknownObject],
    { purpose: 'poll' },
    signal,
  );

  const [first, second, third] = pages;
  assert(first?.kind === 'refused' && second?.kind === 'page' && third?.kind === 'refused');
  assert.deepEqual(first.fault.safe, { stream: 'Account', reason: 'INVALID_FIELD' });
  assert.deepEqual(third.fault.safe, { stream: 'Nothing__c', reason: 'INVALID_TYPE' });
  assert.equal(second.page.count, 1);
});

test('a session that the org has ended is renewed', async () => {
  await salesforce.identity(signal);
  const ended = await org.db.query(sql`DELETE FROM simulator.token RETURNING hash`);
  assert(ended.length > 0, 'there was a session to end');

  const { pages } = await queryPages(salesforce, [accounts(1)], { purpose: 'poll' }, signal);

  assert.equal(pages[0]?.kind, 'page');
});

test('a wrong secret has a fault of its own', async () => {
  const wrong = openSalesforce({
    store: storeOf({ ...org.credentials.integration, clientSecret: 'wrong' }),
    allowHosts: [new URL(org.url).host],
    apiVersion: '62.0',
    clock: systemClock,
    log: openLog({ write: () => undefined }),
  });
  await assert.rejects(wrong.identity(signal), { code: 'SF-07', safe: { reason: 'invalid_client' } });
  await wrong.close();
});

test('an object that needs a filter cannot be mirrored, and the other answers of the request are used', async () => {
  const links = {
    soql: 'SELECT Id FROM ContentDocumentLink ORDER BY Id LIMIT 10',
    includeDeleted: false,
    timeField: null,
  };
  const names = { soql: 'SELECT Id FROM Name ORDER BY Id LIMIT 10', includeDeleted: false, timeField: null };
  const { pages } = await queryPages(salesforce, [links, accounts(1), names], { purpose: 'poll' }, signal);

  const [first, second, third] = pages;
  assert(first?.kind === 'refused' && second?.kind === 'page' && third?.kind === 'refused');
  assert.deepEqual(
    [first.fault.code, first.fault.kind, first.fault.safe.stream, third.fault.code],
    ['SCH-06', 'permanent', 'ContentDocumentLink', 'SCH-06'],
  );
});
