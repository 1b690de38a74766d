/**
 * Readings that overlap a write or each other. Rows of the list of faults: 5 (a stamp that regresses), 6 (slow page and
 * PATCH), 7 (slow page and DELETE), 8 (equal stamps), 9 (a third party between write and read-back), 12 (undelete).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const pathOf = (id: string) => `${dataPath}/sobjects/Account/${id}`;
const nameOf = async (stage: Stage, id: string) => (await stage.row('account', id))?.name;

/** A poll of accounts whose answer is made now and comes when the test lets it. */
const holdPage = (stage: Stage) =>
  stage.strike({ match: { contains: 'SystemModstamp >', inside: 'only' }, effect: { hang: 'after' } });

/** The read-back of a write, held in the same way. */
const holdReadBack = (stage: Stage, hang: 'before' | 'after') =>
  stage.strike({ match: { contains: 'Id IN (', inside: 'only' }, effect: { hang } });

/** An account that the engine is just reading, as it is named here and stamped now. */
async function heldAccount(stage: Stage, Name: string) {
  await stage.copy();
  const second = new Date(stage.clock.now() + stage.intervalMs);
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name } }], second);
  const page = await holdPage(stage);
  await stage.advance(stage.intervalMs);
  await page.struck();
  return { id, page };
}

test('a page that was read before a PATCH and comes 15 seconds after it does not undo it', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Old' } }]);
  const page = await holdPage(stage);
  await stage.advance(stage.intervalMs);
  await page.struck();
  const patched = await stage.call('PATCH', pathOf(id), { Name: 'New' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  await stage.advance(15_000);
  await page.release();
  await stage.pass(stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'New');
  assert.ok(stage.holder.counts.stale > 0, 'the row of the page was dropped');
  await stage.settle();
  await stage.expectWhole();
});

test('a page that was read before a DELETE and comes after it brings nothing back', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  const { id, page } = await heldAccount(stage, 'To be deleted');
  const deleted = await stage.call('DELETE', pathOf(id));
  assert.deepEqual([deleted.status, deleted.applied], [204, 'yes']);
  await page.release();
  await stage.pass(0);
  assert.equal(await stage.row('account', id), undefined);
  await stage.settle();
  await stage.expectWhole();
});

test('of a page and a PATCH with one stamp the PATCH is kept, and the record is read again', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  const { id, page } = await heldAccount(stage, 'Read by the poll');
  assert.equal((await stage.call('PATCH', pathOf(id), { Name: 'Patched' })).applied, 'yes');
  await page.release();
  await stage.pass(0);
  assert.equal(await nameOf(stage, id), 'Patched');
  assert.ok(stage.holder.counts.dirty > 0, 'neither is known to be the newer one');
  await stage.settle();
  await stage.expectWhole();
});

test('a PATCH whose stamp goes back by two seconds is not undone by a page that was read before it', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  const { id, page } = await heldAccount(stage, 'Stamped later');
  await org.control('/stamps/jitter', { seconds: 2, share: 1, seed: 3 });
  const patched = await stage.call('PATCH', pathOf(id), { Name: 'Stamped before' });
  await org.control('/stamps/jitter', { seconds: 0, share: 0 });
  assert.equal(patched.applied, 'yes');
  await page.release();
  await stage.pass(0);
  assert.equal(await nameOf(stage, id), 'Stamped before');
  assert.ok(stage.holder.counts.dirty > 0, 'it is read again');
  await stage.settle();
  await stage.expectWhole();
});

test('a read-back that a page of the same stamp overtakes is made again before the write is answered', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'], intervalMs: 1_000 });
  await stage.copy();
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Before' } }]);
  await stage.pass(stage.intervalMs);
  const readBack = await holdReadBack(stage, 'after');
  const second = new Date(stage.clock.now());
  const answer = stage.call('PATCH', pathOf(id), { Name: 'By the caller' });
  await readBack.struck();
  await stage.write([{ update: id, values: { Name: 'By a third party' } }], second);
  await stage.pass(stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'By a third party');
  await readBack.release();
  assert.equal((await answer).applied, 'yes');
  assert.equal(await nameOf(stage, id), 'By a third party');
  await stage.pass(60_000);
  await stage.expectConverged();
  await stage.expectNoReturn();
});

test('what a third party writes between a write and its read-back is what the mirror shows', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Before' } }]);
  const readBack = await holdReadBack(stage, 'before');
  const answer = stage.call('PATCH', pathOf(id), { Name: 'By the caller', Site: 'By the caller' });
  await readBack.struck();
  await stage.advance(1_000);
  await stage.write([{ update: id, values: { Name: 'By a third party' } }]);
  await readBack.release();
  assert.equal((await answer).applied, 'yes');
  const { name, site } = (await stage.row('account', id)) ?? {};
  assert.deepEqual([name, site], ['By a third party', 'By the caller']);
  await stage.settle();
  await stage.expectWhole();
});

test('a record that is taken out of the recycle bin comes back', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Undeleted' } }]);
  await stage.pass(stage.intervalMs);
  assert.equal((await stage.call('DELETE', pathOf(id))).applied, 'yes');
  assert.equal(await stage.row('account', id), undefined);
  await stage.pass(stage.intervalMs);
  await stage.write([{ undelete: id }]);
  await stage.pass(2 * stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'Undeleted');
  await stage.settle();
  await stage.expectWhole();
});
