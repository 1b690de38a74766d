import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, withSyncs } from '@lockstep/harness/api-harness';
import { startSyncRequestServer, untilLeased } from '@lockstep/harness/sync-request-server';
import {
  createAdministrator,
  endSyncRequest,
  listSyncs,
  recordActivity,
  reportSyncRequest,
} from '../control/index.ts';

interface Stream extends AsyncDisposable {
  /** The next event of this type. */
  next(type: string): Promise<Record<string, unknown>>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
}

/** A client of the event stream that reads as a browser does. */
async function watch(
  api: ApiHarness,
  sync: string,
  of = 'syncs',
  headers: Record<string, string> = api.headers,
): Promise<Stream> {
  const leave = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/${of}/${sync}/events`, {
    headers,
    signal: leave.signal,
  });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  const seen: { type: string; data: Record<string, unknown> }[] = [];
  let wake = () => undefined as void;
  const ended = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const [, type, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
        if (type !== undefined)
          seen.push({ type, data: JSON.parse(data ?? '{}') as Record<string, unknown> });
      }
      wake();
    }
  })().catch(() => undefined);
  return {
    ended,
    async next(type) {
      for (;;) {
        const at = seen.findIndex((event) => event.type === type);
        if (at >= 0) return seen.splice(0, at + 1).at(-1)?.data ?? {};
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      leave.abort();
      await ended;
    },
  };
}

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

test('a stream ends within seconds when its key is revoked or its session ends, and watching prolongs no session', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  await createAdministrator(control, 'a long phrase is fine');
  const signIn = async () => {
    const given = { password: 'a long phrase is fine' };
    const { headers } = await api.ask('POST', '/api/v1/session', given, { authorization: '' });
    return { cookie: headers.get('set-cookie')?.split(';')[0] ?? '' };
  };
  const made = await api.ask('POST', '/api/v1/api-keys', { name: 'screen', scope: 'read' });
  await using lasting = await watch(api, 'acme', 'syncs', await signIn());
  const [kept] = await control.db.query<{ session_id: string }>(sql`
    UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '2 hours' RETURNING session_id`);
  await using ofSession = await watch(api, 'acme', 'syncs', await signIn());
  await using ofKey = await watch(api, 'acme', 'syncs', { authorization: `Bearer ${String(made.body.key)}` });
  for (const stream of [lasting, ofSession, ofKey]) await stream.next('sync');

  await api.ask('DELETE', '/api/v1/api-keys/screen');
  await control.db.query(sql`DELETE FROM lockstep.session WHERE session_id <> ${kept?.session_id}`);
  await Promise.all([ofSession.ended, ofKey.ended]);
  await api.ask('PATCH', '/api/v1/syncs/acme', { paused: true });
  assert.equal((await lasting.next('sync')).paused, true);
  const prolonged = await control.db.query(
    sql`SELECT session_id FROM lockstep.session WHERE last_seen_at > clock_timestamp() - interval '1 hour'`,
  );
  assert.deepEqual(prolonged, []);
});
