/**
 * Stamps, commits and clocks. Covers: late commit, one stamp over pages, two updates in a second, smaller Id behind
 * the cursor, clocks that jump.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const create = async (harness: ClockHarness, Name: string, at?: Date) => {
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name } }], at);
  return id;
};
const rename = (harness: ClockHarness, id: string, Name: string, at?: Date) =>
  harness.write([{ update: id, values: { Name } }], at);
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

test('a transaction that commits nine minutes after its stamp arrives with the recheck', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const { id, ids } = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
    writes: [{ create: 'Account', values: { Name: 'Committed late' } }],
  });
  const [account = ''] = ids;
  await harness.pass(9 * minuteMs);
  await org.control('/transactions/commit', { id });
  await harness.pass(2 * minuteMs);
  assert.equal(await harness.row('account', account), undefined, 'the head has passed its stamp');
  await harness.settle();
  assert.equal(await nameOf(harness, account), 'Committed late');
  await harness.expectConvergedAndIdle();
});

test('a transaction that was open when the sync began arrives too', async () => {
  const { id, ids } = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
    writes: [{ create: 'Account', values: { Name: 'Begun before' } }],
  });
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.pass(9 * minuteMs);
  await org.control('/transactions/commit', { id });
  await harness.settle();
  assert.equal(await nameOf(harness, ids[0] ?? ''), 'Begun before');
  await harness.expectConvergedAndIdle();
});

test('600 records with one stamp arrive in three pages of 200 and are not read again by the head', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'], pageRows: 200 });
  await harness.finishBackfill();
  const count = async () => {
    const [counted] = await harness.mirror.query<{ rows: number }>(
      sql`SELECT count(*) AS rows FROM salesforce.account`,
    );
    return counted?.rows ?? 0;
  };
  const before = await count();
  await org.control('/records/generate', { sobject: 'Account', count: 600 });
  await harness.pass(4 * harness.intervalMs);
  assert.equal((await count()) - before, 600);
  await harness.pass(6 * harness.intervalMs);
  const { received } = harness.holder.counts;
  await harness.pass(3 * harness.intervalMs);
  assert.equal(harness.holder.counts.received, received, 'the head does not read them again and again');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('of two updates in one second the second arrives, even if the first was read in between', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const second = new Date(harness.clock.now());
  const id = await create(harness, 'First', second);
  await harness.pass(harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'First');
  await rename(harness, id, 'Second', second);
  await harness.settle();
  assert.equal(await nameOf(harness, id), 'Second');
  await harness.expectConvergedAndIdle();
});

test('a change whose stamp and Id lie within a page that was already read is not skipped', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'], pageRows: 200 });
  const id = await create(harness, 'Small Id');
  await harness.finishBackfill();
  const second = new Date(harness.clock.now());
  await org.control('/records/generate', { sobject: 'Account', count: 500, at: second.toISOString() });
  await harness.pass(harness.intervalMs);
  await rename(harness, id, 'Behind the cursor', second);
  await harness.pass(harness.intervalMs);
  // The pass continues with the whole second in which its first page ended.
  assert.equal(await nameOf(harness, id), 'Behind the cursor');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

for (const hours of [-1, 1]) {
  test(`a local clock that is ${hours} h off changes neither what is read nor what status claims`, async () => {
    await using harness = await openClockHarness({
      org,
      sobjects: ['Account'],
      engineClock: (clock) => ({
        now: () => clock.now() + hours * hourMs,
        sleep: (ms, signal) => clock.sleep(ms, signal),
      }),
    });
    await harness.finishBackfill();
    const id = await create(harness, 'By another clock');
    await harness.pass(2 * harness.intervalMs);
    assert.equal(await nameOf(harness, id), 'By another clock');
    const patched = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Patched' });
    assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

test('a new time zone on the machine, set while the engine runs, changes nothing', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const { TZ } = process.env;
  process.env.TZ = 'Pacific/Kiritimati';
  try {
    const id = await create(harness, 'On the other side of the date line');
    await harness.pass(2 * harness.intervalMs);
    assert.equal(await nameOf(harness, id), 'On the other side of the date line');
    await harness.settle();
    await harness.expectConvergedAndIdle();
  } finally {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});
