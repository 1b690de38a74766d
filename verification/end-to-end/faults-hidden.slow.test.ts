/** Records that the sync's user may not see any more, which Salesforce does not report. Covers: sharing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = hourMs + 12 * minuteMs;
/** More than may be removed without a decision, which is 20 or 2 % of the rows. */
const tooMany = 25;

const hide = (ids: readonly string[]) => org.control('/records/hide', { user: 'integration', ids });
const show = () => org.control('/records/show', { user: 'integration' });

/** A backfilled harness in which `count` accounts are then hidden; they are visible again at the end. */
async function openHiding(count: number) {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(
    await openClockHarness({ org, sobjects: ['Account', 'Lead'], intervalMs: 3 * minuteMs }),
  );
  const names = Array.from({ length: count }, (_, n) => `Hidden ${n}`);
  const ids = await harness.write(names.map((Name) => ({ create: 'Account', values: { Name } })));
  await harness.finishBackfill();
  undo.defer(async () => void (await show()));
  await hide(ids);
  const ends = undo.move();
  return { harness, ids, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const rowsLeft = async (harness: ClockHarness, ids: readonly string[]) => {
  const [left] = await harness.mirror.query<{ count: number }>(
    sql`SELECT count(*) FROM salesforce.account WHERE id = ANY (${ids}::text[])`,
  );
  return left?.count;
};

const statusOf = async (harness: ClockHarness, sobject = 'Account') => {
  const [status] = await harness.mirror.query<{ state: string; missing_rows: number }>(
    sql`SELECT state, missing_rows FROM _lockstep.status WHERE sobject = ${sobject}`,
  );
  return status;
};

const repairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT kind, count(*) FROM _lockstep.repair GROUP BY kind ORDER BY kind`);

const manyMissing = { state: 'rows missing', missing_rows: tooMany };
const noneMissing = { state: 'current', missing_rows: 0 };

test('a few records that are hidden go with the next sweep, which records why', async () => {
  await using hiding = await openHiding(3);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  assert.equal(await rowsLeft(harness, ids), 0);
  assert.deepEqual(await repairs(harness), [{ kind: 'no longer visible', count: 3 }]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('records that become visible again after their rows went are found by the daily count', async () => {
  await using hiding = await openHiding(3);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  assert.equal(await rowsLeft(harness, ids), 0);
  await show();
  await harness.advance(24 * hourMs);
  await harness.pass(20 * minuteMs);
  assert.equal(await rowsLeft(harness, ids), 3);
  assert.deepEqual(await repairs(harness), [
    { kind: 'missing', count: 3 },
    { kind: 'no longer visible', count: 3 },
  ]);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('if more than a few are hidden, their rows stay until somebody decides; status says how many, and the sync goes on', async () => {
  await using hiding = await openHiding(tooMany);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  assert.deepEqual(await statusOf(harness), manyMissing);
  assert.deepEqual(await statusOf(harness, 'Lead'), noneMissing);
  assert.equal(await rowsLeft(harness, ids), tooMany);
  const [account = '', lead = ''] = await harness.write([
    { create: 'Account', values: { Name: 'While others are missing' } },
    { create: 'Lead', values: { LastName: 'Goes on', Company: 'Goes on' } },
  ]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('account', account))?.name, 'While others are missing');
  assert.equal((await harness.row('lead', lead))?.company, 'Goes on');
  await harness.pass(2 * sweepMs);
  assert.deepEqual(await statusOf(harness), manyMissing, 'no later sweep decides by itself');
  assert.equal(await rowsLeft(harness, ids), tooMany);
  assert.deepEqual(harness.holder.syncProblems, []);

  const result = await harness.untilDone(harness.holder.syncRequest('remove', ['Account']));
  assert.deepEqual(result.skipped, []);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await rowsLeft(harness, ids), 0);
  assert.deepEqual(await repairs(harness), [{ kind: 'no longer visible', count: tooMany }]);
  assert.deepEqual(await statusOf(harness), noneMissing);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('rows that somebody decides to keep stay, and need no new decision until they have been visible again', async () => {
  await using hiding = await openHiding(tooMany);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  await harness.untilDone(harness.holder.syncRequest('keep', ['Account']));
  assert.deepEqual(await statusOf(harness), noneMissing);
  await harness.pass(sweepMs);
  assert.deepEqual(await statusOf(harness), noneMissing, 'the next sweep does not ask again');
  assert.equal(await rowsLeft(harness, ids), tooMany);

  await show();
  await harness.pass(sweepMs);
  await harness.settle();
  await harness.expectConvergedAndIdle();

  await hide(ids);
  await harness.pass(sweepMs);
  assert.deepEqual(await statusOf(harness), manyMissing, 'the decision was about the earlier absence');
});

test('if records are visible again before anybody has decided, nothing has changed', async () => {
  await using hiding = await openHiding(tooMany);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  assert.deepEqual(await statusOf(harness), manyMissing);
  await show();
  await harness.pass(sweepMs);
  assert.deepEqual(await statusOf(harness), noneMissing);
  assert.equal(await rowsLeft(harness, ids), tooMany);
  assert.deepEqual(await repairs(harness), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a record that is deleted while its row is missing goes, and the other rows stay missing', async () => {
  await using hiding = await openHiding(tooMany + 1);
  const { harness, ids } = hiding;
  await harness.pass(sweepMs);
  await harness.write([{ delete: ids[0] ?? '' }]);
  await harness.pass(25 * minuteMs);
  assert.equal(await harness.row('account', ids[0] ?? ''), undefined);
  assert.deepEqual(await statusOf(harness), manyMissing);
});
