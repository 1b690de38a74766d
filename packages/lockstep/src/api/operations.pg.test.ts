import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, withSyncs } from '@lockstep/harness/api-harness';
import { endSyncRequest, reportSyncRequest, takeSyncRequests } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';

const operations = '/api/v1/syncs/acme/operations';
const begin = (api: ApiHarness, body: object, headers: Record<string, string> = {}) =>
  api.ask('POST', operations, body, headers);
const syncIdOf = async (api: ApiHarness) => (await api.ask('GET', '/api/v1/syncs/acme')).body.id as SyncId;

/** Takes the open requests as a worker would. */
const take = async ({ control: { control } }: ApiHarness, id: SyncId) => takeSyncRequests(control, id);

test('an operation is queued, then running with its progress, then done with its result', async () => {
  await using api = await withSyncs(['acme']);
  const { status, headers, body } = await begin(api, {
    kind: 'verify',
    level: 'counts',
    objects: ['account'],
  });
  assert.equal(status, 202);
  const path = headers.get('location') ?? '';
  const syncId = await syncIdOf(api);
  assert.deepEqual(
    { ...body, took_ms: 0 },
    {
      id: path.split('/').at(-1),
      sync_id: syncId,
      kind: 'verify',
      objects: ['Account'],
      state: 'queued',
      took_ms: 0,
      progress: null,
      result: null,
      fault: null,
    },
  );

  const [taken] = await take(api, syncId);
  assert.ok(taken);
  assert.deepEqual([taken.kind, taken.objects], ['verify counts', ['Account']]);
  const { control } = api.control;
  const progress = { done: 0, of: 1, objects: [{ object: 'Account', rows: 2_000, of: 9_000 }] };
  await reportSyncRequest(control, taken.id, progress);
  const running = (await api.ask('GET', path)).body;
  assert.deepEqual([running.state, running.progress], ['running', progress]);

  await endSyncRequest(control, taken.id, { result: { objects: 1 } });
  const done = (await api.ask('GET', path)).body;
  assert.deepEqual(
    [done.state, done.result],
    ['done', { objects: 1, skipped: [], repairs: [], set_aside: [] }],
  );
});

test('an operation that fails says why, and what to do', async () => {
  await using api = await withSyncs(['acme']);
  const { headers } = await begin(api, { kind: 'flush' });
  const [taken] = await take(api, await syncIdOf(api));
  await endSyncRequest(api.control.control, taken?.id ?? 0, {
    fault: new Fault('PERM-02', { stream: 'Account', reason: 'INVALID_TYPE' }),
  });
  const { state, fault } = (await api.ask('GET', headers.get('location') ?? '')).body as {
    state: string;
    fault: { code: string; says: string; next: string };
  };
  assert.deepEqual([state, fault.code], ['failed', 'PERM-02']);
  assert.notEqual(fault.next, '');
});

test('an operation that nobody needs any more is withdrawn, once', async () => {
  await using api = await withSyncs(['acme']);
  const { headers } = await begin(api, { kind: 'flush' });
  const path = headers.get('location') ?? '';
  const withdrawn = await fetch(`${api.url}${path}`, { method: 'DELETE', headers: api.headers });
  assert.equal(withdrawn.status, 204);
  assert.deepEqual(await take(api, await syncIdOf(api)), []);
  assert.equal((await api.ask('DELETE', path)).status, 404);
  assert.equal((await api.ask('GET', path)).status, 404);
});

test('what cannot be done is refused before anything is asked of the sync', async () => {
  await using api = await withSyncs(['acme']);
  for (const [body, status, says] of [
    [{ kind: 'no such kind' }, 400, /not valid/],
    [{ kind: 'verify' }, 400, /not valid/],
    [{ kind: 'flush', objects: ['Account'] }, 400, /not valid/],
    [
      { kind: 'verify', level: 'ids', objects: ['Acount'] },
      404,
      /does not mirror "Acount" \(near: Account\)/,
    ],
    [{ kind: 'refetch', object: 'Account', ids: ['001'] }, 400, /Not a record Id: "001"/],
    [{ kind: 'remove', object: 'Nothing__c' }, 404, /does not mirror/],
  ] as const) {
    const answer = await begin(api, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(String(answer.body.detail), says);
  }
  assert.deepEqual(await take(api, await syncIdOf(api)), []);
});

test('what somebody decides about missing rows is told in the activity, with who it was', async () => {
  await using api = await withSyncs(['acme']);
  for (const kind of ['keep', 'remove'])
    assert.equal((await begin(api, { kind, object: 'Account' })).status, 202);
  const { body } = await api.ask('GET', '/api/v1/syncs/acme/activity');
  assert.deepEqual(
    (body.items as { says: string }[]).map(({ says }) => says),
    [
      'Account: missing rows are removed (by this machine)',
      'Account: missing rows are kept (by this machine)',
    ],
  );
});

test('a request that is repeated with its key is done once, and answered as the first time', async () => {
  await using api = await withSyncs(['acme']);
  const key = { 'idempotency-key': randomUUID() };
  const first = await begin(api, { kind: 'flush' }, key);
  const again = await begin(api, { kind: 'flush' }, key);
  assert.deepEqual([again.status, again.body], [202, first.body]);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal((await take(api, await syncIdOf(api))).length, 1);

  const other = await begin(api, { kind: 'verify', level: 'ids' }, key);
  assert.deepEqual([other.status, other.body.code], [422, 'API-06']);
  const refused = { 'idempotency-key': randomUUID() };
  const wrong = { kind: 'remove', object: 'Nothing__c' };
  const refusals = [await begin(api, wrong, refused), await begin(api, wrong, refused)];
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [404, 404],
  );
  assert.deepEqual({ ...refusals[1]?.body }, refusals[0]?.body);
});

test('an idempotency key that is no key is a problem like any other', async () => {
  await using api = await withSyncs(['acme']);
  for (const key of ['', 'a key', 'k'.repeat(201)]) {
    const { status, headers, body } = await begin(api, { kind: 'flush' }, { 'idempotency-key': key });
    assert.deepEqual([status, body.code], [400, 'API-01'], key);
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
});

test('of twenty repetitions at once, one is done and none is lost', async () => {
  await using api = await withSyncs(['acme']);
  const key = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 20 }, () => begin(api, { kind: 'flush' }, key)));
  const statuses = new Set(answers.map(({ status }) => status));
  assert.ok(
    statuses.has(202) && [...statuses].every((status) => status === 202 || status === 409),
    [...statuses].join(),
  );
  assert.equal((await take(api, await syncIdOf(api))).length, 1);
});

test('a request whose process died is done by the next repetition, once', async () => {
  await using api = await withSyncs(['acme']);
  const key = randomUUID();
  const first = await begin(api, { kind: 'flush' }, { 'idempotency-key': key });
  const { db } = api.control.control;
  await db.query(sql`UPDATE lockstep.idempotency_key SET status = NULL, body = NULL`);
  const again = await begin(api, { kind: 'flush' }, { 'idempotency-key': key });
  assert.deepEqual([again.status, again.body.id], [202, first.body.id]);
  assert.equal((await take(api, await syncIdOf(api))).length, 1);
});
