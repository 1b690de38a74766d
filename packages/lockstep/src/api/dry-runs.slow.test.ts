/** A dry run answers as the request itself would, and changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, newSyncOf, withSyncs } from '@lockstep/harness/api-harness';
import { openOrgApi } from '@lockstep/harness/org-api';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { beginDeleting, beginRecopy, findSync } from '../control/index.ts';

const { org, api } = await openOrgApi();

const path = '/api/v1/syncs/acme';
/** The dry run first, then the request itself: what both answer. */
async function both(of: ApiHarness, method: string, to: string, body?: object, headers = {}) {
  const tried = await of.ask(method, `${to}${to.includes('?') ? '&' : '?'}dry_run=true`, body, headers);
  const real = await of.ask(method, to, body, headers);
  const told = [tried, real].map(({ status, body: { request_id: _, ...problem } }) => ({ status, problem }));
  assert.deepEqual(told[0], told[1], `${method} ${to}`);
  return { status: real.status, code: real.body.code };
}
async function withAcme(change: object = {}) {
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, change));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return {
    [Symbol.asyncDispose]: async () => void (await api.ask('DELETE', path)),
  };
}

test('a change of settings is refused in a dry run for what it would be refused for', async () => {
  await using other = await withSyncs(['acme']);
  const { control } = other.control;
  const { id } = (await findSync(control, 'acme')) ?? assert.fail();
  const stale = { 'if-match': '"an-older-one"' };
  assert.deepEqual(await both(other, 'PATCH', path, { paused: true }, stale), {
    status: 412,
    code: 'API-04',
  });
  assert.deepEqual(await both(other, 'PATCH', path, {}, stale), { status: 412, code: 'API-04' });
  await beginRecopy(control, id);
  assert.deepEqual(await both(other, 'PATCH', path, { paused: false }), { status: 409, code: 'SYS-24' });
  await beginDeleting(control, id);
  assert.deepEqual(await both(other, 'PATCH', path, { interval_ms: 900 }), { status: 409, code: 'SYS-18' });
});

test('a dry run of a change shows the sync as it would be, with the ETag that the change itself needs', async () => {
  await using _ = await withAcme();
  const now = await api.ask('GET', path);
  for (const [method, to, body, member] of [
    ['PATCH', path, { interval_ms: 900 }, 'interval_ms'],
    ['PUT', `${path}/api-version`, { api_version: '61.0' }, 'api_version'],
  ] as const) {
    const tag = { 'if-match': (await api.ask('GET', path)).headers.get('etag') ?? '' };
    const tried = await api.ask(method, `${to}?dry_run=true`, body, tag);
    assert.deepEqual([tried.status, tried.headers.get('etag')], [200, tag['if-match']]);
    assert.deepEqual(tried.body[member], Object.values(body)[0]);
    assert.deepEqual((await api.ask('GET', path)).body[member], now.body[member]);
    const made = await api.ask(method, to, body, tag);
    assert.deepEqual([made.status, made.body], [200, tried.body], JSON.stringify(made.body));
    assert.notEqual(made.headers.get('etag'), tag['if-match'], member);
  }
});

test('whatever is changed about a sync, a stale ETag and a deletion under way are told by its dry run too', async () => {
  await using own = await openOwnDatabase();
  await using _ = await withAcme({ destination: own.form() });
  const { credential } = newSyncOf(org);
  const changes: [method: string, to: string, body: object][] = [
    ['PUT', `${path}/credential`, { credential }],
    ['PUT', `${path}/api-version`, { api_version: 'newest' }],
    ['PUT', `${path}/destination`, own.form()],
  ];
  for (const [method, to, body] of changes) {
    const stale = await both(api, method, to, body, { 'if-match': '"an-older-one"' });
    assert.deepEqual(stale, { status: 412, code: 'API-04' }, to);
  }
  const tag = { 'if-match': (await api.ask('GET', path)).headers.get('etag') ?? '' };
  for (const [method, to, body] of changes)
    assert.equal((await api.ask(method, to, body, tag)).status, 200, to);
  // The mirror may be elsewhere now: who has not seen that, is told.
  const moved = await both(api, 'PATCH', path, { interval_ms: 900 }, tag);
  assert.deepEqual(moved, { status: 412, code: 'API-04' });

  const { id } = (await findSync(api.control.control, 'acme')) ?? assert.fail();
  await beginDeleting(api.control.control, id);
  const others: typeof changes = [
    ['POST', `${path}/objects`, { objects: ['Lead'] }],
    ['POST', `${path}/recopy`, {}],
    ['POST', `${path}/readers`, { name: 'reports' }],
  ];
  for (const [method, to, body] of [...changes, ...others])
    assert.deepEqual(await both(api, method, to, body), { status: 409, code: 'SYS-18' }, to);
  assert.deepEqual(await both(api, 'DELETE', `${path}/objects/Account`), { status: 409, code: 'SYS-18' });
});

