/**
 * Runs this version on a data folder of an older one. `versions/` contains older versions as `npm pack` made them; they
 * use the dependencies of this version.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, openDatabase } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { type Cli, openCli } from '@lockstep/harness/cli-process';
import { openTestDatabase } from '@lockstep/harness/database';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { root } from '@lockstep/harness/source-files';

/** Unpacks an older version next to the dependencies of this one, and returns its main file. */
async function unpack(name: string): Promise<AsyncDisposable & { main: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-version-'));
  const packages = join(folder, 'node_modules');
  await mkdir(packages);
  for (const entry of await readdir(join(root, 'node_modules')))
    if (entry !== 'lockstep') await symlink(join(root, 'node_modules', entry), join(packages, entry));
  const archive = join(import.meta.dirname, 'versions', `${name}.tgz`);
  await promisify(execFile)('tar', ['xzf', archive, '-C', folder]);
  return {
    main: join(folder, 'package', 'dist', 'main.js'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

const isCurrent = sql`SELECT count(*) > 0 AND bool_and(state = 'current') AS is FROM _lockstep.status`;

async function runJson(cli: Cli, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cli.run([...args, '--json']);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Queries the mirror as a reader, with the login that `sync create` once gave. */
async function seen<Row extends object>(url: string, statement: Sql): Promise<Row[]> {
  const mirror = openDatabase({ url, applicationName: 'reader', connectionsMax: 1 });
  try {
    return await mirror.query<Row & Record<string, unknown>>(statement);
  } finally {
    await mirror.end();
  }
}

async function until(url: string, statement: Sql): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const [row] = await seen<{ is: boolean }>(url, statement);
    if (row?.is) return;
    await systemClock.sleep(100);
  }
  assert.fail('timed out');
}

const rowsOf = (table: 'account' | 'contact') =>
  table === 'account'
    ? sql`SELECT to_json(t)::text AS row FROM salesforce.account t ORDER BY id`
    : sql`SELECT to_json(t)::text AS row FROM salesforce.contact t ORDER BY id`;

const data = '/services/data/v62.0';

/** Leaves a write cut off by the end of its server, and rows that wait for a decision. */
async function leaveWork(cli: Cli, org: TestOrg, mirrorUrl: string): Promise<{ id: string }> {
  await org.control('/records/hide', { user: 'integration', sobject: 'Contact', share: 0.9 });
  const running = await cli.start(['start', '--json'], '"ready":true');
  await runJson(cli, 'objects', 'reconcile', 'Contact', '--wait');
  await until(mirrorUrl, sql`SELECT held_rows > 20 AS is FROM _lockstep.status WHERE sobject = 'Contact'`);
  const [account] = await seen<{ id: string }>(mirrorUrl, sql`SELECT id FROM salesforce.account LIMIT 1`);
  assert.ok(account);
  const hanging = await armFault(org, { match: { method: 'PATCH' }, effect: { hang: 'after' } });
  const proxyUrl = /"proxy_url":"([^"]+)"/.exec(running.stdout())?.[1];
  const { items } = (await runJson(cli, 'sync', 'list')) as { items: { id: string }[] };
  void fetch(`${proxyUrl}/${items[0]?.id}${data}/sobjects/Account/${account.id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${await org.token('demo')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ Name: 'Cut off' }),
  }).catch(() => undefined);
  await hanging.untilFired(1);
  await running.end('SIGKILL');
  return account;
}

/** The mirror has the cursors of this version, no write without an outcome, and no backfill that began again. */
async function assertProgress(mirrorUrl: string, serverUrl: string): Promise<void> {
  const { username, password } = new URL(serverUrl);
  const admin = openDatabase({
    url: mirrorUrl.replace(/:\/\/[^@]*@/, `://${username}:${password}@`),
    applicationName: 'test',
    connectionsMax: 1,
  });
  try {
    const cursors = await admin.query<{ kind: string }>(
      sql`SELECT DISTINCT kind FROM _lockstep.cursor ORDER BY kind`,
    );
    const kinds = cursors.map(({ kind }) => kind);
    assert.ok(kinds.includes('recheck') && !kinds.includes('tail'), kinds.join());
    const [open] = await admin.query<{ open: number }>(
      sql`SELECT count(*)::integer AS open FROM _lockstep.intent WHERE outcome IS NULL`,
    );
    assert.equal(open?.open, 0);
    const backfills = await admin.query(
      sql`SELECT FROM _lockstep.cursor WHERE kind = 'backfill' AND position ->> 'after' IS NULL`,
    );
    assert.deepEqual(backfills, [], 'nothing is read from the beginning');
  } finally {
    await admin.end();
  }
}

