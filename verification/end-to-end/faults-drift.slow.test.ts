/**
 * Rows that differ from their records although no stamp shows it. Covers: a formula that changes without a stamp, a
 * person who edits, deletes and inserts rows of the mirror.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const accountOf = { name: 'Account_Name__c', type: 'string', formula: 'Account.Name' };
await org.control('/fields/create', { sobject: 'Contact', field: accountOf });

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const intervalMs = 3 * minuteMs;
/** After this time a small table has been swept, and what differs has been read again. */
const sweepMs = hourMs + 4 * intervalMs;

/** An account with a contact, both older than W, so that a difference cannot be a change still on its way. */
async function openSettled() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account', 'Contact'], intervalMs }));
  const [account = ''] = await harness.write([{ create: 'Account', values: { Name: 'As in Salesforce' } }]);
  const values = { LastName: 'As in Salesforce', AccountId: account };
  const [contact = ''] = await harness.write([{ create: 'Contact', values }]);
  await harness.finishBackfill();
  await harness.settle();
  const ends = undo.move();
  return { harness, account, contact, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const repairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

/** Passes a day, after which the counts and the content check are due. */
async function passDay(harness: ClockHarness) {
  await harness.advance(dayMs);
  await harness.pass(10 * intervalMs);
}

test('the next sweep updates a formula that changed with another record, and nothing else in its row', async () => {
  await using settled = await openSettled();
  const { harness, account, contact } = settled;
  const before = await harness.row('contact', contact);
  assert.equal(before?.account_name__c, 'As in Salesforce');
  await harness.mirror.query(sql`DELETE FROM witness.change`);
  await harness.write([{ update: account, values: { Name: 'Renamed' } }]);
  await harness.pass(sweepMs);
  assert.deepEqual(await harness.row('contact', contact), { ...before, account_name__c: 'Renamed' });
  const changes = await harness.mirror.query(
    sql`SELECT operation, id FROM witness.change WHERE table_name = 'contact'`,
  );
  assert.deepEqual(changes, [{ operation: 'UPDATE', id: contact }]);
  assert.deepEqual(await repairs(harness), [], 'nothing was wrong with the mirror');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('the next sweep updates every record after the formula itself is changed', async () => {
  await using settled = await openSettled();
  const { harness, contact } = settled;
  const change = (formula: string) =>
    org.control('/fields/change', {
      sobject: 'Contact',
      name: accountOf.name,
      field: { ...accountOf, formula },
    });
  await change('"of " & Account.Name');
  await harness.pass(sweepMs);
  assert.equal((await harness.row('contact', contact))?.account_name__c, 'of As in Salesforce');
  await harness.settle();
  await harness.expectConvergedAndIdle();
  await change(accountOf.formula);
});

test('a value that somebody has changed in the mirror is repaired by the content check', async () => {
  await using settled = await openSettled();
  const { harness, account: id } = settled;
  await harness.mirror.query(sql`UPDATE salesforce.account SET name = 'Edited by hand' WHERE id = ${id}`);
  await passDay(harness);
  assert.equal((await harness.row('account', id))?.name, 'As in Salesforce');
  assert.deepEqual(await repairs(harness), [{ id, kind: 'edited' }]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

for (const [when, kind] of [
  ['a minute ago', 'edited'],
  ['2001-01-01', 'stale'],
] as const) {
  test(`a stamp that somebody has set to ${when} is found by the next sweep`, async () => {
    await using settled = await openSettled();
    const { harness, account: id } = settled;
    const stamp = new Date(when === 'a minute ago' ? harness.clock.now() - minuteMs : when);
    await harness.mirror.query(sql`
      UPDATE salesforce.account SET name = 'Edited by hand', systemmodstamp = ${stamp} WHERE id = ${id}`);
    await harness.pass(sweepMs);
    assert.equal((await harness.row('account', id))?.name, 'As in Salesforce');
    assert.deepEqual(await repairs(harness), [{ id, kind }]);
    await harness.settle();
    await harness.expectConverged();
    await harness.expectIdle();
  });
}

test('a row that somebody has deleted comes back when the days are counted', async () => {
  await using settled = await openSettled();
  const { harness, account: id } = settled;
  await harness.mirror.query(sql`DELETE FROM salesforce.account WHERE id = ${id}`);
  await passDay(harness);
  assert.deepEqual(await repairs(harness), [{ id, kind: 'missing' }]);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a row that somebody has inserted goes with the next sweep', async () => {
  await using settled = await openSettled();
  const { harness, account } = settled;
  const id = `${account.slice(0, 3)}000000000000AAA`;
  await harness.mirror.query(sql`
    INSERT INTO salesforce.account (id, name, createddate, systemmodstamp)
    SELECT ${id}, 'Made up', createddate, systemmodstamp FROM salesforce.account WHERE id = ${account}`);
  await harness.pass(sweepMs);
  assert.deepEqual(await repairs(harness), [{ id, kind: 'no longer visible' }]);
  await passDay(harness); // corrects the checkpoint's number of rows
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a table that somebody has emptied is full again when the days are counted', async () => {
  await using settled = await openSettled();
  const { harness } = settled;
  await harness.mirror.query(sql`TRUNCATE salesforce.account`);
  await passDay(harness);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});
