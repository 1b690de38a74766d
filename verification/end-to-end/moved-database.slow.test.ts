/** A database of a person that is behind an SSH server, that moves, and whose passwords change, while its sync runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { openSshServer } from '@lockstep/harness/ssh-server';
import { givenDestination } from 'lockstep/operations/given-destination';
import { replaceSyncDestination } from 'lockstep/operations/replace-destination';

const never = new AbortController().signal;
const objects = { org: { records: 300 }, sobjects: ['Account'] };

async function write(harness: EndToEndHarness, name: string): Promise<string> {
  const written = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: name });
  assert.equal(written.headers.get('lockstep-applied'), 'yes', written.text);
  return (JSON.parse(written.text) as { id: string }).id;
}

const replace = ({ control, sync }: EndToEndHarness, form: Parameters<typeof replaceSyncDestination>[2]) =>
  replaceSyncDestination(
    { control: control.control, clock: systemClock },
    sync,
    form,
    { isDryRun: false },
    never,
  );

test('through a tunnel a sync copies, follows and reads its writes, and goes on after a break', async () => {
  await using own = await openOwnDatabase();
  const ssh = await openSshServer();
  await using undo = new AsyncDisposableStack();
  undo.use(ssh);
  const tunnel = ssh.form;
  await using harness = await openEndToEndHarness({
    ...objects,
    destination: givenDestination({ ...own.form(), schema: 'salesforce', share_schema: false, tunnel }),
  });
  const worker = harness.startWorker();
  await harness.untilComplete();
  await write(harness, 'Through the tunnel');
  assert.ok(ssh.clients() > 0);

  const waits = harness.nextSyncProblem('DB-25');
  await ssh[Symbol.asyncDispose]();
  await waits;
  const goesOn = harness.nextSyncProblem(null);
  const again = undo.use(await openSshServer(ssh.again));
  await goesOn;
  const id = await write(harness, 'After the break');
  const rows = await harness.reader.query(sql`SELECT name FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(rows, [{ name: 'After the break' }]);

  // The server is set up anew: with another host key it is told nothing until somebody confirms that key.
  const isOther = harness.nextSyncProblem('DB-26');
  await again[Symbol.asyncDispose]();
  const other = undo.use(await openSshServer({ port: tunnel.port }));
  await isOther;
  assert.equal(other.signIns(), 0);
  const accepted = harness.nextSyncProblem(null);
  await replace(harness, { ...own.form(), tunnel: other.form });
  await accepted;
  await write(harness, 'With the new key');
  assert.ok(!harness.control.log.text().includes(tunnel.key.split('\n')[1] ?? tunnel.key));
  await worker.stop();
});

test('the sync follows its database to another address, and to other passwords, at the same cursors', async () => {
  await using own = await openOwnDatabase();
  await using harness = await openEndToEndHarness({
    ...objects,
    destination: givenDestination({ ...own.form(), schema: 'salesforce', share_schema: false }),
  });
  const worker = harness.startWorker();
  await harness.untilComplete();
  await write(harness, 'Before the move');

  // The database is copied under another name, as a dump or a promoted replica would do, and the old one is closed.
  const admin = openDatabase({ url: testServerUrl(), applicationName: 'test', connectionsMax: 1 });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => admin.end());
  const moved = `${own.name}_moved`;
  const waits = harness.nextSyncProblem('DB-02');
  await admin.query(sql`ALTER DATABASE ${ident(own.name)} ALLOW_CONNECTIONS false`);
  await admin.query(
    sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${own.name}`,
  );
  await admin.query(sql`CREATE DATABASE ${ident(moved)} TEMPLATE ${ident(own.name)}`);
  undo.defer(async () => void (await admin.query(sql`DROP DATABASE ${ident(moved)} WITH (FORCE)`)));
  undo.defer(() => worker.stop());
  await waits;
  const there = (url: string) => databaseUrl(url, { database: moved });
  const goesOn = harness.nextSyncProblem(null);
  await replace(harness, { url: there(own.url), reader_url: there(own.readerUrl) });
  await goesOn;
  const id = await write(harness, 'After the move');
  const reader = openDatabase({ url: there(own.readerUrl), applicationName: 'test', connectionsMax: 1 });
  const rows = await reader.query(sql`SELECT name FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(rows, [{ name: 'After the move' }]);
  const [{ backfilling } = { backfilling: 0 }] = await reader.query<{ backfilling: number }>(
    sql`SELECT count(*) FILTER (WHERE state <> 'current') AS backfilling FROM _lockstep.status`,
  );
  assert.equal(backfilling, 0);
  await reader.end();

  const refused = harness.nextSyncProblem('DB-03');
  await admin.query(sql`ALTER ROLE ${ident(`${own.prefix}_writer`)} PASSWORD ${literal('another')}`);
  await admin.query(
    sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${moved}`,
  );
  await refused;
  const accepted = harness.nextSyncProblem(null);
  const url = databaseUrl(there(own.url), { password: 'another' });
  await replace(harness, { url, reader_url: there(own.readerUrl) });
  await accepted;
  await write(harness, 'With the other password');
});
