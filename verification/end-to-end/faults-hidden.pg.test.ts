/**
 * Records that the sync's user may not see any more, which nothing tells of. Row of the list of faults: 17 (sharing).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** After so long a small table has been swept, and what was absent has been read again. */
const sweepMs = hourMs + 12 * minuteMs;
/** More than may go without a question, which is 20 or 2 % of the rows. */
const tooMany = 25;

const hide = (ids: readonly string[]) => org.control('/records/hide', { user: 'integration', ids });
const show = () => org.control('/records/show', { user: 'integration' });

/** A copied stage; the accounts named here are hidden then, and seen again at the end. */
async function openHiding(count: number) {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account', 'Lead'], intervalMs: 3 * minuteMs }));
  const names = Array.from({ length: count }, (_, n) => `Hidden ${n}`);
  const ids = await stage.write(names.map((Name) => ({ create: 'Account', values: { Name } })));
  await stage.copy();
  undo.defer(async () => void (await show()));
  await hide(ids);
  const ends = undo.move();
  return { stage, ids, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const rowsLeft = async (stage: Stage, ids: readonly string[]) => {
  const [left] = await stage.mirror.query<{ count: number }>(
    sql`SELECT count(*) FROM salesforce.account WHERE id = ANY (${ids}::text[])`,
  );
  return left?.count;
};

const statusOf = async (stage: Stage, sobject = 'Account') => {
  const [status] = await stage.mirror.query<{ state: string; missing_rows: number }>(
    sql`SELECT state, missing_rows FROM _lockstep.status WHERE sobject = ${sobject}`,
  );
  return status;
};

const repairs = (stage: Stage) =>
  stage.mirror.query(sql`SELECT kind, count(*) FROM _lockstep.repair GROUP BY kind ORDER BY kind`);

const held = { state: 'rows missing', missing_rows: tooMany };
const notHeld = { state: 'current', missing_rows: 0 };

test('a few records that are hidden go with the next sweep, and it is told why', async () => {
  await using hiding = await openHiding(3);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  assert.equal(await rowsLeft(stage, ids), 0);
  assert.deepEqual(await repairs(stage), [{ kind: 'no longer visible', count: 3 }]);
  await stage.settle();
  await stage.expectWhole();
});

test('records that are seen again after they went are found by the count of a day', async () => {
  await using hiding = await openHiding(3);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  assert.equal(await rowsLeft(stage, ids), 0);
  await show();
  await stage.advance(24 * hourMs);
  await stage.pass(20 * minuteMs);
  assert.equal(await rowsLeft(stage, ids), 3);
  assert.deepEqual(await repairs(stage), [
    { kind: 'missing', count: 3 },
    { kind: 'no longer visible', count: 3 },
  ]);
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

test('more than a few stay until somebody decides; status says how many, and the rest of the sync goes on', async () => {
  await using hiding = await openHiding(tooMany);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  assert.deepEqual(await statusOf(stage), held);
  assert.deepEqual(await statusOf(stage, 'Lead'), notHeld);
  assert.equal(await rowsLeft(stage, ids), tooMany);
  const [account = '', lead = ''] = await stage.write([
    { create: 'Account', values: { Name: 'While others are held' } },
    { create: 'Lead', values: { LastName: 'Goes on', Company: 'Goes on' } },
  ]);
  await stage.pass(2 * stage.intervalMs);
  assert.equal((await stage.row('account', account))?.name, 'While others are held');
  assert.equal((await stage.row('lead', lead))?.company, 'Goes on');
  await stage.pass(2 * sweepMs);
  assert.deepEqual(await statusOf(stage), held, 'no later sweep decides by itself');
  assert.equal(await rowsLeft(stage, ids), tooMany);
  assert.deepEqual(stage.holder.syncProblems, []);

  const result = await untilDone(stage, stage.holder.syncRequest('remove', ['Account']));
  assert.deepEqual(result.skipped, []);
  await stage.pass(2 * stage.intervalMs);
  assert.equal(await rowsLeft(stage, ids), 0);
  assert.deepEqual(await repairs(stage), [{ kind: 'no longer visible', count: tooMany }]);
  assert.deepEqual(await statusOf(stage), notHeld);
  await stage.settle();
  await stage.expectWhole();
});

test('rows that are to be kept stay, and are not asked about until they have been seen again', async () => {
  await using hiding = await openHiding(tooMany);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  await untilDone(stage, stage.holder.syncRequest('keep', ['Account']));
  assert.deepEqual(await statusOf(stage), notHeld);
  await stage.pass(sweepMs);
  assert.deepEqual(await statusOf(stage), notHeld, 'the next sweep asks no more');
  assert.equal(await rowsLeft(stage, ids), tooMany);

  await show();
  await stage.pass(sweepMs);
  await stage.settle();
  await stage.expectWhole();

  await hide(ids);
  await stage.pass(sweepMs);
  assert.deepEqual(await statusOf(stage), held, 'what was kept was the former absence');
});

test('rows that are seen again before anybody has decided are as if nothing had happened', async () => {
  await using hiding = await openHiding(tooMany);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  assert.deepEqual(await statusOf(stage), held);
  await show();
  await stage.pass(sweepMs);
  assert.deepEqual(await statusOf(stage), notHeld);
  assert.equal(await rowsLeft(stage, ids), tooMany);
  assert.deepEqual(await repairs(stage), []);
  await stage.settle();
  await stage.expectWhole();
});

test('a record that is deleted while its row is held goes, and the others stay held', async () => {
  await using hiding = await openHiding(tooMany + 1);
  const { stage, ids } = hiding;
  await stage.pass(sweepMs);
  await stage.write([{ delete: ids[0] ?? '' }]);
  await stage.pass(25 * minuteMs);
  assert.equal(await stage.row('account', ids[0] ?? ''), undefined);
  assert.deepEqual(await statusOf(stage), held);
});

/** A sync request that needs no more than a few requests. */
async function untilDone<Result>(stage: Stage, syncRequest: Promise<Result>): Promise<Result> {
  await stage.pass(2 * stage.intervalMs);
  return syncRequest;
}
