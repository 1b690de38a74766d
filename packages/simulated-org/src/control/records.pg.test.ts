import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());
await org.control('/clock/rate', { rate: 0 });
await org.control('/clock/set', { to: '2031-01-01T12:00:00Z' });

const data = '/services/data/v62.0';
const nowText = '2031-01-01T12:00:00.000+0000';

const read = async (sobject: string, id: string) =>
  (await org.request('GET', `${data}/sobjects/${sobject}/${id}`)).json as Record<string, unknown>;

async function write(writes: object[], more: object = {}): Promise<string[]> {
  return (await org.control<{ ids: string[] }>('/records/write', { writes, ...more })).ids;
}
const accounts = (count: number, more: object = {}) =>
  write(
    Array.from({ length: count }, (_, i) => ({ create: 'Account', values: { Name: `Account ${i}` } })),
    more,
  );
const stampsOf = async (ids: string[]) =>
  Promise.all(ids.map(async (id) => (await read('Account', id)).SystemModstamp as string));

test('a write has the stamp and the user that it is given', async () => {
  const at = '2030-06-01T10:00:00Z';
  const [id = ''] = await accounts(1, { at, as: 'demo' });
  const row = await read('Account', id);
  assert.deepEqual([row.SystemModstamp, row.CreatedDate], Array(2).fill('2030-06-01T10:00:00.000+0000'));
  await write([{ delete: id }]);
  await write([{ undelete: id }], { at, as: 'integration' });
  const back = await read('Account', id);
  assert.equal(back.SystemModstamp, '2030-06-01T10:00:00.000+0000');
  assert.notEqual(back.LastModifiedById, row.CreatedById);
});

test('a silent change leaves every stamp, also for a field that no client can write', async () => {
  const [id = ''] = await accounts(1, { at: '2030-06-01T10:00:00Z' });
  const before = await read('Account', id);
  await org.control('/records/changeSilently', {
    id,
    values: { Name: 'Changed', AnnualRevenue: '12345678901234.55', LastActivityDate: '2030-01-02' },
  });
  const after = await read('Account', id);
  assert.deepEqual(
    { ...after, Name: before.Name, AnnualRevenue: null, LastActivityDate: null },
    { ...before, AnnualRevenue: null, LastActivityDate: null },
  );
  assert.deepEqual([after.Name, after.LastActivityDate], ['Changed', '2030-01-02']);
  await assert.rejects(
    org.control('/records/changeSilently', { id, values: { SystemModstamp: null } }),
    /400: REQUIRED_FIELD_MISSING/,
  );
  await assert.rejects(org.control('/records/changeSilently', { id, values: {} }), /at least one field/);
});

test("a restamp sets SystemModstamp of an object's records, or of some of them, and nothing else", async () => {
  const ids = await accounts(5, { at: '2030-06-01T10:00:00Z' });
  const [first = '', ...others] = ids;
  const before = await read('Account', first);

  const some = await org.control('/records/restamp', { sobject: 'Account', ids: [first] });
  assert.deepEqual(some, { restamped: 1 });
  assert.deepEqual(await read('Account', first), { ...before, SystemModstamp: nowText });
  assert.deepEqual(await stampsOf(others), Array(4).fill('2030-06-01T10:00:00.000+0000'));

  const all = await org.control<{ restamped: number }>('/records/restamp', {
    sobject: 'account',
    batchRows: 3,
  });
  const { totalSize } = (await org.request('GET', `${data}/query?q=SELECT+COUNT()+FROM+Account`)).json as {
    totalSize: number;
  };
  assert.equal(all.restamped, totalSize);
  assert.deepEqual(await stampsOf(others), Array(4).fill(nowText));
});

test('jitter makes the stamps of a share of the writes go back or scatter, the same for the same seed', async () => {
  const offsets = async (jitter: object) => {
    await org.control('/stamps/jitter', jitter);
    const stamps = await stampsOf(await accounts(40));
    return stamps.map((stamp) => (Date.parse(stamp) - Date.parse(nowText)) / 1000);
  };
  const back = await offsets({ seconds: 2, share: 0.5, seed: 9 });
  assert.deepEqual(await offsets({ seconds: 2, share: 0.5, seed: 9 }), back);
  assert.deepEqual(
    [...new Set(back)].toSorted((a, b) => a - b),
    [-2, -1, 0],
  );
  const both = await offsets({ seconds: 1, direction: 'both' });
  assert.deepEqual(
    [...new Set(both)].toSorted((a, b) => a - b),
    [-1, 0, 1],
  );
  assert.deepEqual([...new Set(await offsets({ seconds: 5, share: 0 }))], [0]);
});

test('a hidden record does not exist for the user, in queries and by Id', async () => {
  const ids = await accounts(3);
  const [hidden = '', ...seen] = ids;
  const userInfo = await org.request('GET', '/services/oauth2/userinfo');
  const { user_id: userId } = userInfo.json as { user_id: string };
  const visible = async () => {
    const soql = `SELECT Id FROM Account WHERE Id IN ('${ids.join("','")}') ORDER BY Id`;
    const { json } = await org.request('GET', `${data}/queryAll?q=${encodeURIComponent(soql)}`);
    return (json as { records: { Id: string }[] }).records.map(({ Id }) => Id);
  };

  assert.deepEqual(await org.control('/records/hide', { user: 'demo', ids: [hidden, hidden] }), {
    hidden: 1,
  });
  assert.deepEqual(await visible(), seen);
  assert.equal((await org.request('GET', `${data}/sobjects/Account/${hidden}`)).status, 404);
  const token = await org.token('integration');
  assert.equal((await org.request('GET', `${data}/sobjects/Account/${hidden}`, { token })).status, 200);
  assert.deepEqual(await org.control('/records/hidden'), { users: [{ user: userId, hidden: 1 }] });
  assert.deepEqual(await org.control('/records/show', { user: userId, ids: [hidden] }), { shown: 1 });
  assert.deepEqual(await visible(), ids);
});

