/** Makes and erases the data directory, and writes its small files with secrets. */
import { chmod, chown, mkdir, readdir, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@lockstep/foundation/database';
import { RequestError, usageError } from '../core/request-error.ts';
import { refuseIfRunning } from '../operations/run-file.ts';
import { checkFormat, probe, removeEmbedded, startEmbedded } from '../postgres/index.ts';

const otherDirectory = 'Give another one with --data or LOCKSTEP_DATA.';
/** Files that the system puts on every new volume, or into a folder that somebody opens. */
const systemFiles = new Set(['lost+found', '.DS_Store']);

/**
 * Makes the directory if it is missing.
 * @throws Fault `SYS-07` for a directory of a newer version; {@link RequestError} for a folder with other things in
 *   it, and if it cannot be made
 */
export async function prepareDirectory(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const files = (await readdir(dataDir)).filter((name) => !systemFiles.has(name));
    if (files.length > 0 && !files.includes('format')) {
      throw usageError(`${dataDir} is not empty, and not a Lockstep data directory`, otherDirectory);
    }
    await checkFormat(dataDir);
  } catch (error) {
    const { code, syscall } = error as { code?: unknown; syscall?: unknown };
    if (syscall === undefined) throw error;
    throw usageError(
      `The data directory ${dataDir} cannot be made or used (${String(code)})`,
      otherDirectory,
    );
  }
}

/** The file appears complete and is readable by its owner alone. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}

/**
 * Erases the contents of a data directory; the directory stays, with its owner and mode. False: there is none.
 * @throws {@link RequestError} if something uses it, or if it is not a data directory
 */
export async function eraseDirectory(dataDir: string): Promise<boolean> {
  const before = await stat(dataDir).catch(() => undefined);
  if (!before) return false;
  if (!(await stat(join(dataDir, 'format')).catch(() => undefined))) {
    throw new RequestError(`${dataDir} is not a Lockstep data directory; nothing was erased`, {
      kind: 'not allowed',
      next: 'Give another one with --data, or remove it by hand.',
    });
  }
  await refuseIfRunning(dataDir);
  await stopEmbedded(dataDir);
  const folder = await realpath(dataDir);
  await removeEmbedded(folder).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EBUSY') throw error; // a mount point cannot be removed; it is empty now
  });
  await mkdir(folder, { recursive: true });
  await chmod(folder, before.mode & 0o777);
  if (process.getuid?.() === 0) await chown(folder, before.uid, before.gid);
  return true;
}

/** A database server may outlive a killed process. Taking it over and leaving it stops it. */
async function stopEmbedded(dataDir: string): Promise<void> {
  if (!(await stat(join(dataDir, 'postgres-password')).catch(() => undefined))) return;
  const server = await startEmbedded({ dataDir, preferredPort: 0 });
  await server.leave();
  const database = openDatabase({ url: server.url, applicationName: 'lockstep erase', connectionsMax: 1 });
  const stillRuns = await probe(database).then(
    () => true,
    () => false,
  );
  await database.end();
  if (!stillRuns) return;
  throw new RequestError(`Another process uses the database server in ${dataDir}; nothing was erased`, {
    kind: 'unexpected',
    next: 'End it (lockstep start, lockstep simulated-org) and repeat.',
  });
}
