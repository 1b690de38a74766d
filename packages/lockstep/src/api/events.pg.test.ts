import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { withSyncs } from '@lockstep/harness/api-harness';
import { watch } from '@lockstep/harness/event-stream';
import { holdLock } from '@lockstep/harness/held-lock';
import { startSyncRequestServer, untilLeased } from '@lockstep/harness/sync-request-server';
import { endSyncRequest, listSyncs, recordActivity, reportSyncRequest } from '../control/index.ts';

test('who watches a sync sees it as it is, then each change, and its end', async () => {
  await using api = await withSyncs(['acme']);
  await using first = await watch(api, 'acme');
  const shown = await first.next('sync');
  assert.deepEqual(shown, (await api.ask('GET', '/api/v1/syncs/acme')).body);

  await api.ask('PATCH', '/api/v1/syncs/acme', { paused: true });
  assert.equal((await first.next('sync')).paused, true);
  await using second = await watch(api, 'acme');
  assert.equal((await second.next('sync')).paused, true, 'who comes later sees the newest state');

  await api.ask('DELETE', '/api/v1/syncs/acme');
  for (const stream of [first, second]) {
    assert.deepEqual(await stream.next('deleted'), { id: shown.id });
    await stream.ended;
  }
});

test('who watches a sync is told what happens from then on, also if an entry is written late', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const [sync] = await listSyncs(control);
  assert.ok(sync);
  recordActivity(control, sync.id, { kind: 'org', event: 'moved' });
  await control.activity.flush();
  await using stream = await watch(api, 'acme');
  await stream.next('sync');
  // Until the next look has begun, it is not known which entries are new.
  await api.ask('PATCH', '/api/v1/syncs/acme', { interval_ms: 900 });
  await stream.next('sync');
  recordActivity(control, sync.id, { kind: 'credential', event: 'replaced' });
  await control.activity.flush();
  const { says } = await stream.next('activity');
  assert.equal(says, 'The credential was replaced');
  await control.db.query(sql`
    INSERT INTO lockstep.activity (activity_id, sync_id, at, kind, event, sobject)
    OVERRIDING SYSTEM VALUE VALUES (0, ${sync.id}, clock_timestamp(), 'state', 'current', 'Account')`);
  assert.equal((await stream.next('activity')).says, 'Account is current');
});

test('a snapshot shows a sync and its objects as their routes do', async () => {
  await using api = await withSyncs(['acme']);
  const { status, body } = await api.ask('GET', '/api/v1/syncs/acme/snapshot');
  const sync = (await api.ask('GET', '/api/v1/syncs/acme')).body;
  assert.deepEqual([status, body.sync, body.objects], [200, sync, []]);
  assert.ok(sync.mirror_fault, 'the mirror of this sync was never made');
  assert.equal((await api.ask('GET', '/api/v1/syncs/none/snapshot')).status, 404);
});

test('a server that stops ends its streams instead of waiting for them', async () => {
  const api = await withSyncs(['acme']);
  await using stream = await watch(api, 'acme');
  await stream.next('sync');
  await api[Symbol.asyncDispose]();
  await stream.ended;
});

test('readers that leave before their stream begins take no place of those that stay', async () => {
  await using api = await withSyncs(['acme']);
  const lock = await holdLock(api.control.database.db, 'LOCK TABLE lockstep.sync IN ACCESS EXCLUSIVE MODE');
  const leave = new AbortController();
  const readers = Array.from({ length: 200 }, () =>
    fetch(`${api.url}/api/v1/syncs/acme/events`, { headers: api.headers, signal: leave.signal }),
  );
  await systemClock.sleep(1_000); // until all of them have arrived and wait for the lock
  leave.abort();
  await Promise.allSettled(readers);
  await lock[Symbol.asyncDispose]();
  await api.ask('GET', '/api/v1/syncs/acme'); // behind them in the queue for connections
  await using stream = await watch(api, 'acme');
  assert.equal((await stream.next('sync')).name, 'acme');
});

test('a stream of a sync that is not there is refused like any request', async () => {
  await using api = await withSyncs([]);
  const { status, body } = await api.ask('GET', '/api/v1/syncs/nobody/events');
  assert.deepEqual([status, body.detail], [404, 'There is no sync "nobody"']);
});

test('who watches an operation sees its progress and its end', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const [sync] = await listSyncs(control);
  assert.ok(sync);
  const progress = { done: 1, of: 2, objects: [] };
  await using _server = startSyncRequestServer(await api.control.openAnother(), async ({ id }) => {
    await reportSyncRequest(control, id, progress);
    await endSyncRequest(control, id, { result: { objects: 2 } });
  });
  await untilLeased(control, sync);
  const { body } = await api.ask('POST', '/api/v1/syncs/acme/operations', { kind: 'flush' });
  await using stream = await watch(api, String(body.id), 'operations');
  let last: Record<string, unknown> = {};
  while (last.state !== 'done') last = await stream.next('operation');
  assert.deepEqual(last.progress, progress);
  await stream.ended;
});

test('who watches an operation that nobody works on is told why, and the operation stays', async () => {
  await using api = await withSyncs(['acme']);
  const { body } = await api.ask('POST', '/api/v1/syncs/acme/operations', { kind: 'flush' });
  await using stream = await watch(api, String(body.id), 'operations');
  assert.deepEqual((await stream.next('problem')).code, 'SYS-13');
  await stream.ended;
  assert.equal((await api.ask('GET', `/api/v1/operations/${String(body.id)}`)).body.state, 'queued');
});
