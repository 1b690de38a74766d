import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, withSyncs } from '@lockstep/harness/api-harness';

async function create(api: ApiHarness, body: object): Promise<string> {
  const made = await api.ask('POST', '/api/v1/api-keys', body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.key as string;
}
const withKey = (api: ApiHarness, key: string, method: string, path: string, body?: object) =>
  api.ask(method, path, body, { authorization: `Bearer ${key}` });

test('a key of the scope read reads everything and changes nothing, not even keys', async () => {
  await using api = await withSyncs(['acme']);
  const key = await create(api, { name: 'reports', scope: 'read' });
  assert.equal((await withKey(api, key, 'GET', '/api/v1/syncs/acme')).status, 200);
  for (const [method, path, body] of [
    ['PATCH', '/api/v1/syncs/acme', { paused: true }],
    ['POST', '/api/v1/syncs/acme/operations', { kind: 'flush' }],
    ['DELETE', '/api/v1/syncs/acme', undefined],
    ['POST', '/api/v1/api-keys', { name: 'more', scope: 'write' }],
    ['DELETE', '/api/v1/api-keys/reports', undefined],
  ] as const) {
    const answer = await withKey(api, key, method, path, body);
    assert.deepEqual([answer.status, answer.body.code], [403, 'API-08'], `${method} ${path}`);
  }
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme')).body.paused, false);
});

test('a key of the scope write works until it is revoked, and shows when it was last used', async () => {
  await using api = await withSyncs(['acme']);
  const key = await create(api, { name: 'deploy', scope: 'write' });
  const list = async () =>
    (await api.ask('GET', '/api/v1/api-keys')).body.items as { last_used_at: string | null }[];
  assert.equal((await list())[0]?.last_used_at, null);
  assert.equal((await withKey(api, key, 'PATCH', '/api/v1/syncs/acme', { interval_ms: 900 })).status, 200);
  assert.notEqual((await list())[0]?.last_used_at, null);

  const revoked = await fetch(`${api.url}/api/v1/api-keys/deploy`, {
    method: 'DELETE',
    headers: api.headers,
  });
  assert.equal(revoked.status, 204);
  assert.equal((await withKey(api, key, 'GET', '/api/v1/syncs')).status, 401);
  assert.equal((await api.ask('DELETE', '/api/v1/api-keys/deploy')).status, 404);
});

test('an expired key, and one with another secret, are refused like no key at all', async () => {
  await using api = await withSyncs([]);
  const key = await create(api, { name: 'short', scope: 'read', expires_in_days: 1 });
  assert.equal((await withKey(api, key, 'GET', '/api/v1/syncs')).status, 200);
  const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
  assert.equal((await withKey(api, other, 'GET', '/api/v1/syncs')).status, 401);
  await api.control.control.db.query(sql`UPDATE lockstep.api_key SET expires_at = clock_timestamp()`);
  assert.equal((await withKey(api, key, 'GET', '/api/v1/syncs')).status, 401);
});

test('only a hash of a key is kept, and no list and no log line shows it', async () => {
  await using api = await withSyncs([]);
  const key = await create(api, { name: 'secret', scope: 'write' });
  await withKey(api, key, 'GET', '/api/v1/syncs');
  const [stored] = await api.control.control.db.query<{ row: string }>(
    sql`SELECT k::text AS row FROM lockstep.api_key k`,
  );
  const shown = JSON.stringify((await api.ask('GET', '/api/v1/api-keys')).body);
  const secret = key.slice('lsk_'.length + 13); // which may contain another _
  for (const text of [stored?.row ?? '', shown, api.control.log.text()]) assert.ok(!text.includes(secret));
});

test('a name that is taken and an unknown scope are refused', async () => {
  await using api = await withSyncs([]);
  await create(api, { name: 'twice', scope: 'read' });
  const taken = await api.ask('POST', '/api/v1/api-keys', { name: 'twice', scope: 'read' });
  assert.deepEqual([taken.status, taken.body.code], [400, 'CFG-03']);
  const wrong = await api.ask('POST', '/api/v1/api-keys', { name: 'x', scope: 'all' });
  assert.deepEqual([wrong.status, wrong.body.code], [400, 'API-01']);
});
