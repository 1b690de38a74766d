/** Databases that cannot hold a mirror, each a real one: whichever request names them is refused with the reason. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';
import { openPlainServer, openTooOldServer } from '@lockstep/harness/plain-server';
import { isPoolerMissing, openPooler } from '@lockstep/harness/pooler';
import type { DestinationChecks } from '../contract/destinations.ts';

const undo = new AsyncDisposableStack();
let org: TestOrg;
let api: ApiHarness;

before(async () => {
  org = undo.use(await startOrg({ records: 100 }));
  api = undo.use(await openApi([new URL(org.url).host]));
});
process.on('uncaughtException', (e) => console.log(e));
after(() => undo.disposeAsync());

/** The mirror of the sync that is to move is in the way of another one. */
const isItsOwn = 'DB-21';

/** What a check, a new sync and the move of a sync that is there already say of an address. */
async function refusals(name: string, place: ReturnType<OwnDatabaseHarness['form']>, moves = true) {
  const { body } = await api.ask('POST', '/api/v1/destinations/check', place);
  const { checks } = body as unknown as DestinationChecks;
  const failed = checks
    .filter(({ state, code }) => state === 'failed' && code !== isItsOwn)
    .map((one) => `${one.name} ${one.code}`);
  const made = await api.ask(
    'POST',
    '/api/v1/syncs',
    newSyncOf(org, { name: 'another', destination: place }),
  );
  const moved = moves && (await api.ask('PUT', `/api/v1/syncs/${name}/destination`, place));
  for (const answer of [made, moved])
    if (answer) assert.equal(answer.status, 422, JSON.stringify(answer.body));
  return [...failed, made.body.code, ...(moved ? [moved.body.code] : [])];
}

async function syncIn(own: OwnDatabaseHarness, name: string): Promise<void> {
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name, destination: own.form() }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
}

test('a pooler in between is refused, whether it shares sessions or drops their settings', {
  skip: isPoolerMissing,
}, async () => {
  await using own = await openOwnDatabase();
  await syncIn(own, 'pooled');
  const urls = [new URL(own.url), new URL(own.readerUrl)] as const;
  const users = Object.fromEntries(urls.map(({ username, password }) => [username, password]));
  const ignored =
    'ignore_startup_parameters = options, statement_timeout, idle_in_transaction_session_timeout';
  for (const settings of [['pool_mode = transaction', ignored], ['pool_mode = session']]) {
    await using pooler = await openPooler(own.url, ['auth_type = scram-sha-256', ...settings], { users });
    const [url, reader_url] = urls.map((one) => {
      const behind = new URL(one);
      behind.port = String(pooler.port);
      return behind.href;
    });
    const place = own.form({ url, reader_url });
    const [first, ...others] = await refusals('pooled', { ...place });
    assert.match(String(first), /^(pooler|sign-in) DB-20$/);
    assert.deepEqual(others, ['DB-20', 'DB-20'], settings.join());
  }
});

test('a database in another encoding is refused, and one of PostgreSQL 12', async (t) => {
  await using latin = await openOwnDatabase({ encoding: 'LATIN1' });
  assert.deepEqual(await refusals('', latin.form(), false), ['encoding DB-11', 'DB-11']);
  await using server = await openTooOldServer();
  if (!server) return t.skip('PostgreSQL 12 was not fetched: npm run clients');
  await using old = await openOwnDatabase({ serverUrl: server.url });
  assert.deepEqual(await refusals('', old.form(), false), ['version DB-11', 'DB-11']);
});

test('a replica is refused, and a login that no rule of the server lets in', async () => {
  await using server = await openPlainServer();
  await using own = await openOwnDatabase({ serverUrl: server.url });
  await syncIn(own, 'acme');
  const rules = join(server.cluster, 'pg_hba.conf');
  const before = await readFile(rules, 'utf8');
  await writeFile(rules, `host ${own.name} ${own.prefix}_writer all reject\n${before}`);
  await own.superuser.query(sql`SELECT pg_reload_conf()`);
  assert.deepEqual(await refusals('acme', own.form()), ['sign-in DB-04', 'DB-04', 'DB-04']);
  await writeFile(rules, before);

  // A server that follows another, whose log has nothing new for it.
  await writeFile(join(server.cluster, 'standby.signal'), '');
  await server.restart();
  assert.deepEqual(await refusals('acme', own.form()), ['primary DB-09', 'DB-09', 'DB-09']);
  await own.superuser.query(sql`SELECT pg_promote()`);
  const moved = await api.ask('PUT', '/api/v1/syncs/acme/destination', own.form());
  assert.equal(moved.status, 200, JSON.stringify(moved.body));
});
