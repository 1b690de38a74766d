import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { systemClock } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import { errorCode, readIfThere } from './embedded-files.ts';

const lookEveryMs = 50;
/** Longer than creating a cluster or recovering from a crash takes; after that a person should have a look. */
const waitMsMax = 600_000;

/**
 * Runs `work` while no other process on this machine does so under the same path. The lock is a file that names its
 * holder; a file whose holder is dead is ignored. If two processes find the holder dead at the same moment, both may
 * get the lock; PostgreSQL's own pid file then still keeps a second server from starting.
 */
export async function withStartLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(own, await processIdentity(process.pid), { mode: 0o600 });
  try {
    await waitFor(own, path);
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

async function waitFor(own: string, path: string): Promise<void> {
  const giveUpAt = systemClock.now() + waitMsMax;
  while (!(await took(own, path))) {
    const holder = await readIfThere(path);
    if (holder !== undefined && !(await isAlive(holder))) {
      // Renamed, not removed: if two processes see the holder dead, only one can rename the file.
      await rename(path, `${own}.stale`).catch(() => undefined);
      await rm(`${own}.stale`, { force: true });
    } else {
      if (systemClock.now() > giveUpAt) {
        throw new Fault('SYS-10', {
          reason: `Process ${holder?.split(' ')[0]} has been starting it for too long.`,
        });
      }
      await systemClock.sleep(lookEveryMs);
    }
  }
}

/** A hard link appears with its content at once, unlike a new file, which is empty at first. */
async function took(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

const isAlive = async (identity: string) =>
  (await processIdentity(Number(identity.split(' ')[0]))) === identity;

/**
 * The pid and, on Linux, when that process started: in a restarted container a dead holder's pid soon belongs to
 * another process. Empty for a process that does not run.
 */
export async function processIdentity(pid: number): Promise<string> {
  if (!isRunning(pid)) return '';
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22. Field 2 is the name in parentheses and may contain spaces.
  const began = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${pid} ${began}`;
}

/** Also true for a process that belongs to another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
