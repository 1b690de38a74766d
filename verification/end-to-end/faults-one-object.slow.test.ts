/** Salesforce refuses one object while another goes on. Covers: an object that may not be read any more. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { accountName, expectRepaired, leadCompany, writeBoth } from '@lockstep/harness/two-objects';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

async function openCopied(intervalMs: number): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'], intervalMs });
  await harness.finishBackfill();
  return harness;
}

const stateOfAccounts = async (harness: ClockHarness) => {
  const [status] = await harness.mirror.query<{ state: string; stop_code: string | null }>(
    sql`SELECT state, stop_code FROM _lockstep.status WHERE sobject = 'Account'`,
  );
  return status;
};

const stopped = { state: 'stopped', stop_code: 'PERM-02' };
const current = { state: 'current', stop_code: null };

/** A harness in which Salesforce has refused one object for hours. */
async function openRefused() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openCopied(5 * minuteMs));
  const rights = (objects: object) => org.control('/users/rights', { user: 'integration', objects });
  const giveBack = () => rights({});
  undo.defer(async () => void (await giveBack()));
  await rights({ Account: { read: false } });
  const { account, lead } = await writeBoth(harness, 'While it is refused');
  await harness.pass(2 * harness.intervalMs);
  assert.deepEqual(await stateOfAccounts(harness), stopped);
  assert.equal(await leadCompany(harness, lead), 'While it is refused');
  await harness.pass(5 * hourMs);
  assert.deepEqual(await stateOfAccounts(harness), stopped);
  const ends = undo.move();
  return { harness, account, giveBack, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('an object that was refused for hours is followed again within an hour after access returns', async () => {
  await using refused = await openRefused();
  const { harness, account, giveBack } = refused;
  await giveBack();
  await harness.pass(hourMs + harness.intervalMs);
  assert.deepEqual(await stateOfAccounts(harness), current);
  assert.equal(await accountName(harness, account), 'While it is refused');
  await expectRepaired(harness);
  assert.deepEqual(harness.holder.syncProblems, []);
});

test('an object that was refused for hours is tried at once on a sync request', async () => {
  await using refused = await openRefused();
  const { harness, account, giveBack } = refused;
  const inVain = harness.holder.syncRequest('verify content', ['Account']);
  const { skipped } = await harness.untilDone(inVain);
  assert.deepEqual(skipped, [{ object: 'Account', reason: 'it is stopped (PERM-02)' }]);

  await harness.pass(harness.intervalMs);
  await giveBack();
  const requestedAt = harness.clock.now();
  const { skipped: none } = await harness.untilDone(
    harness.holder.syncRequest('verify content', ['Account']),
  );
  assert.deepEqual(none, []);
  assert.ok(harness.clock.now() - requestedAt <= 6 * harness.intervalMs, 'it does not wait for the hour');
  assert.deepEqual(await stateOfAccounts(harness), current);
  assert.equal(await accountName(harness, account), 'While it is refused');
  await expectRepaired(harness);
  assert.deepEqual(harness.holder.syncProblems, []);
});
