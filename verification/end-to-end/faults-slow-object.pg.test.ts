/**
 * An object whose queries take minutes, while another one goes on. Row of the list of faults: 50 (slow and hanging
 * answers).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';
import { accountName, expectRepaired, leadCompany, problems, writeBoth } from '@lockstep/harness/stage-pair';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

async function openCopied(intervalMs: number): Promise<Stage> {
  const stage = await openStage({ org, sobjects: ['Account', 'Lead'], intervalMs });
  await stage.copy();
  await stage.settle(); // the first checks of a table would share the request
  return stage;
}

const ofAccounts = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;
/** So long an answer is waited for that holds up other objects, and then that of one object alone. */
const [sharedMs, aloneMs] = [5_000, 130_000];

/** Waits in real time, without letting any pass on the stage: requests of the two are under way side by side. */
async function untilStored(read: () => Promise<string | null | undefined>, value: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while ((await read()) !== value) {
    assert.ok(performance.now() < giveUpAt, `${value} is stored by now`);
  }
}

/** One interval, at whose end the engine waits again, but for requests beside. */
async function advanceOne(stage: Stage): Promise<void> {
  await stage.advance(stage.intervalMs);
  await stage.holder.untilRest();
}

/** Time passes while the query of accounts hangs; each change of a lead is in the mirror an interval later. */
async function passWhileHanging(stage: Stage, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stage.intervalMs) {
    const company = `After ${passed} ms`;
    const [lead = ''] = await stage.write([{ create: 'Lead', values: { LastName: 'L', Company: company } }]);
    await advanceOne(stage);
    await untilStored(() => leadCompany(stage, lead), company);
  }
}

/** The query that both objects share hangs until its time is up; the accounts are asked for apart then, and hang. */
async function openHanging() {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openCopied(10_000));
  const fault = await stage.strike({ match: ofAccounts, times: null, effect: { hang: 'before' } });
  const { account, lead } = await writeBoth(stage, 'While it hangs');
  await stage.advance(stage.intervalMs);
  await fault.struck();
  await stage.advance(sharedMs);
  await stage.holder.untilRest();
  for (let asked = 0; asked < 2; asked++) await advanceOne(stage); // each of the two is asked for apart
  await untilStored(() => leadCompany(stage, lead), 'While it hangs');
  await fault.struck(2);
  const ends = undo.move();
  return { stage, fault, account, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Both are asked for together again, and whatever was missed has come. */
async function expectTogetherAgain(stage: Stage, account: string): Promise<void> {
  await untilStored(() => accountName(stage, account), 'While it hangs');
  await stage.holder.untilRest();
  const next = await writeBoth(stage, 'Together again');
  await advanceOne(stage); // the accounts have waited longest; that they are fast again is known then
  await untilStored(() => accountName(stage, next.account), 'Together again');
  await stage.holder.untilRest();
  await advanceOne(stage);
  await untilStored(() => leadCompany(stage, next.lead), 'Together again');
  await expectRepaired(stage);
  await stage.expectNoReturn();
  assert.deepEqual(stage.holder.syncProblems, []);
}

test('a query that takes two minutes keeps its own object waiting, and every other one no longer than usual', async () => {
  await using hanging = await openHanging();
  const { stage, fault, account } = hanging;
  await passWhileHanging(stage, aloneMs - 2 * stage.intervalMs);
  assert.equal(await accountName(stage, account), undefined);
  assert.equal(await fault.fired(), 2, 'nobody asks again while it is under way');
  assert.deepEqual(await problems(stage), []);
  await fault.end();
  await expectTogetherAgain(stage, account);
});

test('a query that is never answered is told of its object and asked again, and keeps no other one waiting', async () => {
  await using hanging = await openHanging();
  const { stage, fault, account } = hanging;
  await passWhileHanging(stage, aloneMs - 2 * stage.intervalMs);
  for (let passed = 0; passed < 3; passed++) await advanceOne(stage);
  await fault.struck(3);
  await passWhileHanging(stage, 3 * stage.intervalMs);
  const [told, ...others] = await problems(stage);
  assert.deepEqual([told?.sobject, told?.kind, told?.code, others], ['Account', 'poll', 'NET-01', []]);
  await fault.end();
  await expectTogetherAgain(stage, account);
});