test('a deletion that would be refused is refused in a dry run, and begins nothing', async () => {
  await using own = await openOwnDatabase();
  {
    await using _ = await withAcme();
    assert.deepEqual(await both(api, 'DELETE', `${path}?keep_mirror=true`), { status: 400, code: '' });
  }
  await using _ = await withAcme({ destination: own.form() });
  const isBeingDeleted = async () => (await findSync(api.control.control, 'acme'))?.isDeleting;
  await own.superuser.script('CREATE VIEW public.names AS SELECT name FROM salesforce.account');
  assert.deepEqual(await both(api, 'DELETE', path), { status: 503, code: 'DB-24' });
  await own.superuser.script(`DROP VIEW public.names; ALTER ROLE ${own.prefix}_writer NOLOGIN`);
  assert.deepEqual(await both(api, 'DELETE', path), { status: 503, code: 'DB-03' });
  assert.equal(await isBeingDeleted(), false);
  const kept = await api.ask('DELETE', `${path}?keep_mirror=true&dry_run=true`);
  assert.equal(kept.status, 200, 'nothing connects to a mirror that is kept');
  await own.superuser.script(`ALTER ROLE ${own.prefix}_writer LOGIN`);
  const tried = await api.ask('DELETE', `${path}?dry_run=true`);
  const real = await api.ask('DELETE', path);
  assert.deepEqual([tried.status, tried.body], [200, real.body]);
});

test('a dry run of a recopy tries the mirror, and says which objects the new org does not show', async () => {
  await using own = await openOwnDatabase();
  await using _ = await withAcme({ destination: own.form(), objects: ['Account', 'Lead'] });
  const orgId = (await api.ask('GET', path)).body.org_id;
  await org.control('/org/changeId', {});
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  await own.superuser.script(`ALTER ROLE ${own.prefix}_writer NOLOGIN`);
  assert.deepEqual(await both(api, 'POST', `${path}/recopy`, {}), { status: 503, code: 'DB-03' });
  await own.superuser.script(
    `ALTER ROLE ${own.prefix}_writer LOGIN; ALTER DATABASE ${own.name} SET default_transaction_read_only = on`,
  );
  assert.deepEqual(await both(api, 'POST', `${path}/recopy`, {}), { status: 503, code: 'DB-08' });
  assert.equal((await findSync(api.control.control, 'acme'))?.isRecopying, false);
  await own.superuser.script(`ALTER DATABASE ${own.name} SET default_transaction_read_only = off`);

  const tried = await api.ask('POST', `${path}/recopy?dry_run=true`, {});
  assert.equal(tried.status, 200, JSON.stringify(tried.body));
  assert.deepEqual(tried.body.skipped, [
    { object: 'Lead', reason: 'the org does not have it, or does not show it to the user' },
  ]);
  const mirror = await own.superuser.query(sql`SELECT org_id FROM _lockstep.sync`);
  assert.deepEqual(mirror, [{ org_id: orgId }], 'the mirror is still that of the old org');
  assert.deepEqual((await api.ask('POST', `${path}/recopy`, {})).body, tried.body);
  await org.control('/users/rights', { user: 'integration' });
});
