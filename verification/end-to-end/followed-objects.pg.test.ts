/** Objects that lack what others are followed by: SystemModstamp, any time at all, IsDeleted, a log of deletions. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';
import { armFault } from '@lockstep/harness/struck-fault';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
/** After so long a small table has been swept, and what was absent has been read again. */
const sweepMs = 66 * minuteMs;

const followedBy = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, cursor_field FROM _lockstep.checkpoint ORDER BY sobject`);

const rowsOf = (stage: Stage, table: 'accounthistory' | 'accountshare', account: string) =>
  stage.mirror.query<{ id: string }>(
    table === 'accounthistory'
      ? sql`SELECT id FROM salesforce.accounthistory WHERE accountid = ${account}`
      : sql`SELECT id FROM salesforce.accountshare WHERE accountid = ${account}`,
  );

test('objects without SystemModstamp are followed by another time, and their deletions by comparing Ids', async () => {
  await using stage = await openStage({ org, sobjects: ['Account', 'AccountHistory', 'AccountShare'] });
  await stage.copy();
  assert.deepEqual(await followedBy(stage), [
    { sobject: 'Account', cursor_field: 'SystemModstamp' },
    { sobject: 'AccountHistory', cursor_field: 'CreatedDate' },
    { sobject: 'AccountShare', cursor_field: 'LastModifiedDate' },
  ]);
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Old' } }]);
  await stage.write([{ update: id, values: { Name: 'New' } }]);
  await stage.pass(2 * stage.intervalMs);
  assert.ok((await rowsOf(stage, 'accounthistory', id)).length > 0);
  assert.equal((await rowsOf(stage, 'accountshare', id)).length, 1);

  await stage.write([{ delete: id }]);
  await stage.pass(sweepMs);
  assert.deepEqual(await rowsOf(stage, 'accountshare', id), []);
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

test('objects that are never deleted, and so have no IsDeleted, are followed like others', async () => {
  await using stage = await openStage({ org, sobjects: ['User', 'Account'] });
  await stage.copy();
  const { id } = await org.control<{ id: string }>('/org/addUser', {
    username: 'followed@example.com',
    values: { FirstName: 'Ann' },
  });
  await stage.pass(2 * stage.intervalMs);
  assert.equal((await stage.row('user', id))?.firstname, 'Ann');
  await stage.settle();
  await stage.expectWhole();
});

test('an object without any time is read whole again and again, and at once by a flush', async () => {
  await withoutTime('AccountShare'); // ends with the stage
  await using stage = await openStage({ org, sobjects: ['Account', 'AccountShare'] });
  await stage.copy();
  assert.deepEqual((await followedBy(stage)).at(-1), { sobject: 'AccountShare', cursor_field: null });
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Shared' } }]);
  await stage.pass(18 * minuteMs);
  assert.equal((await rowsOf(stage, 'accountshare', id)).length, 1);

  const [other = ''] = await stage.write([
    { create: 'Account', values: { Name: 'Shared too' } },
    { delete: id },
  ]);
  const flushed = stage.holder.syncRequest('flush');
  await stage.pass(3 * stage.intervalMs);
  assert.deepEqual((await flushed).skipped, []);
  assert.equal((await rowsOf(stage, 'accountshare', other)).length, 1);
  assert.deepEqual(await rowsOf(stage, 'accountshare', id), []);
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

/** Its description without the times, as that of an object that has none. */
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
