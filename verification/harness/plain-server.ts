/** Servers of their own, also of old versions, which `npm run clients` fetches. */
import { execFile } from 'node:child_process';
import { chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { clientFolders, fetchedInto, isFetched, postgresPackage } from './fetched-clients.ts';
import { freePort } from './free-port.ts';
import { root } from './source-files.ts';

const run = promisify(execFile);
const superuser = 'postgres';

/** PostgreSQL as its makers ship it: nothing of Lockstep starts it or looks after it. */
export interface PlainServer extends AsyncDisposable {
  /** Of a superuser. */
  url: string;
  /** The folder of its cluster. */
  cluster: string;
  /** The text of its log. */
  readLog(): Promise<string>;
  restart(): Promise<void>;
}

/** Null if it was not fetched. */
export const openOldestServer = () => openFetched(clientFolders.postgres);

/** Null if it was not fetched. */
export const openTooOldServer = () => openFetched(clientFolders.tooOldPostgres);

const openFetched = async (folder: string): Promise<PlainServer | null> =>
  isFetched(fetchedInto(folder)) ? openPlainServer(folder) : null;

/** @param installed  where npm has installed its package; by default the version that Lockstep brings along */
export async function openPlainServer(installed: string = root): Promise<PlainServer> {
  const folder = await mkdtemp(join(tmpdir(), 'plain-server-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const user = await unprivilegedUser();
  const native = join(folder, 'native');
  await cp(join(installed, 'node_modules', postgresPackage, 'native'), native, {
    recursive: true,
  });
  await makeLinks(native);
  const [cluster, passwordFile, log] = [
    join(folder, 'cluster'),
    join(folder, 'password'),
    join(folder, 'log'),
  ];
  await writeFile(passwordFile, superuser);
  if (user) for (const path of [folder, passwordFile]) await chown(path, user.uid, user.gid);
  const options = {
    ...user,
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(native, 'lib') },
  };
  const initdb = [
    '-D',
    cluster,
    '-U',
    superuser,
    '--pwfile',
    passwordFile,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ];
  await run(join(native, 'bin/initdb'), [...initdb, '--locale=C'], options);
  const port = await freePort();
  const settings = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  const control = (...args: string[]) =>
    run(join(native, 'bin/pg_ctl'), ['-D', cluster, '-w', '-l', log, ...args], options);
  await control('start', '-o', settings);
  undo.defer(async () => void (await control('stop', '-m', 'immediate')));
  const ends = undo.move();
  return {
    url: `postgres://${superuser}:${superuser}@127.0.0.1:${port}/postgres`,
    cluster,
    readLog: () => readFile(log, 'utf8'),
    restart: async () => void (await control('restart', '-m', 'fast')),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account =
    accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (!account) throw new Error('there is no user to run PostgreSQL as');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** The libraries under their short names, which npm cannot ship. */
async function makeLinks(native: string): Promise<void> {
  const wanted = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of wanted)
    await symlink(basename(source), join(native, 'lib', basename(target))).catch(() => undefined);
}
