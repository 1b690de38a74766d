/** Very many records that go at once, or seem to. Covers: deleted for good, sharing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Makes accounts created at that time, and returns their Ids. */
async function generate(count: number, at: Date): Promise<readonly string[]> {
  await org.control('/records/generate', { sobject: 'Account', count, at: at.toISOString() });
  const rows = await org.db.query<{ Id: string }>(
    sql`SELECT "Id" FROM org."Account" WHERE "CreatedDate" = ${at} ORDER BY "Id"`,
  );
  assert.equal(rows.length, count);
  return rows.map(({ Id }) => Id);
}

const rowsLeft = async (harness: ClockHarness, ids: readonly string[]) => {
  const [left] = await harness.mirror.query<{ count: number }>(
    sql`SELECT count(*) FROM salesforce.account WHERE id = ANY (${ids}::text[])`,
  );
  return left?.count ?? 0;
};

/** How many accounts are missing, and how many may be removed within a day. */
const missing = async (harness: ClockHarness) => {
  const [view] = await harness.mirror.query<{
    rows: number;
    removed: number;
    rows_max: number;
    is_held: boolean;
  }>(sql`
    SELECT m.rows, m.removed::integer, m.rows_max::integer, m.is_held
      FROM _lockstep.missing m JOIN _lockstep.checkpoint c USING (stream_no) WHERE c.sobject = 'Account'`);
  assert.ok(view);
  return view;
};

const statusOf = async (harness: ClockHarness) => {
  const [status] = await harness.mirror.query(
    sql`SELECT state, missing_rows FROM _lockstep.status WHERE sobject = 'Account'`,
  );
  return status;
};

const days = 30;
const ofADay = 24;
const hiddenOfADay = 14;
const firstDay = new Date('2026-01-05T12:00:00Z');
const daysIds: (readonly string[])[] = [];
for (let day = 0; day < days; day++) {
  daysIds.push(await generate(ofADay, new Date(firstDay.getTime() + day * dayMs)));
}
const toHide = daysIds.flatMap((ids) => ids.slice(0, hiddenOfADay));

/** A backfilled harness with most accounts hidden from its user; they are visible again at the end. */
async function openHiding() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account', 'Lead'], pageRows: 200 }));
  await harness.finishBackfill();
  undo.defer(async () => void (await org.control('/records/show', { user: 'integration' })));
  await org.control('/records/hide', { user: 'integration', ids: toHide });
  const { rows_max: limit } = await missing(harness);
  assert.ok(hiddenOfADay <= limit, 'the hidden accounts of one day alone may be removed');
  assert.ok(toHide.length > 20 * limit);
  const ends = undo.move();
  return { harness, limit, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Some rows may have been removed before it was known how many are missing. */
async function expectMissing(harness: ClockHarness, limit: number) {
  const left = await rowsLeft(harness, toHide);
  const view = await missing(harness);
  assert.ok(toHide.length - left <= limit, `${toHide.length - left} were removed`);
  assert.equal(view.removed, toHide.length - left, 'removed rows are counted');
  assert.deepEqual([view.rows, view.is_held], [left, true], 'all others stay missing');
  assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: left });
}

test('a comparison of counts removes no more than one sweep may, even if only a few are missing of each day', async () => {
  await using hiding = await openHiding();
  const { harness, limit } = hiding;
  await harness.untilDone(harness.holder.syncRequest('verify counts', ['Account']));
  await expectMissing(harness, limit);
  await harness.pass(80 * minuteMs); // a running sweep postpones removals
  await expectMissing(harness, limit);
  await org.control('/records/show', { user: 'integration' });
  await harness.untilDone(harness.holder.syncRequest('verify ids', ['Account']));
  assert.deepEqual(await statusOf(harness), { state: 'current', missing_rows: 0 });
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('the daily counts, their repairs and the sweeps after them remove no more either, and status reports it all the while', async () => {
  await using hiding = await openHiding();
  const { harness, limit } = hiding;
  await harness.advance(dayMs);
  await harness.pass(30 * minuteMs);
  for (let turn = 0; turn < 4; turn++) {
    await harness.pass(20 * minuteMs);
    await expectMissing(harness, limit);
  }
  await harness.advance(dayMs);
  await harness.pass(30 * minuteMs);
  await expectMissing(harness, limit);
});

const portions = 10;
const ofAPortion = 300;

/** A deleted log that covers all of time and is empty. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

/** A harness with twice as many accounts as the test then deletes for good. */
async function openDeleting() {
  const { now } = await org.control<{ now: string }>('/clock');
  const at = new Date(Math.floor(Date.parse(now) / 1_000) * 1_000 - hourMs);
  const ids = await generate(2 * portions * ofAPortion, at);
  const harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'] });
  await harness.finishBackfill();
  return {
    harness,
    ids: ids.slice(0, portions * ofAPortion),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

/** Deletes them for good in portions; each lead made meanwhile arrives within two intervals. */
async function deleteInPortions(harness: ClockHarness, ids: readonly string[]) {
  for (let from = 0; from < ids.length; from += ofAPortion) {
    await org.control('/records/hardDelete', { ids: ids.slice(from, from + ofAPortion) });
    await expectLeads(harness);
  }
}

async function expectLeads(harness: ClockHarness) {
  const [id = ''] = await harness.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } }]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('lead', id))?.company, 'Goes on');
}

test('3,000 records that are deleted for good go as the deleted log names them, and other objects are read all the while', async () => {
  await using deleting = await openDeleting();
  const { harness, ids } = deleting;
  await deleteInPortions(harness, ids);
  for (let turn = 0; turn < 15; turn++) await expectLeads(harness);
  assert.equal(await rowsLeft(harness, ids), 0);
  assert.deepEqual(await statusOf(harness), { state: 'current', missing_rows: 0 });
  const { removed } = await missing(harness);
  assert.equal(removed, 0, 'rows named in the deleted log need no decision, and do not count as removed');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('3,000 records that go without a trace stay missing until somebody decides, and other objects are read all the while', async () => {
  await using deleting = await openDeleting();
  const { harness, ids } = deleting;
  await harness.inject({
    match: { path: '*/deleted*', inside: 'only' },
    times: null,
    effect: { respond: { status: 200, body: emptyLog } },
  });
  await deleteInPortions(harness, ids);
  await harness.untilDone(harness.holder.syncRequest('verify ids', ['Account']), () => expectLeads(harness));
  const { rows, removed, rows_max: limit } = await missing(harness);
  assert.ok(removed <= limit);
  assert.equal(rows + removed, ids.length);
  assert.equal(await rowsLeft(harness, ids), rows);
  assert.deepEqual(await statusOf(harness), { state: 'rows missing', missing_rows: rows });
  await harness.untilDone(harness.holder.syncRequest('remove', ['Account']), () => expectLeads(harness));
  for (let turn = 0; turn < 3; turn++) await expectLeads(harness);
  assert.equal(await rowsLeft(harness, ids), 0);
  assert.deepEqual(await statusOf(harness), { state: 'current', missing_rows: 0 });
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
