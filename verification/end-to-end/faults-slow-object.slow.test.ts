/** An object whose queries take minutes, while another one goes on. Covers: slow and hanging answers. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { accountName, expectRepaired, leadCompany, problems, writeBoth } from '@lockstep/harness/two-objects';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

async function openCopied(intervalMs: number): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'], intervalMs });
  await harness.finishBackfill();
  await harness.settle(); // the first checks of a table would be in the same request
  return harness;
}

const ofAccounts = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;
/** Time-outs of a request that other objects share, and of one for a single object. */
const [sharedMs, aloneMs] = [5_000, 130_000];

/** Waits in real time without moving the harness's clock: requests of both objects are under way concurrently. */
async function untilStored(read: () => Promise<string | null | undefined>, value: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while ((await read()) !== value) {
    assert.ok(performance.now() < giveUpAt, `${value} is not stored in time`);
  }
}

/** Passes one interval, after which the engine sleeps again; separate requests may still be under way. */
async function advanceOne(harness: ClockHarness): Promise<void> {
  await harness.advance(harness.intervalMs);
  await harness.holder.untilAsleep();
}

/** Passes time while the query for accounts hangs; each new lead is in the mirror an interval later. */
async function passWhileHanging(harness: ClockHarness, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += harness.intervalMs) {
    const company = `After ${passed} ms`;
    const [lead = ''] = await harness.write([
      { create: 'Lead', values: { LastName: 'L', Company: company } },
    ]);
    await advanceOne(harness);
    await untilStored(() => leadCompany(harness, lead), company);
  }
}

/** The request that both objects share hangs until it times out; then accounts get their own request, which hangs. */
async function openHanging() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openCopied(10_000));
  const fault = await harness.inject({ match: ofAccounts, times: null, effect: { hang: 'before' } });
  const { account, lead } = await writeBoth(harness, 'While it hangs');
  await harness.advance(harness.intervalMs);
  await fault.untilFired();
  await harness.advance(sharedMs);
  await harness.holder.untilAsleep();
  for (let asked = 0; asked < 2; asked++) await advanceOne(harness); // each object now has its own request
  await untilStored(() => leadCompany(harness, lead), 'While it hangs');
  await fault.untilFired(2);
  const ends = undo.move();
  return { harness, fault, account, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Both objects share a request again, and everything missed has arrived. */
async function expectTogetherAgain(harness: ClockHarness, account: string): Promise<void> {
  await untilStored(() => accountName(harness, account), 'While it hangs');
  await harness.holder.untilAsleep();
  const next = await writeBoth(harness, 'Together again');
  await advanceOne(harness); // accounts have waited longest; afterwards they are known to be fast again
  await untilStored(() => accountName(harness, next.account), 'Together again');
  await harness.holder.untilAsleep();
  await advanceOne(harness);
  await untilStored(() => leadCompany(harness, next.lead), 'Together again');
  await expectRepaired(harness);
  await harness.expectNoRollback();
  assert.deepEqual(harness.holder.syncProblems, []);
}

test('a query that takes two minutes delays its own object and no other', async () => {
  await using hanging = await openHanging();
  const { harness, fault, account } = hanging;
  await passWhileHanging(harness, aloneMs - 2 * harness.intervalMs);
  assert.equal(await accountName(harness, account), undefined);
  assert.equal(await fault.fired(), 2, 'the query is not repeated while it is under way');
  assert.deepEqual(await problems(harness), []);
  await fault.end();
  await expectTogetherAgain(harness, account);
});

test('a query that is never answered is reported for its object and sent again, and delays no other object', async () => {
  await using hanging = await openHanging();
  const { harness, fault, account } = hanging;
  await passWhileHanging(harness, aloneMs - 2 * harness.intervalMs);
  for (let passed = 0; passed < 3; passed++) await advanceOne(harness);
  await fault.untilFired(3);
  await passWhileHanging(harness, 3 * harness.intervalMs);
  const [problem, ...others] = await problems(harness);
  assert.deepEqual(
    [problem?.sobject, problem?.kind, problem?.code, others],
    ['Account', 'poll', 'NET-01', []],
  );
  await fault.end();
  await expectTogetherAgain(harness, account);
});
