/**
 * One cluster of the embedded server: created by initdb, started by pg_ctl on a free port, found again by its pid file.
 * embedded.ts decides which process does so, and when.
 */
import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase, sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { type ClusterFolders, type Programs, readIfThere, run, statIfThere } from './embedded-files.ts';
import { selectDataDirectory } from './server-sql.ts';
import { isRunning } from './start-lock.ts';

const superuser = 'lockstep';
const portsTried = 200;
const logBytesMax = 1_000_000;
/** Recovery after a crash replays at most max_wal_size. */
const startSecondsMax = 300;
const lookEveryMs = 100;

/** Users may change these in the cluster's postgresql.conf. Sized for a machine that does other work as well. */
const initialSettings = [
  'max_connections=200',
  'shared_buffers=128MB',
  'max_wal_size=2GB',
  'wal_compression=on',
  'timezone=UTC',
  'log_timezone=UTC',
];

/**
 * Set on every start. By default the server's log shows the values of failing statements, in message, detail and
 * statement. The path of a Unix socket may be too long for the system, so there is no socket.
 */
const fixedSettings = [
  'unix_socket_directories=',
  'password_encryption=scram-sha-256',
  'log_min_messages=fatal',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'logging_collector=off',
];

export const urlOf = (password: string, port: number) =>
  `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;

/** The superuser's password, created with the data directory: letters and digits, in a file that only we can read. */
export async function readPassword({ dataDir }: ClusterFolders, clusterIsThere: boolean): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  const known = (await readIfThere(path))?.trim();
  if (known) return known;
  if (clusterIsThere)
    throw new Fault('SYS-10', { reason: 'The file postgres-password is missing in the data directory.' });
  const password = randomBytes(24).toString('hex');
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  return password;
}

/** Created under another name and renamed when complete, so that an interrupted attempt is never taken for a cluster. */
export async function makeCluster(
  folders: ClusterFolders,
  programs: Programs,
  password: string,
): Promise<void> {
  const unfinished = `${folders.cluster}.new`;
  const passwordFile = join(folders.root, 'postgres-pwfile');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await giveToServer(folders, unfinished, passwordFile);
  await prepareLog(folders);
  try {
    const args = [
      '--pgdata',
      unfinished,
      '--username',
      superuser,
      '--pwfile',
      passwordFile,
      '--auth=scram-sha-256',
    ];
    args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
    args.push('--no-instructions', ...initialSettings.flatMap((setting) => ['-c', setting]));
    const done = await run(join(programs.bin, 'initdb'), args, { ...folders, ...programs, to: folders.log });
    if (done.code !== 0) throw new Fault('SYS-10', { reason: `initdb ended with code ${done.code}.` });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, folders.cluster);
  const folder = await open(dirname(folders.cluster)); // a power failure must not undo the rename once there is data
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function giveToServer({ user }: ClusterFolders, ...paths: string[]): Promise<void> {
  if (user) for (const path of paths) await chown(path, user.uid, user.gid);
}

async function prepareLog(folders: ClusterFolders): Promise<void> {
  const file = await open(folders.log, 'a', 0o600);
  await file.close();
  await giveToServer(folders, folders.log);
  if (((await statIfThere(folders.log))?.size ?? 0) > logBytesMax) await truncate(folders.log);
}

/** Where the server listens. We reach it on this machine's own address, whatever else there is. */
const listenAddresses = (host: string): readonly string[] =>
  host === '0.0.0.0' ? [host] : [...new Set(['127.0.0.1', host])];

/** Starts the server, on 127.0.0.1 and on `host`, and returns the port that it listens on. */
export async function launch(
  folders: ClusterFolders,
  programs: Programs,
  password: string,
  { host, preferredPort }: { host: string; preferredPort: number },
): Promise<number> {
  await prepareLog(folders);
  const addresses = listenAddresses(host);
  if (addresses.some((address) => address !== '127.0.0.1')) await admitReaders(folders);
  let port = await freePort(preferredPort, addresses);
  for (let attempt = 0; attempt < portsTried; attempt++) {
    const listening = [`listen_addresses=${addresses.join(',')}`, `port=${port}`];
    const settings = [...fixedSettings, ...listening].map((setting) => `-c ${setting}`).join(' ');
    const done = await controlServer(folders, programs, ['start', '-l', folders.log, '-o', settings]);
    if (done.code === 0) return port;
    const other = await findRunning(folders, password); // a process that has died since had started it
    if (other !== undefined) return other;
    if (await isFree(port, addresses)) break; // so the port is not the cause
    port = await freePort(preferredPort === 0 ? 0 : port + 1, addresses);
  }
  const lines = (await readFile(folders.log, 'utf8')).matchAll(/\b(PANIC|FATAL|ERROR|LOG):/g);
  const severity = [...lines].at(-1)?.[1];
  throw new Fault('SYS-10', { reason: `Its log ends with ${severity ?? 'no message'}.` });
}

export const controlServer = (folders: ClusterFolders, programs: Programs, args: string[]) =>
  run(join(programs.bin, 'pg_ctl'), [...args, '-w', '-t', String(startSecondsMax), '-D', folders.cluster], {
    ...folders,
    ...programs,
    to: folders.log,
  });

/** From other machines only the readers of mirrors may log in: not the superuser, and no writer. */
async function admitReaders({ cluster }: ClusterFolders): Promise<void> {
  const path = join(cluster, 'pg_hba.conf');
  const line = 'host all "/^lockstep_s[a-z0-9]+_ro(_b)?$" all scram-sha-256';
  if (!(await readFile(path, 'utf8')).split('\n').includes(line)) await appendFile(path, `\n${line}\n`);
}

async function freePort(from: number, addresses: readonly string[]): Promise<number> {
  for (let port = from; port < from + portsTried; port++) {
    const bound = await bindOnce(port, addresses[0]);
    if (bound !== undefined && (await isFree(bound, addresses))) return bound;
  }
  throw new Fault('SYS-10', { reason: `No port from ${from} to ${from + portsTried - 1} is free.` });
}

export async function isFree(port: number, addresses: readonly string[] = ['127.0.0.1']): Promise<boolean> {
  for (const address of addresses) if ((await bindOnce(port, address)) === undefined) return false;
  return true;
}

/** Binds a port for an instant; its number, or undefined if it is taken. */
function bindOnce(port: number, host = '127.0.0.1'): Promise<number | undefined> {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once('error', () => settle(undefined));
    probe.listen({ port, host, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => settle(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/**
 * The port of a live server on this cluster, found by its pid file and asked whether it is ours. Waits while it
 * starts or stops. PostgreSQL itself handles a pid file whose process is gone, unless the pid now belongs to another
 * program (after a restart of a container, say): then PostgreSQL would refuse to start, so the file is removed.
 */
export async function findRunning(folders: ClusterFolders, password: string): Promise<number | undefined> {
  const pidFile = join(folders.cluster, 'postmaster.pid');
  for (let tries = 0; tries < (startSecondsMax * 1000) / lookEveryMs; tries++) {
    const [pid, folder, , port] = ((await readIfThere(pidFile)) ?? '').split('\n');
    if (!pid || !folder || !isRunning(Number(pid))) return undefined;
    if (!(await isPostmaster(Number(pid), folders.cluster))) {
      await rm(pidFile, { force: true });
      return undefined;
    }
    if (port && (await answersAsOurs(folders, urlOf(password, Number(port))))) return Number(port);
    await systemClock.sleep(lookEveryMs);
  }
  throw new Fault('SYS-10', { reason: 'It runs, but accepts no connections.' });
}

/** On systems without /proc the pid alone decides. */
async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return commandLine === undefined || commandLine.split('\0').includes(cluster);
}

async function answersAsOurs(folders: ClusterFolders, url: string): Promise<boolean> {
  const database = openDatabase({
    url,
    applicationName: 'lockstep start',
    connectionsMax: 1,
    connectTimeoutMs: 5_000,
  });
  try {
    const [server] = await selectDataDirectory(database);
    return server?.folder === folders.cluster;
  } catch (error) {
    if (sqlState(error)?.startsWith('28')) {
      throw new Fault('SYS-10', { reason: 'The running server refuses the password of the data directory.' });
    }
    return false; // not yet, or not any more
  } finally {
    await database.end();
  }
}
