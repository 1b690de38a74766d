/** Where the mirror of a sync is now, as a person says it: what is refused, and what is stored of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseUrl } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg } from '@lockstep/harness/org';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { openSshServer } from '@lockstep/harness/ssh-server';

const path = '/api/v1/syncs/acme/destination';

test('a sync goes on only in a database that holds its mirror, with logins that may do all that it needs', async () => {
  await using own = await openOwnDatabase();
  await using empty = await openOwnDatabase();
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { destination: own.form() }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const put = async (form: object, query = '') => {
    const { status, body } = await api.ask('PUT', `${path}${query}`, form);
    return status === 200 ? body : [status, body.code ?? body.kind];
  };
  assert.deepEqual(await put(empty.form()), [422, 'DB-28']);
  const wrong = (url: string) => databaseUrl(url, { password: 'wrong' });
  assert.deepEqual(await put({ url: wrong(own.url), reader_url: own.readerUrl }), [422, 'DB-03']);
  assert.deepEqual(await put({ url: own.url, reader_url: wrong(own.readerUrl) }), [422, 'DB-03']);
  assert.deepEqual(await put({ ...own.form(), schema: 'other' }), [400, 'API-01']);

  const other = newSyncOf(org, { name: 'other', destination: empty.form() });
  assert.equal((await api.ask('POST', '/api/v1/syncs', other)).status, 201);
  assert.deepEqual(await put(empty.form()), [422, 'DB-21']);
  await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name: 'private' }));
  const refused = await api.ask('PUT', '/api/v1/syncs/private/destination', own.form());
  assert.deepEqual(
    [refused.status, refused.body.code],
    [422, 'DB-21'],
    'it holds the mirror of another sync',
  );

  const stored = () =>
    api.control.control.db.query<{ revision: number; address: object }>(
      sql`SELECT d.* FROM lockstep.destination d JOIN lockstep.sync USING (sync_id) WHERE name = 'acme'`,
    );
  const before = await stored();
  assert.equal(before[0]?.revision, 1);
  await using ssh = await openSshServer();
  const tunnel = { ...own.form(), tunnel: ssh.form };
  const tried = await put(tunnel, '?dry_run=true');
  assert.ok(!Array.isArray(tried), JSON.stringify(tried));
  assert.deepEqual(await stored(), before);

  const replaced = await put(tunnel);
  assert.ok(!Array.isArray(replaced), JSON.stringify(replaced));
  assert.equal(
    (replaced.mirror as { tunnel: string }).tunnel,
    `${ssh.form.user}@${ssh.form.host}:${ssh.form.port}`,
  );
  const [now] = await stored();
  assert.equal(now?.revision, 2);
  const everything = JSON.stringify([now, replaced, api.control.log.text()]);
  const secrets = [ssh.form.key.split('\n')[1], new URL(own.url).password, new URL(own.readerUrl).password];
  for (const secret of secrets) assert.ok(secret !== undefined && !everything.includes(secret));

  const activity = await api.ask('GET', '/api/v1/syncs/acme/activity?kind=destination');
  assert.deepEqual(
    (activity.body.items as { says: string }[]).map(({ says }) => says),
    ['The mirror is reached at another address (by this machine)'],
  );

  const queried = await api.ask('POST', '/api/v1/syncs/acme/query', {
    query: 'SELECT count(*) FROM account',
  });
  assert.deepEqual(queried.body.rows, [['0']]);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/acme')).status, 200);
});

test('what is wrong with a tunnel is said by name', async () => {
  await using api = await openApi();
  await using ssh = await openSshServer();
  const { key, host_key: _, ...server } = ssh.form;
  const form = { url: 'postgres://w:w@localhost:1/crm', reader_url: 'postgres://r:r@localhost:1/crm' };
  const ask = async (tunnel: object) => {
    const { body } = await api.ask('POST', '/api/v1/destinations/check', { ...form, tunnel });
    return body;
  };
  assert.match(JSON.stringify((await ask({ ...server, key: 'no key' })).detail), /no private key/);
  assert.match(JSON.stringify((await ask(server)).errors), /key/);
  assert.match(JSON.stringify((await ask({ ...server, key, host_key: 'abc' })).errors), /host_key.*SHA256/);
  const { checks } = (await ask({ ...server, key })) as {
    checks: { name: string; code: string; says: string }[];
  };
  const failed = checks.find(({ name }) => name === 'tunnel');
  assert.equal(failed?.code, 'DB-26');
  assert.ok(failed?.says.includes(ssh.form.host_key));
});
