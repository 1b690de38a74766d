/** Answers with a wrong time. Covers: clocks that jump. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const intervalMs = 20_000;
const ofSync = { path: '*/composite', user: 'integration' } as const;

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

/** How far what is read lies behind the org's time, in milliseconds. */
const readAgo = async (harness: ClockHarness) => {
  const [status] = await harness.mirror.query<{ read: number }>(
    sql`SELECT extract(epoch FROM read_until)::float8 * 1000 AS read FROM _lockstep.status`,
  );
  assert.ok(status);
  return harness.clock.now() - status.read;
};

/** After each step the harness checks that no status claim exceeds its proof. */
for (const [what, dateOffsetMs] of [
  ['an hour ahead', hourMs],
  ['a day ahead', 24 * hourMs],
  ['a year back', -365 * 24 * hourMs],
] as const) {
  test(`one answer whose time is ${what} changes neither what is read nor what status claims`, async () => {
    await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs });
    await harness.finishBackfill();
    const late = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
      writes: [{ create: 'Account', values: { Name: 'Committed later' } }],
    });
    const fault = await harness.inject({ match: ofSync, effect: { dateOffsetMs } });
    const before = await create(harness, 'Just before');
    await harness.pass(intervalMs);
    assert.equal(await fault.fired(), 1);
    const behind = await create(harness, 'Just behind it');
    await harness.pass(minuteMs);
    assert.equal(await nameOf(harness, before), 'Just before');
    assert.equal(await nameOf(harness, behind), 'Just behind it');
    assert.ok((await readAgo(harness)) <= 3 * intervalMs, 'what status claims still advances');
    await org.control('/transactions/commit', { id: late.id });
    await harness.settle();
    assert.equal(await nameOf(harness, late.ids[0] ?? ''), 'Committed later');
    await harness.expectConvergedAndIdle();
  });

  for (const when of ['before it', 'to it'] as const) {
    test(`a flush ends only when the mirror shows everything, even if the answer ${when} has a time ${what}`, async () => {
      await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs });
      await harness.finishBackfill();
      const late = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
        writes: [{ create: 'Account', values: { Name: 'Committed late' } }],
      });
      await harness.pass(3 * minuteMs); // the head has passed its stamp
      const fault = await harness.inject({ match: ofSync, effect: { dateOffsetMs } });
      if (when === 'before it') await harness.pass(intervalMs);
      assert.equal(await fault.fired(), when === 'before it' ? 1 : 0);
      await org.control('/transactions/commit', { id: late.id });
      const id = await create(harness, 'Flushed');
      const shown = harness.holder
        .syncRequest('flush')
        .then(async () => [await nameOf(harness, late.ids[0] ?? ''), await nameOf(harness, id)]);
      await harness.pass(minuteMs);
      assert.equal(await fault.fired(), 1);
      assert.deepEqual(await shown, ['Committed late', 'Flushed']);
    });
  }
}

test('a backfill with a wrong time in some answers is complete, and status claims no time in the future', async () => {
  await org.control('/records/generate', { sobject: 'Account', count: 600 });
  await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs, pageRows: 50 });
  for (let turn = 0; turn < 4; turn++) {
    const fault = await harness.inject({ match: ofSync, effect: { dateOffsetMs: (turn + 1) * hourMs } });
    await harness.pass(2 * intervalMs);
    assert.equal(await fault.fired(), 1);
  }
  await harness.finishBackfill();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

for (const hours of [1, 24]) {
  test(`a time on which two answers agree is believed: reading goes on ${hours} h later`, async () => {
    let behindMs = 0;
    await using harness = await openClockHarness({
      org,
      sobjects: ['Account'],
      intervalMs,
      engineClock: (clock) => ({
        now: () => clock.now() - behindMs,
        sleep: (ms, signal) => clock.sleep(ms, signal),
      }),
    });
    await harness.finishBackfill();
    // The engine's own clock does not see these hours pass, as on a machine that slept.
    behindMs = hours * hourMs;
    await harness.advance(behindMs);
    const id = await create(harness, 'After the hours');
    await harness.pass(minuteMs);
    assert.equal(await nameOf(harness, id), 'After the hours');
    await harness.pass(minuteMs); // the daily count takes a request too
    assert.ok((await readAgo(harness)) <= 3 * intervalMs, 'what status claims follows');
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}
