/** How soon a sync finds out that an administrator has changed an object, in both directions. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const intervalMs = 10_000;
/** A minute, and a few requests. */
const soonMs = 60_000 + 6 * intervalMs;

const column = (harness: ClockHarness, field: string) =>
  harness.mirror.query(sql`SELECT column_name, ready FROM _lockstep.column WHERE field = ${field}`);
const stateOf = async (harness: ClockHarness, sobject: string) => {
  const [row] = await harness.mirror.query<{ state: string }>(
    sql`SELECT state FROM _lockstep.status WHERE sobject = ${sobject}`,
  );
  return row?.state;
};

async function openCopied(...sobjects: string[]) {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects, intervalMs }));
  await harness.finishBackfill();
  await harness.pass(2 * 60_000);
  undo.defer(async () => void (await org.control('/users/rights', { user: 'integration' })));
  const ends = undo.move();
  return { harness, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('a new field has its column and its values within minutes, although no query is refused for it', async () => {
  await using opened = await openCopied('Account', 'Lead');
  const { harness } = opened;
  const field = { name: 'Region__c', type: 'string', length: 40 };
  await org.control('/fields/create', { sobject: 'Account', field });
  const [id = ''] = await harness.write([
    { create: 'Account', values: { Name: 'North', Region__c: 'of the north' } },
  ]);
  await harness.pass(soonMs);
  assert.equal((await column(harness, 'Region__c')).length, 1);
  assert.deepEqual(harness.holder.schemaChanges, ['Account field added Region__c']);
  await harness.pass(10 * intervalMs);
  assert.deepEqual(await column(harness, 'Region__c'), [{ column_name: 'region__c', ready: true }]);
  assert.equal((await harness.row('account', id))?.region__c, 'of the north');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('two fields that are added within one second are both found', async () => {
  await using opened = await openCopied('Lead');
  const { harness } = opened;
  await org.control('/fields/create', { sobject: 'Lead', field: { name: 'First__c', type: 'double' } });
  await harness.pass(soonMs);
  await org.control('/fields/create', { sobject: 'Lead', field: { name: 'Second__c', type: 'double' } });
  await harness.pass(soonMs);
  assert.deepEqual(harness.holder.schemaChanges, ['Lead field added First__c', 'Lead field added Second__c']);
});

test('a field that goes and another that comes in the middle of a backfill restart nothing, and no value is missed', async () => {
  const gone = { name: 'Goes__c', type: 'string', length: 40 };
  await org.control('/fields/create', { sobject: 'Account', field: gone });
  await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs, pageRows: 2 });
  const placeOf = async () => {
    const [cursor] = await harness.mirror.query<{ after: string | null }>(
      sql`SELECT position ->> 'after' AS after FROM _lockstep.cursor WHERE kind = 'backfill'`,
    );
    return cursor?.after ?? '';
  };
  await harness.pass(intervalMs);
  const before = await placeOf();
  assert.ok(before !== '', 'some pages are read');
  await org.control('/fields/delete', { sobject: 'Account', name: gone.name });
  await org.control('/fields/create', {
    sobject: 'Account',
    field: { name: 'Comes__c', type: 'double', formula: 'LEN(Name)' },
  });
  for (let step = 0; step < 6; step++) {
    await harness.pass(intervalMs);
    assert.ok((await placeOf()) >= before, 'the same cursor goes on');
  }
  await harness.finishBackfill();
  await harness.pass(soonMs);
  assert.deepEqual(await column(harness, 'Comes__c'), [{ column_name: 'comes__c', ready: true }]);
  assert.deepEqual(await column(harness, 'Goes__c'), [{ column_name: 'goes__c', ready: false }]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('an object that is hidden stops alone, and is followed again within minutes after it is visible again', async () => {
  await using opened = await openCopied('Account', 'Lead');
  const { harness } = opened;
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  await harness.pass(6 * intervalMs);
  assert.equal(await stateOf(harness, 'Lead'), 'stopped');
  const rows = await harness.mirror.query(sql`SELECT id FROM salesforce.lead`);
  assert.ok(rows.length > 0, 'its rows stay');
  const [account = ''] = await harness.write([{ create: 'Account', values: { Name: 'Goes on' } }]);
  await harness.pass(3 * intervalMs);
  assert.equal((await harness.row('account', account))?.name, 'Goes on');
  // Long after the first tries, which come soon one after another.
  await harness.pass(3 * 3_600_000);
  await org.control('/users/rights', { user: 'integration' });
  const [lead = ''] = await harness.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Back' } }]);
  await harness.pass(soonMs);
  assert.equal(await stateOf(harness, 'Lead'), 'current');
  assert.equal((await harness.row('lead', lead))?.company, 'Back');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('an object that is deleted stops alone, and is followed again when there is one of its name', async () => {
  const parts = { name: 'Part__c', fields: [{ name: 'Size__c', type: 'double' }] };
  await org.control('/sobjects/create', parts);
  await using opened = await openCopied('Account', 'Part__c');
  const { harness } = opened;
  const [old = ''] = await harness.write([{ create: 'Part__c', values: { Name: 'Old', Size__c: 1 } }]);
  await harness.pass(3 * intervalMs);
  await org.control('/sobjects/delete', { sobject: 'Part__c' });
  await harness.pass(6 * intervalMs);
  assert.equal(await stateOf(harness, 'Part__c'), 'stopped');
  assert.equal((await harness.row('part__c', old))?.name, 'Old');
  await org.control('/sobjects/create', parts);
  const [id = ''] = await harness.write([{ create: 'Part__c', values: { Name: 'New', Size__c: 2 } }]);
  await harness.pass(soonMs);
  assert.equal(await stateOf(harness, 'Part__c'), 'current');
  assert.equal((await harness.row('part__c', id))?.name, 'New');
});
