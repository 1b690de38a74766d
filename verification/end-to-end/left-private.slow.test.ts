/** A mirror that leaves its private database for one of a person's own, and the private one that it has left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';
import { openRunningSync } from '@lockstep/harness/running-sync';

const { harness, api, cli } = await openRunningSync();
const path = '/api/v1/syncs/harness';
const former = harness.sync.destination.database;

/** As a dump that is read in by the writer leaves it: all that is there belongs to the roles of the database. */
async function copyInto(own: OwnDatabaseHarness): Promise<void> {
  const server = openDatabase({ url: testServerUrl(), applicationName: 'test', connectionsMax: 1 });
  const allow = (isAllowed: boolean) =>
    server.script(`ALTER DATABASE ${former} ALLOW_CONNECTIONS ${String(isAllowed)}`);
  await allow(false);
  await server.query(
    sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${former}`,
  );
  await server.query(sql`DROP DATABASE ${ident(own.name)} WITH (FORCE)`);
  await server.query(
    sql`CREATE DATABASE ${ident(own.name)} TEMPLATE ${ident(former)} OWNER ${ident(own.name)}`,
  );
  await allow(true);
  await server.end();
  const [owner, reads] = [`${own.prefix}_owner`, `${own.prefix}_read`];
  const schemas = 'salesforce, _lockstep';
  await own.superuser.script(`
    REASSIGN OWNED BY ${former}_owner TO ${owner};
    GRANT CONNECT ON DATABASE ${own.name} TO ${own.prefix}_writer, ${reads};
    GRANT USAGE ON SCHEMA ${schemas} TO ${reads};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schemas} TO ${reads};
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA _lockstep TO ${reads};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA ${schemas} GRANT SELECT ON TABLES TO ${reads};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA _lockstep GRANT SELECT ON SEQUENCES TO ${reads}`);
}

test('a sync goes on at its cursors in the database that its mirror was copied to, and the private one stays until it is dropped', async () => {
  const none = await cli.run(['db', 'drop-former']);
  assert.deepEqual([none.code, /has left no private database/.test(none.stderr)], [4, true], none.stderr);
  await using own = await openOwnDatabase();
  const empty = await api.ask('PUT', `${path}/destination`, own.form());
  assert.deepEqual([empty.status, empty.body.code], [422, 'DB-28']);
  await api.ask('PATCH', path, { paused: true });
  await harness.until(sql`SELECT true`, 'it answers');
  await copyInto(own);

  const moved = await api.ask('PUT', `${path}/destination`, own.form());
  assert.equal(moved.status, 200, JSON.stringify(moved.body));
  assert.equal((moved.body.mirror as { kind: string }).kind, 'own');
  await api.ask('PATCH', path, { paused: false });
  const written = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'after the move' });
  assert.equal(written.headers.get('lockstep-applied'), 'yes', written.text);
  const reader = openDatabase({ url: own.readerUrl, applicationName: 'test', connectionsMax: 1 });
  assert.equal(
    (await reader.query(sql`SELECT FROM salesforce.account WHERE name = 'after the move'`)).length,
    1,
  );
  assert.deepEqual(await reader.query(sql`SELECT DISTINCT state FROM _lockstep.status`), [
    { state: 'current' },
  ]);
  await reader.end();
  const stale = await harness.admin.query(sql`SELECT FROM salesforce.account WHERE name = 'after the move'`);
  assert.equal(stale.length, 0, 'the private one is as it was');

  const deletion = await cli.run(['sync', 'delete', '--dry-run']);
  assert.match(deletion.stderr, new RegExp(`the database ${former}, with every table`));
  const dry = await cli.run(['db', 'drop-former', '--dry-run']);
  assert.match(dry.stderr, new RegExp(`erases the database ${former}.*\\nNothing was erased`));
  const unasked = await cli.run(['db', 'drop-former']);
  assert.equal(unasked.code, 2, unasked.stderr);
  const refused = await cli.run(['db', 'drop-former', '--yes']);
  assert.match(
    refused.stderr,
    new RegExp(`^error DB-24: .*role ${former}_\\w+ has rights in ${own.name}`, 'm'),
  );
  for (const role of [`${former}_owner`, `${former}_read`])
    await own.superuser.script(`DROP OWNED BY ${role}`);
  const dropped = await cli.run(['db', 'drop-former', '--yes', '--json']);
  assert.deepEqual(JSON.parse(dropped.stdout), {
    schema: 1,
    name: 'harness',
    database: former,
    dropped: true,
  });
  const left = await own.superuser.query(
    sql`SELECT datname AS name FROM pg_database WHERE datname = ${former}
        UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, ${former})`,
  );
  assert.deepEqual(left, []);
  const after = await cli.run(['sync', 'delete', '--dry-run']);
  assert.ok(!after.stderr.includes(former), after.stderr);
  assert.equal((await api.ask('DELETE', path)).status, 200);
});
