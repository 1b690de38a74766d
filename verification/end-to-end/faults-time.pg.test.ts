/**
 * Stamps and commits, and clocks. Rows of the list of faults: 1 (late commit), 2 (one stamp over pages), 3 (two updates
 * in a second), 4 (smaller Id behind the cursor), 67 (clocks that jump).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const create = async (stage: Stage, Name: string, at?: Date) => {
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name } }], at);
  return id;
};
const rename = (stage: Stage, id: string, Name: string, at?: Date) =>
  stage.write([{ update: id, values: { Name } }], at);
const nameOf = async (stage: Stage, id: string) => (await stage.row('account', id))?.name;

test('a transaction that commits nine minutes after its stamp arrives with the recheck', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const { id, ids } = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
    writes: [{ create: 'Account', values: { Name: 'Committed late' } }],
  });
  const [account = ''] = ids;
  await stage.pass(9 * minuteMs);
  await org.control('/transactions/commit', { id });
  await stage.pass(2 * minuteMs);
  assert.equal(await stage.row('account', account), undefined, 'the head has passed its stamp');
  await stage.settle();
  assert.equal(await nameOf(stage, account), 'Committed late');
  await stage.expectWhole();
});

test('a transaction that was open when the sync began arrives too', async () => {
  const { id, ids } = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
    writes: [{ create: 'Account', values: { Name: 'Begun before' } }],
  });
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.pass(9 * minuteMs);
  await org.control('/transactions/commit', { id });
  await stage.settle();
  assert.equal(await nameOf(stage, ids[0] ?? ''), 'Begun before');
  await stage.expectWhole();
});

test('600 records with one stamp arrive in three pages of 200 and are then left behind', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'], pageRows: 200 });
  await stage.copy();
  const count = async () => {
    const [counted] = await stage.mirror.query<{ rows: number }>(
      sql`SELECT count(*) AS rows FROM salesforce.account`,
    );
    return counted?.rows ?? 0;
  };
  const before = await count();
  await org.control('/records/generate', { sobject: 'Account', count: 600 });
  await stage.pass(4 * stage.intervalMs);
  assert.equal((await count()) - before, 600);
  await stage.pass(6 * stage.intervalMs);
  const { received } = stage.holder.counts;
  await stage.pass(3 * stage.intervalMs);
  assert.equal(stage.holder.counts.received, received, 'the head does not read them again and again');
  await stage.settle();
  await stage.expectWhole();
});

test('of two updates in one second the second arrives, though the first was read between them', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const second = new Date(stage.clock.now());
  const id = await create(stage, 'First', second);
  await stage.pass(stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'First');
  await rename(stage, id, 'Second', second);
  await stage.settle();
  assert.equal(await nameOf(stage, id), 'Second');
  await stage.expectWhole();
});

test('a change whose stamp and Id lie behind a page that is already read is not skipped', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'], pageRows: 200 });
  const id = await create(stage, 'Small Id');
  await stage.copy();
  const second = new Date(stage.clock.now());
  await org.control('/records/generate', { sobject: 'Account', count: 500, at: second.toISOString() });
  await stage.pass(stage.intervalMs);
  await rename(stage, id, 'Behind the cursor', second);
  await stage.pass(stage.intervalMs);
  // The pass goes on with the whole of the second in which its first page ended.
  assert.equal(await nameOf(stage, id), 'Behind the cursor');
  await stage.settle();
  await stage.expectWhole();
});

for (const hours of [-1, 1]) {
  test(`a local clock that is ${hours} h off changes nothing of what is read and claimed`, async () => {
    await using stage = await openStage({
      org,
      sobjects: ['Account'],
      engineClock: (clock) => ({
        now: () => clock.now() + hours * hourMs,
        sleep: (ms, signal) => clock.sleep(ms, signal),
      }),
    });
    await stage.copy();
    const id = await create(stage, 'By another clock');
    await stage.pass(2 * stage.intervalMs);
    assert.equal(await nameOf(stage, id), 'By another clock');
    const patched = await stage.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Patched' });
    assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
    await stage.settle();
    await stage.expectWhole();
  });
}

test('another time zone of the machine, set while the engine runs, changes nothing', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const { TZ } = process.env;
  process.env.TZ = 'Pacific/Kiritimati';
  try {
    const id = await create(stage, 'On the other side of the date line');
    await stage.pass(2 * stage.intervalMs);
    assert.equal(await nameOf(stage, id), 'On the other side of the date line');
    await stage.settle();
    await stage.expectWhole();
  } finally {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});