test("a share of an object's records can be hidden, the same for the same seed", async () => {
  await accounts(200);
  const hide = async (share: number, seed: number) => {
    const { hidden } = await org.control<{ hidden: number }>('/records/hide', {
      user: 'integration',
      sobject: 'Account',
      share,
      seed,
    });
    return hidden;
  };
  const some = await hide(0.3, 4);
  assert.equal(await hide(0.3, 4), 0);
  assert.ok((await hide(1, 4)) > some);
  const { shown } = await org.control<{ shown: number }>('/records/show', { user: 'integration' });
  assert.ok(some > 0.15 * shown && some < 0.45 * shown, `${some} of ${shown}`);
});

test('latestDateCovered can be fixed and earliestDateAvailable moved, until both follow the org again', async () => {
  const ask = async (what: string) => {
    const span = 'start=2031-01-01T10:00:00Z&end=2031-01-01T12:00:00Z';
    const { json } = await org.request('GET', `${data}/sobjects/Account/${what}?${span}`);
    return json as { latestDateCovered: string; earliestDateAvailable: string };
  };
  await org.control('/deleteLog/hold', {
    coveredUntil: '2030-12-30T00:00:00Z',
    availableFrom: '2031-01-01T11:00:00Z',
  });
  const { latestDateCovered, earliestDateAvailable } = await ask('deleted');
  assert.deepEqual(
    [latestDateCovered, earliestDateAvailable],
    ['2030-12-30T00:00:00.000+0000', '2031-01-01T11:00:00.000+0000'],
  );
  assert.equal((await ask('updated')).latestDateCovered, '2030-12-30T00:00:00.000+0000');

  await org.control('/deleteLog/hold', {});
  assert.equal((await ask('deleted')).latestDateCovered, nowText);
});

test('records are generated by the thousand with one stamp, for standard and custom objects', async () => {
  const at = '2031-01-01T11:00:00Z';
  assert.deepEqual(await org.control('/records/generate', { sobject: 'Account', count: 30_000, at }), {
    generated: 30_000,
  });
  const count = async (sobject: string) => {
    const soql = `SELECT COUNT() FROM ${sobject} WHERE SystemModstamp = ${at}`;
    const { json } = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
    return (json as { totalSize: number }).totalSize;
  };
  assert.equal(await count('Account'), 30_000);
  const types = ['string', 'int', 'double', 'date', 'datetime', 'time', 'boolean', 'json', 'url', 'percent'];
  await org.control('/sobjects/create', {
    name: 'Load__c',
    fields: [
      ...types.map((type) => ({ name: `Of_${type}__c`, type })),
      { name: 'Kind__c', type: 'picklist', picklist: ['a', 'b'], restrictedPicklist: true },
      { name: 'Free__c', type: 'combobox' },
      { name: 'Account__c', type: 'reference', referenceTo: ['Account'], masterDetail: true },
    ],
  });
  await org.control('/records/generate', { sobject: 'Load__c', count: 700, at });
  assert.equal(await count('Load__c'), 700);
  const empty = await org.db.query(sql`SELECT FROM org."Load__c" WHERE "Free__c" = ''`);
  assert.deepEqual(empty, [], 'Salesforce stores no empty text');
  const soql =
    'SELECT Name, Account__r.Name, Kind__c FROM Load__c WHERE Account__r.Name != null AND Kind__c != null LIMIT 1';
  const { json } = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  assert.equal((json as { totalSize: number }).totalSize, 1);
  await assert.rejects(org.control('/records/generate', { sobject: 'Account', count: 0 }), /count/);
});

test('generated records refer to records that are neither deleted nor gone', async () => {
  const free = await org.db.query<{ id: string }>(sql`
    SELECT "Id" AS id FROM org."Account" AS a
     WHERE NOT "IsDeleted" AND NOT EXISTS (SELECT FROM org."Case" AS c WHERE c."AccountId" = a."Id")
     ORDER BY "Id" LIMIT 40`);
  const [gone, deleted] = [free.slice(0, 20), free.slice(20)];
  await org.control('/records/hardDelete', { ids: gone.map(({ id }) => id) });
  for (const { id } of deleted) await org.request('DELETE', `${data}/sobjects/Account/${id}`);

  const at = '2031-01-01T11:30:00Z';
  for (const sobject of ['Contact', 'Contract', 'Attachment', 'AccountShare']) {
    await org.control('/records/generate', { sobject, count: 500, at });
  }
  const [found] = await org.db.query<{ lost: number; kept: number }>(sql`
    SELECT count(*) FILTER (WHERE a."Id" IS NULL OR a."IsDeleted") AS lost,
           count(*) FILTER (WHERE NOT a."IsDeleted") AS kept
      FROM (SELECT "AccountId" AS id FROM org."Contact" WHERE NOT "IsDeleted"
            UNION ALL SELECT "AccountId" FROM org."Contract" WHERE NOT "IsDeleted"
            UNION ALL SELECT "AccountId" FROM org."AccountShare" WHERE NOT "IsDeleted"
            UNION ALL SELECT "ParentId" FROM org."Attachment" WHERE NOT "IsDeleted" AND "ParentId" LIKE '001%') AS r
      LEFT JOIN org."Account" AS a ON a."Id" = r.id
     WHERE r.id IS NOT NULL`);
  assert.equal(found?.lost, 0);
  assert.ok(found.kept > 500);
});
