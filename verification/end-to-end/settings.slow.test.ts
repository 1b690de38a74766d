import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { changeSettings, listenForChanges, readHealth } from 'lockstep/control';
import { openSyncs, proxiedSync } from 'lockstep/engine';
import { changeSync } from 'lockstep/operations/change-sync';

const requests = (harness: EndToEndHarness) =>
  harness.control.log.text().split('"msg":"asked Salesforce"').length - 1;

/** Waits for a poll that begins after this call. */
async function untilPolledAgain(harness: EndToEndHarness): Promise<void> {
  const [row] = await harness.reader.query<{ at: string | null }>(
    sql`SELECT max(read_until) AS at FROM _lockstep.status`,
  );
  await harness.until(
    sql`SELECT min(read_until) > coalesce(${row?.at}::timestamptz, '-infinity') FROM _lockstep.status`,
    'the poll has gone on',
  );
}

test('the budget changes while the sync runs', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Lead'],
    intervalMs: 300_000,
  });
  harness.startWorker();
  await harness.untilComplete();
  assert.equal(requests(harness), 1, 'an interval of five minutes allows one request');
  await changeSettings(harness.control.control, harness.sync.id, { intervalMs: 200 });
  await untilPolledAgain(harness);
  await untilPolledAgain(harness);
  assert.ok(requests(harness) >= 3, 'the shorter interval applies at once');
});

test('a cursor that somebody else has moved is continued from its new position', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  harness.startWorker();
  await harness.untilComplete();
  const [moved] = await harness.admin.query<{ version: number }>(sql`
    UPDATE _lockstep.cursor SET version = version + 1000 WHERE kind = 'head' RETURNING version`);
  await untilPolledAgain(harness);
  const [cursor] = await harness.admin.query<{ version: number }>(
    sql`SELECT version FROM _lockstep.cursor WHERE kind = 'head'`,
  );
  assert.ok((cursor?.version ?? 0) > (moved?.version ?? 0));
});

test('a paused sync is released and sends no request, and a resumed one goes on', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  harness.startWorker();
  await harness.untilComplete();
  const letGo = harness.control.log.next('sync released');
  await changeSettings(harness.control.control, harness.sync.id, { paused: true });
  await letGo;
  const whilePaused = requests(harness);
  const claimed = harness.control.log.next('sync claimed');
  await changeSettings(harness.control.control, harness.sync.id, { paused: false });
  await claimed;
  assert.equal(requests(harness), whilePaused);
  await untilPolledAgain(harness);
});

test('the setting for writes while the database is down changes for a running proxy', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  const { control, log } = harness.control;
  const deps = { control, clock: systemClock, log: log.log, allowHosts: [], owner: 'proxy-of-the-test' };
  const syncs = openSyncs(deps);
  const stop = new AbortController();
  const listens = Promise.withResolvers<void>();
  const refreshed = Promise.withResolvers<void>();
  const chosen = async () => (await proxiedSync(deps, syncs, harness.sync.id))?.withoutDatabase;
  assert.equal(await chosen(), 'refuse');
  const listening = listenForChanges(
    control,
    (id) => void syncs.refresh(id).then(() => (id === null ? listens : refreshed).resolve()),
    stop.signal,
  );
  await listens.promise;
  await changeSettings(control, harness.sync.id, { withoutDatabase: 'forward' });
  await refreshed.promise;
  assert.equal(await chosen(), 'forward');
  stop.abort();
  await listening;
  await syncs.end();
});

test('the end of the last backfill is put in the outbox once, however often the sync starts', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead', 'Product2'] });
  for (let start = 0; start < 3; start++) {
    const worker = harness.startWorker();
    await harness.untilComplete();
    await untilPolledAgain(harness);
    await worker.stop();
  }
  const events = await harness.control.database.db.query<{ event: string; body: { tables: unknown[] } }>(
    sql`SELECT event, body FROM lockstep.notification`,
  );
  assert.equal(events.length, 1);
  assert.equal(events[0]?.event, 'backfill-complete');
  assert.equal(events[0]?.body.tables.length, 2);
});

test('the fault that stops a sync is recorded while it waits, and removed when it goes on', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  const health = async () => (await readHealth(harness.control.control)).get(harness.sync.id);
  assert.deepEqual(await health(), { hasWorker: false, fault: null });
  harness.startWorker();
  await harness.untilComplete();
  assert.deepEqual(await health(), { hasWorker: true, fault: null });

  const recorded = harness.nextSyncProblem('NET-01');
  const restarted = harness.org.restart();
  await recorded;
  const waiting = await health();
  assert.equal(waiting?.fault?.code, 'NET-01');
  assert.match(waiting?.fault?.says ?? '', /Salesforce does not answer/);
  await restarted;
  await harness.nextSyncProblem(null);
  assert.deepEqual(await health(), { hasWorker: true, fault: null });
});

test('a statement that the database refuses for an unforeseen reason is reported by its code alone, until it succeeds', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  const fault = async () => (await readHealth(harness.control.control)).get(harness.sync.id)?.fault;
  await harness.admin.script(
    `ALTER TABLE _lockstep.sync ADD CONSTRAINT canary CHECK (epoch = 0 AND sync_id <> 'canary')`,
  );
  const recorded = harness.nextSyncProblem('DB-17');
  harness.startWorker();
  await recorded;
  const told = await fault();
  assert.equal(told?.code, 'DB-17');
  assert.match(told?.says ?? '', /One of the sync's own statements failed \(23514\)/);
  assert.doesNotMatch(JSON.stringify(told), /canary/);

  await harness.admin.script('ALTER TABLE _lockstep.sync DROP CONSTRAINT canary');
  await harness.untilComplete();
  while (await fault()) await systemClock.sleep(20);
});

test('after the backfill the references have indexes, and foreign keys come and go with the setting', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account', 'Contact'],
  });
  harness.startWorker();
  await harness.untilComplete();
  const untilIndexed = (index: string) =>
    harness.until(sql`SELECT to_regclass(${index}) IS NOT NULL`, `${index} is there`);
  await untilIndexed('salesforce.contact_accountid_idx');
  await untilIndexed('salesforce.account_parentid_idx');

  const untilKeys = (isThere: boolean) =>
    harness.until(
      sql`SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = 'contact_accountid_fkey') = ${isThere}`,
      `a foreign key is ${isThere ? 'there' : 'gone'}`,
    );
  const { control } = harness.control;
  await changeSync(control, harness.sync, { foreignKeys: true });
  await untilKeys(true);
  await untilPolledAgain(harness);
  await changeSync(control, harness.sync, { foreignKeys: false });
  await untilKeys(false);
});
