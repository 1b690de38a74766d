/**
 * `run.json` in the data directory: which server runs there and how to reach it. If two processes start on one
 * directory, the second is refused; a file whose process is gone is ignored.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RequestError } from '../core/request-error.ts';
import { processIdentity } from '../postgres/index.ts';

const schema = z.object({
  pid: z.int(),
  /** The pid and when the process began, because pids are reused. */
  identity: z.string(),
  /** Missing until the server runs. Contains a password, so only the owner can read the file. */
  controlUrl: z.string().optional(),
  proxyUrl: z.string().optional(),
  apiUrl: z.string().optional(),
  /** For commands of this machine; another one at each start. */
  apiKey: z.string().optional(),
  /** Of the demo's simulated org. */
  orgUrl: z.string().optional(),
  orgPid: z.int().optional(),
  /** Port of the embedded PostgreSQL. */
  postgresPort: z.int().optional(),
});
type RunFile = z.infer<typeof schema>;
type Running = Omit<RunFile, 'pid' | 'identity'>;

export interface RunFileClaim {
  /** Lets other commands find this server. */
  publish(running: Running): Promise<void>;
  release(): Promise<void>;
}

const pathOf = (dataDir: string) => join(dataDir, 'run.json');

/** The server that runs on a data directory; undefined: none does. */
export async function readRunFile(dataDir: string): Promise<RunFile | undefined> {
  const text = await readFile(pathOf(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const read = schema.safeParse(parsed(text));
  if (!read.success) return undefined;
  return (await processIdentity(read.data.pid)) === read.data.identity ? read.data : undefined;
}

/** @throws {@link RequestError} if another server runs on the directory */
export async function claimRunFile(dataDir: string): Promise<RunFileClaim> {
  const own = { pid: process.pid, identity: await processIdentity(process.pid) };
  const unfinished = `${pathOf(dataDir)}.${process.pid}`;
  const write = (running: Running) =>
    writeFile(unfinished, `${JSON.stringify({ ...own, ...running })}\n`, { mode: 0o600 });
  await write({});
  try {
    await takePlace(dataDir, unfinished);
  } finally {
    await rm(unfinished, { force: true });
  }
  return {
    async publish(running) {
      await write(running);
      await rename(unfinished, pathOf(dataDir));
    },
    release: () => rm(pathOf(dataDir), { force: true }),
  };
}

/** `link` creates the file with its content in one step, and fails if there is one already. */
async function takePlace(dataDir: string, unfinished: string): Promise<void> {
  for (;;) {
    try {
      return await link(unfinished, pathOf(dataDir));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    await refuseIfRunning(dataDir);
    await rm(pathOf(dataDir), { force: true });
  }
}

/** @throws {@link RequestError} if a server runs on the directory */
export async function refuseIfRunning(dataDir: string): Promise<void> {
  const running = await readRunFile(dataDir);
  if (!running) return;
  throw new RequestError(
    `Lockstep is already running on the data directory ${dataDir}, as process ${running.pid}`,
    {
      kind: 'unexpected',
      next: `Use that one, stop it with Ctrl-C in its terminal or with kill ${running.pid}, or give another directory with --data`,
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
