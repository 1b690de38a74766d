/** Objects without what Lockstep normally follows: SystemModstamp, any time at all, IsDeleted, a deleted log. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = 66 * minuteMs;

const followedBy = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, cursor_field FROM _lockstep.checkpoint ORDER BY sobject`);

const rowsOf = (harness: ClockHarness, table: 'accounthistory' | 'accountshare', account: string) =>
  harness.mirror.query<{ id: string }>(
    table === 'accounthistory'
      ? sql`SELECT id FROM salesforce.accounthistory WHERE accountid = ${account}`
      : sql`SELECT id FROM salesforce.accountshare WHERE accountid = ${account}`,
  );

test('objects without SystemModstamp are followed by another time field, and their deletions by comparing Ids', async () => {
  await using harness = await openClockHarness({
    org,
    sobjects: ['Account', 'AccountHistory', 'AccountShare'],
  });
  await harness.finishBackfill();
  assert.deepEqual(await followedBy(harness), [
    { sobject: 'Account', cursor_field: 'SystemModstamp' },
    { sobject: 'AccountHistory', cursor_field: 'CreatedDate' },
    { sobject: 'AccountShare', cursor_field: 'LastModifiedDate' },
  ]);
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Old' } }]);
  await harness.write([{ update: id, values: { Name: 'New' } }]);
  await harness.pass(2 * harness.intervalMs);
  assert.ok((await rowsOf(harness, 'accounthistory', id)).length > 0);
  assert.equal((await rowsOf(harness, 'accountshare', id)).length, 1);

  await harness.write([{ delete: id }]);
  await harness.pass(sweepMs);
  assert.deepEqual(await rowsOf(harness, 'accountshare', id), []);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('objects whose records are never deleted, and so have no IsDeleted, are followed like others', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['User', 'Account'] });
  await harness.finishBackfill();
  const { id } = await org.control<{ id: string }>('/org/addUser', {
    username: 'followed@example.com',
    values: { FirstName: 'Ann' },
  });
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('user', id))?.firstname, 'Ann');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('an object without any time field is read completely again and again, and at once by a flush', async () => {
  await withoutTime('AccountShare'); // ends with the harness
  await using harness = await openClockHarness({ org, sobjects: ['Account', 'AccountShare'] });
  await harness.finishBackfill();
  assert.deepEqual((await followedBy(harness)).at(-1), { sobject: 'AccountShare', cursor_field: null });
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Shared' } }]);
  await harness.pass(18 * minuteMs);
  assert.equal((await rowsOf(harness, 'accountshare', id)).length, 1);

  const [other = ''] = await harness.write([
    { create: 'Account', values: { Name: 'Shared too' } },
    { delete: id },
  ]);
  const flushed = harness.holder.syncRequest('flush');
  assert.deepEqual((await harness.untilDone(flushed)).skipped, []);
  assert.equal((await rowsOf(harness, 'accountshare', other)).length, 1);
  assert.deepEqual(await rowsOf(harness, 'accountshare', id), []);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

/** Removes the time fields from the object's describe, as if it had none. */
async function withoutTime(sobject: string) {
  const path = `${dataPath}/sobjects/${sobject}/describe`;
  const { json } = await org.request('GET', path, { token: await org.token('integration') });
  const described = json as { fields: { type: string }[] };
  const fields = described.fields.filter(({ type }) => type !== 'datetime');
  await armFault(org, {
    match: { path, user: 'integration', inside: 'too' },
    times: null,
    effect: { respond: { status: 200, body: { ...described, fields } } },
  });
}