/** Waits until a worker has served the sync request of this kind. */
async function untilServed(db: Database, kind: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const [asked] = await db.query<{ kind: string; ended: boolean }>(
      sql`SELECT kind, ended_at IS NOT NULL AS ended FROM lockstep.sync_request WHERE kind = ${kind}`,
    );
    assert.ok(asked, 'the request exists');
    if (asked.ended) break;
    assert.ok(tries < 300, 'it is served');
    await systemClock.sleep(100);
  }
}

test('a data folder of the previous version goes on: rows, cursors, marks, writes, requests, logins', async () => {
  await using org = await startOrg({ records: 400 });
  await using database = await openTestDatabase();
  await using before = await unpack('lockstep-before-the-words');
  const environment = {
    DATABASE_URL: database.url,
    LOCKSTEP_KEY: Buffer.alloc(32, 7).toString('base64'),
    LOCKSTEP_ALLOW_HOST: new URL(org.url).host,
  };
  // The old version knows no API, and refuses an option that it does not know.
  await using old = await openCli({ ...environment, LOCKSTEP_API_PORT: '' }, before.main);
  const { clientId, clientSecret } = org.credentials.integration;
  const first = await old.start(['start', '--json'], '"ready":true');
  const secretFile = join(old.folder, 'secret');
  await writeFile(secretFile, clientSecret);
  const from = ['--org', org.url, '--client-id', clientId, '--client-secret-file', secretFile];
  const wanted = ['--objects', 'Account,Contact', '--name', 'acme', '--every', '1s'];
  const created = await runJson(old, 'sync', 'create', ...from, ...wanted);
  const mirrorUrl = created.mirror_url as string;
  await until(mirrorUrl, isCurrent);
  await first.end('SIGINT');

  const { id } = await leaveWork(old, org, mirrorUrl);
  await runJson(old, 'objects', 'reread', 'Account');
  const contacts = await seen(mirrorUrl, rowsOf('contact'));
  const [missingBefore] = await seen<{ rows: number }>(
    mirrorUrl,
    sql`SELECT held_rows AS rows FROM _lockstep.status WHERE sobject = 'Contact'`,
  );

  const now = await openCli({ ...environment, LOCKSTEP_DATA: old.dataDir });
  await using _ = now;
  await now.start(['start', '--json'], '"ready":true');
  await until(mirrorUrl, sql`SELECT count(*) > 0 AS is FROM _lockstep.status WHERE state = 'rows missing'`);
  const [missing] = await seen<{ rows: number }>(
    mirrorUrl,
    sql`SELECT missing_rows AS rows FROM _lockstep.status WHERE sobject = 'Contact'`,
  );
  assert.deepEqual(missing, missingBefore, 'what waited for a decision still waits');
  assert.deepEqual(await seen(mirrorUrl, rowsOf('contact')), contacts, 'none of its rows has gone');
  // The write was committed in the org, and no proxy had finished it.
  await until(mirrorUrl, sql`SELECT name = 'Cut off' AS is FROM salesforce.account WHERE id = ${id}`);

  await assertProgress(mirrorUrl, database.url);
  await untilServed(database.db, 'verify content'); // the sync request made to the old version
  const { stderr } = await now.run(['objects', 'held']);
  assert.match(stderr, /The command objects held is now called objects missing/);
});
