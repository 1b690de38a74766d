/** The share of the org's daily requests at which a sync stops. Covers: usage header. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const dailyMax = 10_000;
const ofSync = { path: '*/composite', user: 'integration' } as const;

/** Sets the used requests of the day in percent; the test's own requests add a few. */
const use = (percent: number) => org.control('/limits', { dailyMax, dailyUsed: percent * (dailyMax / 100) });

const countRequests = (harness: ClockHarness) =>
  harness.inject({ match: ofSync, times: null, effect: { delayMs: 0 } });

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

/** A sync that has stopped at its limit; the org's count of the day is reset at the end. */
async function openStopped() {
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await use(0)));
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account'] }));
  await harness.finishBackfill();
  await use(90);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(harness.holder.syncProblems.at(-1), 'LIM-02');
  const ends = undo.move();
  return { harness, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('a sync goes on reading below its limit', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  await use(89);
  try {
    const id = await create(harness, 'Below the line');
    await harness.pass(10 * harness.intervalMs);
    assert.equal((await harness.row('account', id))?.name, 'Below the line');
    assert.deepEqual(harness.holder.syncProblems, []);
  } finally {
    await use(0);
  }
});

test('usage in a proxied answer also stops the sync’s reads, and the proxy goes on', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  await use(91);
  try {
    const path = `${dataPath}/sobjects/Account`;
    assert.equal((await harness.call('POST', path, { Name: 'First' })).applied, 'yes');
    const requests = await countRequests(harness);
    await harness.pass(5 * harness.intervalMs);
    assert.equal(await requests.fired(), 0, 'no poll was needed to find out');
    assert.equal(harness.holder.syncProblems.at(-1), 'LIM-02');
    assert.equal((await harness.call('POST', path, { Name: 'Second' })).applied, 'yes');
    assert.equal(await requests.fired(), 1, 'its read-back');
    await requests.end();
  } finally {
    await use(0);
  }
});

test('the limit of the org passes through the proxy unchanged', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  await use(100);
  try {
    const refused = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Too many' });
    assert.deepEqual([refused.status, refused.applied], [403, 'no']);
    assert.match(refused.text, /REQUEST_LIMIT_EXCEEDED/);
    assert.equal(refused.headers.get('lockstep-error'), null);
  } finally {
    await use(0);
  }
});

test('at 90 % of the day’s requests a sync stops, says so, tries every 15 minutes, and goes on by itself below 85 %', async () => {
  await using stopped = await openStopped();
  const { harness } = stopped;
  const requests = await countRequests(harness);
  const id = await create(harness, 'Behind the line');
  await harness.pass(60 * minuteMs);
  assert.equal(await requests.fired(), 4);
  // A try reads a page before it finds the limit exceeded, so the last try may have brought one.
  const unseen = await create(harness, 'Between two looks');
  await use(86);
  await harness.pass(10 * minuteMs);
  assert.equal(await harness.row('account', unseen), undefined);
  await harness.pass(32 * minuteMs);
  assert.equal(harness.holder.syncProblems.at(-1), 'LIM-02', 'below 90 % is not enough to go on');
  assert.ok((await requests.fired()) <= 7);
  await use(84);
  await harness.pass(17 * minuteMs);
  assert.equal(harness.holder.syncProblems.at(-1), null);
  const before = await requests.fired();
  await harness.pass(10 * harness.intervalMs);
  assert.ok((await requests.fired()) - before >= 9, 'at its own pace again');
  assert.equal((await harness.row('account', id))?.name, 'Behind the line');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a sync that has stopped at its limit lets writes through and shows them', async () => {
  await using stopped = await openStopped();
  const { harness } = stopped;
  const id = await create(harness, 'Before');
  const patched = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, {
    Name: 'Written meanwhile',
  });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  assert.equal((await harness.row('account', id))?.name, 'Written meanwhile');
});

for (const limitInfo of ['absent', 'garbage']) {
  test(`a usage that is ${limitInfo} does not restart a sync that has stopped at its limit`, async () => {
    await using stopped = await openStopped();
    const { harness } = stopped;
    const fault = await harness.inject({ match: ofSync, times: null, effect: { limitInfo } });
    await harness.pass(61 * minuteMs);
    assert.ok((await fault.fired()) <= 5, `${await fault.fired()} requests in an hour`);
    assert.equal(harness.holder.syncProblems.at(-1), 'LIM-02');
    await fault.end();
    await use(50);
    await harness.pass(17 * minuteMs);
    assert.equal(harness.holder.syncProblems.at(-1), null);
  });
}
