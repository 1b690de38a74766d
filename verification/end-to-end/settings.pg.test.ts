import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openWorld, type World } from '@lockstep/harness/world';
import { listenForChanges, readHealth, setIntervalMs, setPaused, setWithoutDatabase } from 'lockstep/control';
import { openSyncs, proxiedSync } from 'lockstep/engine';

const requests = (world: World) => world.control.log.text().split('"msg":"asked Salesforce"').length - 1;

/** By a poll that begins after this call. */
async function untilPolledAgain(world: World): Promise<void> {
  const [row] = await world.reader.query<{ at: string | null }>(
    sql`SELECT max(read_until) AS at FROM _lockstep.status`,
  );
  await world.until(
    sql`SELECT min(read_until) > coalesce(${row?.at}::timestamptz, '-infinity') FROM _lockstep.status`,
    'the poll has gone on',
  );
}

test('the budget changes while the sync runs', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'], intervalMs: 300_000 });
  world.startWorker();
  await world.untilComplete();
  assert.equal(requests(world), 1, 'at one request in five minutes one is made');
  await setIntervalMs(world.control.control, world.sync.id, 200);
  await untilPolledAgain(world);
  await untilPolledAgain(world);
  assert.ok(requests(world) >= 3, 'the shorter interval counts at once');
});

test('a cursor that somebody else has moved is taken up from where it stands', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'] });
  world.startWorker();
  await world.untilComplete();
  const [moved] = await world.admin.query<{ version: number }>(sql`
    UPDATE _lockstep.cursor SET version = version + 1000 WHERE kind = 'head' RETURNING version`);
  await untilPolledAgain(world);
  const [cursor] = await world.admin.query<{ version: number }>(
    sql`SELECT version FROM _lockstep.cursor WHERE kind = 'head'`,
  );
  assert.ok((cursor?.version ?? 0) > (moved?.version ?? 0));
});

test('a paused sync is let go and asks nothing, and a resumed one goes on', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'] });
  world.startWorker();
  await world.untilComplete();
  const letGo = world.control.log.next('sync let go');
  await setPaused(world.control.control, world.sync.id, true);
  await letGo;
  const whilePaused = requests(world);
  const claimed = world.control.log.next('sync claimed');
  await setPaused(world.control.control, world.sync.id, false);
  await claimed;
  assert.equal(requests(world), whilePaused);
  await untilPolledAgain(world);
});

test('what becomes of writes while the database is away changes for a proxy that runs', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'] });
  const { control, log } = world.control;
  const deps = { control, clock: systemClock, log: log.log, allowHosts: [], owner: 'proxy-of-the-test' };
  const syncs = openSyncs(deps);
  const stop = new AbortController();
  const listens = Promise.withResolvers<void>();
  const refreshed = Promise.withResolvers<void>();
  const chosen = async () => (await proxiedSync(deps, syncs, world.sync.id))?.withoutDatabase;
  assert.equal(await chosen(), 'refuse');
  const listening = listenForChanges(
    control,
    (id) => void syncs.refresh(id).then(() => (id === null ? listens : refreshed).resolve()),
    stop.signal,
  );
  await listens.promise;
  await setWithoutDatabase(control, world.sync.id, 'forward');
  await refreshed.promise;
  assert.equal(await chosen(), 'forward');
  stop.abort();
  await listening;
  await syncs.end();
});

test('the end of the last first copy is put into the outbox once, however often the sync starts', async () => {
  await using world = await openWorld({ org: { records: 600 }, sobjects: ['Lead', 'Product2'] });
  for (let start = 0; start < 3; start++) {
    const worker = world.startWorker();
    await world.untilComplete();
    await untilPolledAgain(world);
    await worker.stop();
  }
  const events = await world.control.database.db.query<{ event: string; body: { tables: unknown[] } }>(
    sql`SELECT event, body FROM lockstep.notification`,
  );
  assert.equal(events.length, 1);
  assert.equal(events[0]?.event, 'backfill-complete');
  assert.equal(events[0]?.body.tables.length, 2);
});

test('what a sync waits for is known while it waits, and forgotten when it goes on', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'] });
  const health = async () => (await readHealth(world.control.control)).get(world.sync.id);
  assert.deepEqual(await health(), { isHeld: false, fault: null });
  world.startWorker();
  await world.untilComplete();
  assert.deepEqual(await health(), { isHeld: true, fault: null });

  const recorded = world.news('NET-01');
  const restarted = world.org.restart();
  await recorded;
  const waiting = await health();
  assert.equal(waiting?.fault?.code, 'NET-01');
  assert.match(waiting?.fault?.says ?? '', /Salesforce does not answer/);
  await restarted;
  await world.news(null);
  assert.deepEqual(await health(), { isHeld: true, fault: null });
});

test('a statement that the database refuses for a reason that nobody has foreseen is told by its code alone, and forgotten when it goes through', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Lead'] });
  const fault = async () => (await readHealth(world.control.control)).get(world.sync.id)?.fault;
  await world.admin.script(
    `ALTER TABLE _lockstep.sync ADD CONSTRAINT canary CHECK (epoch = 0 AND sync_id <> 'canary')`,
  );
  const recorded = world.news('DB-17');
  world.startWorker();
  await recorded;
  const told = await fault();
  assert.equal(told?.code, 'DB-17');
  assert.match(told?.says ?? '', /A statement of the sync itself failed \(23514\)/);
  assert.doesNotMatch(JSON.stringify(told), /canary/);

  await world.admin.script('ALTER TABLE _lockstep.sync DROP CONSTRAINT canary');
  await world.untilComplete();
  while (await fault()) await systemClock.sleep(20);
});
