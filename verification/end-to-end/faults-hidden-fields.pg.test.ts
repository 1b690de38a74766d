/** Fields that the sync's user may not see for a while, and what is read of them when they are given back. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';
import { passUntil } from '@lockstep/harness/stage-pair';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const hide = (...fields: readonly string[]) =>
  org.control('/users/rights', {
    user: 'integration',
    fields: Object.fromEntries(fields.map((field) => [field, { read: false }])),
  });
const giveBack = () => org.control('/users/rights', { user: 'integration' });

const hidden = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, field, column_name FROM _lockstep.hidden_fields ORDER BY field`);

const account = (Name: string, Industry: string) => ({ create: 'Account', values: { Name, Industry } });
const shown = async (stage: Stage, id: string) => {
  const row = await stage.row('account', id);
  return row && [row.name, row.industry];
};

/** Lets time pass until the view names so many fields, and what follows from that has been read. */
async function passUntilHidden(stage: Stage, count: number): Promise<void> {
  await passUntil(stage, `${count} fields are hidden`, async () => (await hidden(stage)).length === count);
  await stage.pass(4 * stage.intervalMs);
}

/** A copied stage whose user may see every field again at the end. */
async function openCopied() {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account', 'Lead'] }));
  const ids = await stage.write([account('Renamed', 'Energy'), account('Moved', 'Energy')]);
  await stage.copy();
  undo.defer(async () => void (await giveBack()));
  const ends = undo.move();
  return { stage, ids, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const ofIndustry = [{ sobject: 'Account', field: 'Industry', column_name: 'industry' }];

test('an object goes on without a field that is hidden, and says which; its column is filled when it is given back', async () => {
  await using opened = await openCopied();
  const { stage, ids } = opened;
  const [renamed = '', moved = ''] = ids;
  await hide('Account.Industry');
  await stage.write([
    { update: renamed, values: { Name: 'Renamed while hidden' } },
    { update: moved, values: { Industry: 'Banking' } },
  ]);
  const [fresh = ''] = await stage.write([account('New', 'Chemicals')]);
  await passUntilHidden(stage, 1);
  assert.deepEqual(await hidden(stage), ofIndustry);
  assert.deepEqual(await shown(stage, renamed), ['Renamed while hidden', 'Energy']);
  assert.deepEqual(await shown(stage, moved), ['Moved', 'Energy'], 'what it was before');
  assert.deepEqual(await shown(stage, fresh), ['New', null]);
  const [status] = await stage.mirror.query(
    sql`SELECT state, stop_code FROM _lockstep.status WHERE sobject = 'Account'`,
  );
  assert.deepEqual(status, { state: 'current', stop_code: null });
  assert.deepEqual(stage.holder.syncProblems, []);

  await giveBack();
  await passUntilHidden(stage, 0);
  assert.deepEqual(await hidden(stage), []);
  assert.deepEqual(await shown(stage, moved), ['Moved', 'Banking']);
  assert.deepEqual(await shown(stage, fresh), ['New', 'Chemicals']);
  await stage.settle();
  await stage.expectWhole();
});

test('while a field is hidden, writes through the proxy are shown without it, and other objects are read as ever', async () => {
  await using opened = await openCopied();
  const { stage, ids } = opened;
  const [id = ''] = ids;
  await hide('Account.Industry');
  await passUntilHidden(stage, 1);
  const path = `${dataPath}/sobjects/Account/${id}`;
  const patched = await stage.call('PATCH', path, { Name: 'Patched', Industry: 'Banking' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  assert.deepEqual(await shown(stage, id), ['Patched', 'Energy']);
  const [lead = ''] = await stage.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } }]);
  await stage.pass(2 * stage.intervalMs);
  assert.equal((await stage.row('lead', lead))?.company, 'Goes on');
  await giveBack();
  await passUntilHidden(stage, 0);
  assert.deepEqual(await shown(stage, id), ['Patched', 'Banking']);
  await stage.settle();
  await stage.expectWhole();
});

test('of two fields that are hidden the one that is given back first is filled first', async () => {
  await using opened = await openCopied();
  const { stage, ids } = opened;
  const [id = ''] = ids;
  await hide('Account.Industry', 'Account.Site');
  await stage.write([{ update: id, values: { Industry: 'Banking', Site: 'Berlin' } }]);
  await passUntilHidden(stage, 2);
  assert.deepEqual(await hidden(stage), [
    ...ofIndustry,
    { sobject: 'Account', field: 'Site', column_name: 'site' },
  ]);
  await hide('Account.Industry');
  await passUntilHidden(stage, 1);
  assert.deepEqual(await hidden(stage), ofIndustry);
  assert.equal((await stage.row('account', id))?.site, 'Berlin');
  await giveBack();
  await passUntilHidden(stage, 0);
  assert.deepEqual(await hidden(stage), []);
  assert.deepEqual(await shown(stage, id), ['Renamed', 'Banking']);
  await stage.settle();
  await stage.expectWhole();
});
