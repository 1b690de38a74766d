import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Call } from '../http/call.ts';
import { user } from '../objects/user.ts';
import { sobjectAnswer } from '../rest/rows.ts';
import { sobjectsSeenBy } from '../schema/access.ts';
import { compileSoql, parseSoql } from '../soql/index.ts';
import { openInProcessOrg } from '../test-in-process-org.ts';
import { customer, deal, formulaField, region } from './sample-deal.ts';

/** Formula fields wherever records are read: queries, their filters, orders and groups, and single records. */
const inner = await openInProcessOrg([
  user,
  region(),
  customer(formulaField('Zone__c', 'string', 'UPPER(Region__r.Name)')),
  deal(
    formulaField('Zone__c', 'string', 'Customer__r.Zone__c'),
    formulaField('Age__c', 'double', 'TODAY() - Due__c'),
    formulaField('Is_Late__c', 'boolean', 'Due__c < TODAY()'),
    formulaField('Is_Mine__c', 'boolean', 'OwnerId = $User.Id'),
  ),
]);
after(() => inner[Symbol.asyncDispose]());

const north = await inner.insert('Region__c', { Name: 'North' });
const south = await inner.insert('Region__c', { Name: 'South' });
const [acme, bolt] = [
  await inner.insert('Customer__c', { Name: 'Acme', Region__c: north }),
  await inner.insert('Customer__c', { Name: 'Bolt', Region__c: south }),
];
const first = await inner.insert('Deal__c', { Name: 'a', Customer__c: acme, Due__c: '2026-01-03' });
await inner.insert('Deal__c', { Name: 'b', Customer__c: bolt, Due__c: '2025-12-30' });
await inner.insert('Deal__c', { Name: 'c', Customer__c: acme, Due__c: '2025-12-30' });
await inner.insert('Deal__c', { Name: 'd' });

const { org } = inner;
async function found(soql: string, userId = inner.by.userId): Promise<unknown[]> {
  const sobjects = await sobjectsSeenBy(org, userId);
  const context = { sobjects, includeDeleted: false, version: '62.0', now: inner.clock.now() };
  const rows = await inner.db.query<{ json: string }>(compileSoql(parseSoql(soql), context).page(0, 2000));
  return rows.map(({ json }) => {
    const { attributes: _attributes, ...record } = JSON.parse(json) as Record<string, unknown>;
    return record;
  });
}

test('a query can select, filter, order and group by a formula over parents', async () => {
  assert.deepEqual(await found("SELECT Name, Zone__c FROM Deal__c WHERE Zone__c = 'north' ORDER BY Name"), [
    { Name: 'a', Zone__c: 'NORTH' },
    { Name: 'c', Zone__c: 'NORTH' },
  ]);
  assert.deepEqual(await found('SELECT Name FROM Deal__c ORDER BY Zone__c DESC NULLS LAST, Name'), [
    { Name: 'b' },
    { Name: 'a' },
    { Name: 'c' },
    { Name: 'd' },
  ]);
  assert.deepEqual(
    await found('SELECT Zone__c, COUNT(Id) n FROM Deal__c GROUP BY Zone__c ORDER BY Zone__c'),
    [
      { Zone__c: null, n: 1 },
      { Zone__c: 'NORTH', n: 2 },
      { Zone__c: 'SOUTH', n: 1 },
    ],
  );
  assert.deepEqual(
    await found("SELECT Customer__r.Zone__c FROM Deal__c WHERE Customer__r.Zone__c = 'SOUTH'"),
    [
      {
        Customer__r: {
          attributes: { type: 'Customer__c', url: `/services/data/v62.0/sobjects/Customer__c/${bolt}` },
          Zone__c: 'SOUTH',
        },
      },
    ],
  );
});

test('a query can group by a formula of the time, which changes without a write', async () => {
  const late = () =>
    found('SELECT Is_Late__c, COUNT(Id) n FROM Deal__c GROUP BY Is_Late__c ORDER BY Is_Late__c');
  assert.deepEqual(await late(), [
    { Is_Late__c: false, n: 2 },
    { Is_Late__c: true, n: 2 },
  ]);
  const read = await recordReader(first);
  const [age, stamp] = await read();
  assert.equal(age, -2);
  inner.clock.advance(3 * 86_400_000);
  assert.deepEqual(await read(), [1, stamp]);
  assert.deepEqual(await late(), [
    { Is_Late__c: false, n: 1 },
    { Is_Late__c: true, n: 3 },
  ]);
});

/** Reads the whole record as a request does. */
async function recordReader(id: string) {
  const sobjects = await sobjectsSeenBy(org, inner.by.userId);
  const def = sobjects.get('deal__c');
  assert.ok(def);
  const call: Call = {
    org,
    userId: inner.by.userId,
    sobjects,
    method: 'GET',
    path: [],
    parameters: new URLSearchParams(),
    header: () => undefined,
    body: undefined,
    version: '62.0',
    db: inner.db,
    write: () => assert.fail('nothing is written'),
  };
  return async () => {
    const { body } = await sobjectAnswer(call, def, [id]);
    const record = JSON.parse(body ?? '') as { Age__c: number; SystemModstamp: string };
    return [record.Age__c, record.SystemModstamp];
  };
}

test('a formula that asks for the user gives each user their own result', async () => {
  const mine = 'SELECT COUNT(Id) n FROM Deal__c WHERE Is_Mine__c = TRUE';
  assert.deepEqual(await found(mine), [{ n: 4 }]);
  assert.deepEqual(await found(mine, '005000000000009AAA'), [{ n: 0 }]);
});
