/** Fields and objects that get another name while a sync runs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const intervalMs = 10_000;
/** A minute, and the requests that follow. */
const soonMs = 60_000 + 20 * intervalMs;

let made = 0;
async function openCopied({ seesDefinitions = true } = {}) {
  const name = `Boat${++made}__c`;
  const mast = { name: 'Mast__c', type: 'double' };
  await org.control('/sobjects/create', { name, fields: [mast] });
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await org.control('/users/rights', { user: 'integration' })));
  const objects = { FieldDefinition: { read: seesDefinitions }, EntityDefinition: { read: seesDefinitions } };
  await org.control('/users/rights', { user: 'integration', objects });
  const harness = undo.use(await openClockHarness({ org, sobjects: [name, 'Lead'], intervalMs }));
  const [id = ''] = await harness.write([{ create: name, values: { Name: 'One', Mast__c: 12 } }]);
  await harness.finishBackfill();
  await harness.pass(15 * 60_000);
  const change = (to: object) =>
    org.control('/fields/change', { sobject: name, name: mast.name, field: { ...mast, ...to } });
  const ends = undo.move();
  return {
    name,
    table: name.toLowerCase(),
    harness,
    id,
    change,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

const columns = (harness: ClockHarness) =>
  harness.mirror.query(sql`
    SELECT field, column_name, ready FROM _lockstep.column
     WHERE field ~ '^(Mast|Pole)__c$' ORDER BY ordinal`);

test('a renamed field keeps its column, its values and the views on it, and nothing is read again', async () => {
  await using opened = await openCopied();
  const { harness, table, id, change, name } = opened;
  await harness.mirror.script(`CREATE VIEW public.masts AS SELECT id, mast__c FROM salesforce.${table}`);
  await change({ name: 'Pole__c' });
  await harness.pass(soonMs);
  assert.deepEqual(await columns(harness), [{ field: 'Pole__c', column_name: 'mast__c', ready: true }]);
  assert.deepEqual(harness.holder.schemaChanges, [`${name} field renamed Mast__c, now Pole__c`]);
  await harness.write([{ update: id, values: { Pole__c: 15 } }]);
  await harness.pass(3 * intervalMs);
  const [row] = await harness.mirror.query<{ mast__c: string }>(sql`SELECT mast__c FROM public.masts`);
  assert.equal(Number(row?.mast__c), 15);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a field that gets another name and another type at once has its values in a new column under the former name', async () => {
  await using opened = await openCopied();
  const { harness, table, id, change } = opened;
  await change({ name: 'Pole__c', type: 'string', length: 20 });
  await harness.write([{ update: id, values: { Pole__c: 'tall' } }]);
  await harness.pass(soonMs);
  assert.deepEqual(await columns(harness), [{ field: 'Pole__c', column_name: 'mast__c', ready: true }]);
  const row = await harness.row(table, id);
  assert.deepEqual([row?.mast__c, Number(row?.mast__c_old)], ['tall', 12]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('without the right to see definitions, a renamed field is one that is gone and one that is new', async () => {
  await using opened = await openCopied({ seesDefinitions: false });
  const { harness, table, id, change, name } = opened;
  await change({ name: 'Pole__c' });
  await harness.pass(soonMs);
  assert.deepEqual(await columns(harness), [
    { field: 'Mast__c', column_name: 'mast__c', ready: false },
    { field: 'Pole__c', column_name: 'pole__c', ready: true },
  ]);
  assert.deepEqual(harness.holder.schemaChanges, [
    `${name} field hidden Mast__c`,
    `${name} field added Pole__c`,
  ]);
  const row = await harness.row(table, id);
  assert.deepEqual([Number(row?.mast__c), Number(row?.pole__c)], [12, 12]);
});

test('a field that is deleted and made again under its name is followed in the same column', async () => {
  await using opened = await openCopied();
  const { harness, table, id, name } = opened;
  await org.control('/fields/delete', { sobject: name, name: 'Mast__c' });
  await harness.pass(soonMs);
  await org.control('/fields/create', { sobject: name, field: { name: 'Mast__c', type: 'double' } });
  await harness.write([{ update: id, values: { Mast__c: 3 } }]);
  await harness.pass(soonMs);
  assert.deepEqual(await columns(harness), [{ field: 'Mast__c', column_name: 'mast__c', ready: true }]);
  assert.equal(Number((await harness.row(table, id))?.mast__c), 3);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a renamed object stops alone, keeps its rows, and its reason names the new name', async () => {
  await using opened = await openCopied();
  const { harness, table, id, name } = opened;
  await org.control('/sobjects/rename', { sobject: name, to: `Ship${made}__c` });
  await harness.pass(soonMs);
  const [status] = await harness.mirror.query<{ state: string; stop_code: string; stop_reason: string }>(
    sql`SELECT state, stop_code, stop_reason FROM _lockstep.status WHERE sobject = ${name}`,
  );
  assert.deepEqual([status?.state, status?.stop_code], ['stopped', 'SCH-12']);
  assert.match(status?.stop_reason ?? '', new RegExp(`${name} is called Ship${made}__c now`));
  assert.equal((await harness.row(table, id))?.name, 'One');
  await harness.pass(3 * 3_600_000);
  const [later] = await harness.mirror.query<{ stop_code: string }>(
    sql`SELECT stop_code FROM _lockstep.status WHERE sobject = ${name}`,
  );
  assert.equal(later?.stop_code, 'SCH-12', 'also after later tries');
  const [lead = ''] = await harness.write([
    { create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } },
  ]);
  await harness.pass(3 * intervalMs);
  assert.equal((await harness.row('lead', lead))?.company, 'Goes on');
  await org.control('/sobjects/rename', { sobject: `Ship${made}__c`, to: name });
  await harness.pass(soonMs);
  const [back] = await harness.mirror.query<{ state: string }>(
    sql`SELECT state FROM _lockstep.status WHERE sobject = ${name}`,
  );
  assert.equal(back?.state, 'current');
});
