/**
 * Readings that overlap a write or each other. Covers: a stamp that regresses, slow page and PATCH, slow page and
 * DELETE, equal stamps, a third party between write and read-back, undelete.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const pathOf = (id: string) => `${dataPath}/sobjects/Account/${id}`;
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

/** Makes the next poll of accounts hang: its answer is made at once and arrives when the test releases it. */
const hangPage = (harness: ClockHarness) =>
  harness.inject({ match: { contains: 'SystemModstamp >', inside: 'only' }, effect: { hang: 'after' } });

/** Makes the read-back of a write hang in the same way. */
const hangReadBack = (harness: ClockHarness, hang: 'before' | 'after') =>
  harness.inject({ match: { contains: 'Id IN (', inside: 'only' }, effect: { hang } });

/** An account, stamped now, that the engine is just reading under this name. */
async function accountOnHangingPage(harness: ClockHarness, Name: string) {
  await harness.finishBackfill();
  const second = new Date(harness.clock.now() + harness.intervalMs);
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name } }], second);
  const page = await hangPage(harness);
  await harness.advance(harness.intervalMs);
  await page.untilFired();
  return { id, page };
}

test('a page that was read before a PATCH and comes 15 seconds after it does not undo it', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Old' } }]);
  const page = await hangPage(harness);
  await harness.advance(harness.intervalMs);
  await page.untilFired();
  const patched = await harness.call('PATCH', pathOf(id), { Name: 'New' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  await harness.advance(15_000);
  await page.release();
  await harness.pass(harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'New');
  assert.ok(harness.holder.counts.stale > 0, 'the row of the page was dropped');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a page that was read before a DELETE and comes after it brings nothing back', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  const { id, page } = await accountOnHangingPage(harness, 'To be deleted');
  const deleted = await harness.call('DELETE', pathOf(id));
  assert.deepEqual([deleted.status, deleted.applied], [204, 'yes']);
  await page.release();
  await harness.pass(0);
  assert.equal(await harness.row('account', id), undefined);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('if a page and a PATCH have the same stamp, the PATCH is kept and the record is read again', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  const { id, page } = await accountOnHangingPage(harness, 'Read by the poll');
  assert.equal((await harness.call('PATCH', pathOf(id), { Name: 'Patched' })).applied, 'yes');
  await page.release();
  await harness.pass(0);
  assert.equal(await nameOf(harness, id), 'Patched');
  assert.ok(harness.holder.counts.dirty > 0, 'it is unknown which of them is newer');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a PATCH whose stamp goes back by two seconds is not undone by a page that was read before it', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  const { id, page } = await accountOnHangingPage(harness, 'Stamped later');
  await org.control('/stamps/jitter', { seconds: 2, share: 1, seed: 3 });
  const patched = await harness.call('PATCH', pathOf(id), { Name: 'Stamped before' });
  await org.control('/stamps/jitter', { seconds: 0, share: 0 });
  assert.equal(patched.applied, 'yes');
  await page.release();
  await harness.pass(0);
  assert.equal(await nameOf(harness, id), 'Stamped before');
  assert.ok(harness.holder.counts.dirty > 0, 'it is read again');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a read-back overtaken by a page with the same stamp is repeated before the write is answered', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs: 1_000 });
  await harness.finishBackfill();
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Before' } }]);
  await harness.pass(harness.intervalMs);
  const readBack = await hangReadBack(harness, 'after');
  const second = new Date(harness.clock.now());
  const answer = harness.call('PATCH', pathOf(id), { Name: 'By the caller' });
  await readBack.untilFired();
  await harness.write([{ update: id, values: { Name: 'By a third party' } }], second);
  await harness.pass(harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'By a third party');
  await readBack.release();
  assert.equal((await answer).applied, 'yes');
  assert.equal(await nameOf(harness, id), 'By a third party');
  await harness.pass(60_000);
  await harness.expectConverged();
  await harness.expectNoRollback();
});

test('the mirror shows what a third party writes between a write and its read-back', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Before' } }]);
  const readBack = await hangReadBack(harness, 'before');
  const answer = harness.call('PATCH', pathOf(id), { Name: 'By the caller', Site: 'By the caller' });
  await readBack.untilFired();
  await harness.advance(1_000);
  await harness.write([{ update: id, values: { Name: 'By a third party' } }]);
  await readBack.release();
  assert.equal((await answer).applied, 'yes');
  const { name, site } = (await harness.row('account', id)) ?? {};
  assert.deepEqual([name, site], ['By a third party', 'By the caller']);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a record that is taken out of the recycle bin comes back', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Undeleted' } }]);
  await harness.pass(harness.intervalMs);
  assert.equal((await harness.call('DELETE', pathOf(id))).applied, 'yes');
  assert.equal(await harness.row('account', id), undefined);
  await harness.pass(harness.intervalMs);
  await harness.write([{ undelete: id }]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'Undeleted');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
