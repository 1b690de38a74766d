import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { freePort } from '@lockstep/harness/free-port';
import { refusePooler } from './poolers.ts';

const missing = spawnSync('pgbouncer', ['--version']).error ? 'pgbouncer is not installed' : false;

/** Runs PgBouncer in front of the test server until disposed; returns the database's URL behind it. */
async function openPooler(database: TestDatabase, settings: readonly string[], undo: AsyncDisposableStack) {
  const { hostname, port: serverPort, username, password, pathname } = new URL(database.url);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'pooler-'));
  undo.defer(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${serverPort} user=${username} password=${decodeURIComponent(password)}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    ...settings,
  ];
  await writeFile(file, lines.join('\n'));
  const asUser = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const pooler = spawn('pgbouncer', [...asUser, '-q', file], { stdio: 'ignore', cwd: '/' });
  undo.defer(async () => {
    if (pooler.exitCode !== null) return;
    pooler.kill('SIGINT');
    await once(pooler, 'exit');
  });
  while (!(await accepts(port))) {
    assert.equal(pooler.exitCode, null, 'pgbouncer has ended');
    await systemClock.sleep(20);
  }
  return `postgres://lockstep@127.0.0.1:${port}${pathname}`;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('a pooler is recognised by what it does to a session, and the server itself is not taken for one', {
  skip: missing,
}, async () => {
  await using undo = new AsyncDisposableStack();
  const database = undo.use(await openTestDatabase());
  const { pathname } = new URL(database.url);
  await refusePooler(database.url);

  const ignored =
    'ignore_startup_parameters = options, statement_timeout, idle_in_transaction_session_timeout';
  const ignoring = ['pool_mode = transaction', ignored];
  for (const [settings, reason] of [
    [['pool_mode = transaction'], /refuses the settings of a session/],
    [['pool_mode = session'], /refuses the settings of a session/],
    [ignoring, /drops the settings of a session/],
  ] as const) {
    const url = await openPooler(database, settings, undo);
    await assert.rejects(refusePooler(url), { code: 'DB-20', message: reason }, settings.join());
  }

  // As poolers do that apply the settings of a session to each connection they lend.
  await database.db.script(`ALTER DATABASE "${pathname.slice(1)}" SET search_path = ''`);
  const applying = await openPooler(database, ignoring, undo);
  await assert.rejects(refusePooler(applying), { code: 'DB-20', message: /gives each transaction another/ });
  const own = await openPooler(database, ['pool_mode = session', ignored], undo);
  await refusePooler(own);
});

test('a server that cannot be reached is not called a pooler: the next connection says what is wrong', async () => {
  await refusePooler(`postgres://lockstep@127.0.0.1:${await freePort()}/postgres`);
});
