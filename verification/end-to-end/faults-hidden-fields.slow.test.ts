/** Fields that the sync's user may not see for a while, and what is read when the right is restored. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { passUntil } from '@lockstep/harness/two-objects';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const hide = (...fields: readonly string[]) =>
  org.control('/users/rights', {
    user: 'integration',
    fields: Object.fromEntries(fields.map((field) => [field, { read: false }])),
  });
const giveBack = () => org.control('/users/rights', { user: 'integration' });

const hidden = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, field, column_name FROM _lockstep.hidden_fields ORDER BY field`);

const account = (Name: string, Industry: string) => ({ create: 'Account', values: { Name, Industry } });
const shown = async (harness: ClockHarness, id: string) => {
  const row = await harness.row('account', id);
  return row && [row.name, row.industry];
};

/** Lets time pass until the view lists `count` fields and the reads that follow from it are done. */
async function passUntilHidden(harness: ClockHarness, count: number): Promise<void> {
  await passUntil(
    harness,
    `${count} fields are hidden`,
    async () => (await hidden(harness)).length === count,
  );
  await harness.pass(4 * harness.intervalMs);
}

/** A backfilled harness whose user may see every field again at the end. */
async function openCopied() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account', 'Lead'] }));
  const ids = await harness.write([account('Renamed', 'Energy'), account('Moved', 'Energy')]);
  await harness.finishBackfill();
  undo.defer(async () => void (await giveBack()));
  const ends = undo.move();
  return { harness, ids, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const ofIndustry = [{ sobject: 'Account', field: 'Industry', column_name: 'industry' }];

test('an object goes on without a hidden field, and status says which; its column is filled when the field is visible again', async () => {
  await using opened = await openCopied();
  const { harness, ids } = opened;
  const [renamed = '', moved = ''] = ids;
  await hide('Account.Industry');
  await harness.write([
    { update: renamed, values: { Name: 'Renamed while hidden' } },
    { update: moved, values: { Industry: 'Banking' } },
  ]);
  const [fresh = ''] = await harness.write([account('New', 'Chemicals')]);
  await passUntilHidden(harness, 1);
  assert.deepEqual(await hidden(harness), ofIndustry);
  assert.deepEqual(await shown(harness, renamed), ['Renamed while hidden', 'Energy']);
  assert.deepEqual(await shown(harness, moved), ['Moved', 'Energy'], 'the value before the field was hidden');
  assert.deepEqual(await shown(harness, fresh), ['New', null]);
  const [status] = await harness.mirror.query(
    sql`SELECT state, stop_code FROM _lockstep.status WHERE sobject = 'Account'`,
  );
  assert.deepEqual(status, { state: 'current', stop_code: null });
  assert.deepEqual(harness.holder.syncProblems, []);

  await giveBack();
  await passUntilHidden(harness, 0);
  assert.deepEqual(await hidden(harness), []);
  assert.deepEqual(await shown(harness, moved), ['Moved', 'Banking']);
  assert.deepEqual(await shown(harness, fresh), ['New', 'Chemicals']);
  assert.deepEqual(harness.holder.schemaChanges, [
    'Account field hidden Industry',
    'Account field visible again Industry',
  ]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('while a field is hidden, the mirror shows proxied writes without it, and other objects are read as usual', async () => {
  await using opened = await openCopied();
  const { harness, ids } = opened;
  const [id = ''] = ids;
  await hide('Account.Industry');
  await passUntilHidden(harness, 1);
  const path = `${dataPath}/sobjects/Account/${id}`;
  const patched = await harness.call('PATCH', path, { Name: 'Patched', Industry: 'Banking' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  assert.deepEqual(await shown(harness, id), ['Patched', 'Energy']);
  const [lead = ''] = await harness.write([
    { create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } },
  ]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('lead', lead))?.company, 'Goes on');
  await giveBack();
  await passUntilHidden(harness, 0);
  assert.deepEqual(await shown(harness, id), ['Patched', 'Banking']);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('of two hidden fields, the one that is visible again first is filled first', async () => {
  await using opened = await openCopied();
  const { harness, ids } = opened;
  const [id = ''] = ids;
  await hide('Account.Industry', 'Account.Site');
  await harness.write([{ update: id, values: { Industry: 'Banking', Site: 'Berlin' } }]);
  await passUntilHidden(harness, 2);
  assert.deepEqual(await hidden(harness), [
    ...ofIndustry,
    { sobject: 'Account', field: 'Site', column_name: 'site' },
  ]);
  await hide('Account.Industry');
  await passUntilHidden(harness, 1);
  assert.deepEqual(await hidden(harness), ofIndustry);
  assert.equal((await harness.row('account', id))?.site, 'Berlin');
  await giveBack();
  await passUntilHidden(harness, 0);
  assert.deepEqual(await hidden(harness), []);
  assert.deepEqual(await shown(harness, id), ['Renamed', 'Banking']);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
