/**
 * Problems that Salesforce has with one object, while another one goes on. Rows of the list of faults: 18 (an object that may
 * not be read any more).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';
import { accountName, expectRepaired, leadCompany, writeBoth } from '@lockstep/harness/stage-pair';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

async function openCopied(intervalMs: number): Promise<Stage> {
  const stage = await openStage({ org, sobjects: ['Account', 'Lead'], intervalMs });
  await stage.copy();
  return stage;
}

const stateOfAccounts = async (stage: Stage) => {
  const [status] = await stage.mirror.query<{ state: string; stop_code: string | null }>(
    sql`SELECT state, stop_code FROM _lockstep.status WHERE sobject = 'Account'`,
  );
  return status;
};

const stopped = { state: 'stopped', stop_code: 'PERM-02' };
const current = { state: 'current', stop_code: null };

/** A stage of which one object has been refused for hours. */
async function openRefused() {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openCopied(5 * minuteMs));
  const rights = (objects: object) => org.control('/users/rights', { user: 'integration', objects });
  const giveBack = () => rights({});
  undo.defer(async () => void (await giveBack()));
  await rights({ Account: { read: false } });
  const { account, lead } = await writeBoth(stage, 'While it is refused');
  await stage.pass(2 * stage.intervalMs);
  assert.deepEqual(await stateOfAccounts(stage), stopped);
  assert.equal(await leadCompany(stage, lead), 'While it is refused');
  await stage.pass(5 * hourMs);
  assert.deepEqual(await stateOfAccounts(stage), stopped);
  const ends = undo.move();
  return { stage, account, giveBack, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('an object that was refused for hours is followed again within an hour after it may be read', async () => {
  await using refused = await openRefused();
  const { stage, account, giveBack } = refused;
  await giveBack();
  await stage.pass(hourMs + stage.intervalMs);
  assert.deepEqual(await stateOfAccounts(stage), current);
  assert.equal(await accountName(stage, account), 'While it is refused');
  await expectRepaired(stage);
  assert.deepEqual(stage.holder.syncProblems, []);
});

test('an object that was refused for hours is tried at once when somebody wants it read', async () => {
  await using refused = await openRefused();
  const { stage, account, giveBack } = refused;
  const inVain = stage.holder.syncRequest('verify content', ['Account']);
  await stage.pass(2 * stage.intervalMs);
  const { skipped } = await inVain;
  assert.deepEqual(skipped, [{ object: 'Account', reason: 'it is stopped (PERM-02)' }]);

  await giveBack();
  const syncRequest = stage.holder.syncRequest('verify content', ['Account']);
  await stage.pass(2 * stage.intervalMs);
  assert.deepEqual(await stateOfAccounts(stage), current);
  assert.equal(await accountName(stage, account), 'While it is refused');
  await stage.pass(2 * stage.intervalMs);
  assert.deepEqual((await syncRequest).skipped, []);
  await expectRepaired(stage);
  assert.deepEqual(stage.holder.syncProblems, []);
});
