/** PgBouncer in front of a PostgreSQL server. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { freePort } from './free-port.ts';

export const isPoolerMissing = spawnSync('pgbouncer', ['--version']).error
  ? 'pgbouncer is not installed'
  : false;

/**
 * @param url  of the server
 * @param login  as which everybody is connected; without one each user as itself
 * @param users  who is let in, with their passwords
 */
export async function openPooler(
  url: string,
  settings: readonly string[],
  { login = '', users = {} }: { login?: string; users?: Readonly<Record<string, string>> },
): Promise<AsyncDisposable & { port: number }> {
  await using undo = new AsyncDisposableStack();
  const { hostname, port: serverPort } = new URL(url);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'pooler-'));
  undo.defer(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  const [file, usersFile] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
  const entries = Object.entries(users).map(([user, password]) => `"${user}" "${password}"\n`);
  await writeFile(usersFile, entries.join(''));
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${serverPort} ${login}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    `auth_file = ${usersFile}`,
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
  const ends = undo.move();
  return { port, [Symbol.asyncDispose]: () => ends.disposeAsync() };
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
