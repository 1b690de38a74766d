import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200, lockTimeoutMs: 50 });
after(() => org[Symbol.asyncDispose]());
await org.control('/clock/rate', { rate: 0 });

const data = '/services/data/v62.0';
const read = (id: string) => org.request('GET', `${data}/sobjects/Account/${id}`);
const open = (body: object) => org.control<{ id: string; ids: string[] }>('/transactions/open', body);

async function create(name: string): Promise<string> {
  const { ids } = await org.control<{ ids: string[] }>('/records/write', {
    writes: [{ create: 'Account', values: { Name: name } }],
  });
  return ids[0] ?? '';
}

test('writes of an open transaction become visible at the commit, with the stamp of when they were written', async () => {
  const changed = await create('Before');
  const gone = await create('Gone');
  const { now: began } = await org.control<{ now: string }>('/clock');
  const { id, ids } = await open({
    as: 'demo',
    writes: [
      { create: 'Account', values: { Name: 'Late', NumberOfEmployees: 12 } },
      { update: changed, values: { Name: 'After' } },
      { delete: gone },
    ],
  });
  const [made = ''] = ids;
  assert.equal((await read(made)).status, 404);
  assert.equal(((await read(changed)).json as { Name: string }).Name, 'Before');
  assert.equal((await read(gone)).status, 200);

  await org.control('/clock/advance', { ms: 9 * 60_000 });
  await org.control('/transactions/commit', { id });

  const row = (await read(made)).json as Record<string, unknown>;
  const stamp = `${began.slice(0, 19)}.000+0000`;
  assert.deepEqual([row.SystemModstamp, row.CreatedDate, row.NumberOfEmployees], [stamp, stamp, 12]);
  assert.equal(row.LastModifiedById, row.OwnerId);
  assert.equal(((await read(changed)).json as { Name: string }).Name, 'After');
  assert.match((await read(gone)).text, /ENTITY_IS_DELETED/);
});

test('an open transaction holds latestDateCovered back until it ends', async () => {
  const covered = async () => {
    const { now } = await org.control<{ now: string }>('/clock');
    const start = new Date(Date.parse(now) - 3_600_000).toISOString();
    const path = `${data}/sobjects/Account/updated?start=${start}&end=${now}`;
    const { latestDateCovered } = (await org.request('GET', path)).json as { latestDateCovered: string };
    return Date.parse(now) - Date.parse(latestDateCovered);
  };
  const { id } = await open({ writes: [{ create: 'Account', values: { Name: 'Slow' } }] });
  await org.control('/clock/advance', { ms: 30 * 60_000 });
  assert.ok((await covered()) >= 30 * 60_000);
  await org.control('/transactions/rollBack', { id });
  assert.ok((await covered()) < 60_000);

  const { now } = await org.control<{ now: string }>('/clock');
  const at = new Date(Date.parse(now) - 9 * 60_000).toISOString();
  const stamped = await open({ at, writes: [{ create: 'Account', values: { Name: 'Stamped before' } }] });
  assert.ok((await covered()) >= 9 * 60_000, 'it counts as begun no later than its stamps');
  await org.control('/transactions/commit', { id: stamped.id });
});

test('others cannot lock its rows, and a rollback leaves nothing', async () => {
  const account = await create('Locked');
  const { id } = await open({ writes: [{ update: account, values: { Name: 'Held' } }] });
  const { transactions } = await org.control<{ transactions: { id: string; ids: string[] }[] }>(
    '/transactions',
  );
  assert.deepEqual(
    transactions.map((one) => [one.id, one.ids]),
    [[id, [account]]],
  );
  const patch = () => org.request('PATCH', `${data}/sobjects/Account/${account}`, { body: { Name: 'Mine' } });

  const refused = await patch();
  assert.deepEqual(
    [refused.status, refused.json],
    [
      400,
      [
        {
          message: `unable to obtain exclusive access to this record or 1 records: ${account}`,
          errorCode: 'UNABLE_TO_LOCK_ROW',
          fields: [],
        },
      ],
    ],
  );

  await org.control('/transactions/rollBack', { id });
  assert.equal(((await read(account)).json as { Name: string }).Name, 'Locked');
  assert.equal((await patch()).status, 204);
});

test('a transaction with a write that fails is not opened', async () => {
  const account = await create('Stays');
  await assert.rejects(
    open({
      writes: [
        { update: account, values: { Name: 'x' } },
        { update: account, values: { Nothing: 1 } },
      ],
    }),
    /INVALID_FIELD: No such column 'Nothing'/,
  );
  assert.deepEqual(await org.control('/transactions'), { transactions: [] });
  assert.equal(((await read(account)).json as { Name: string }).Name, 'Stays');
});

test('an org that stops rolls back open transactions', async () => {
  const account = await create('Open');
  await open({ writes: [{ update: account, values: { Name: 'Never' } }] });
  await org.restart();
  assert.deepEqual(await org.control('/transactions'), { transactions: [] });
  assert.equal(((await read(account)).json as { Name: string }).Name, 'Open');
});
