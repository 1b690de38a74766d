// Runs the tests against one PostgreSQL server, started for this run. A file's name gives its tier:
//   NAME.test.ts, NAME.pg.test.ts   first tier: npm test, after the checks. What each room promises, and the main job.
//   NAME.slow.test.ts               second tier: faults, kills, several processes, third-party clients, long searches.
//                                   npm run test:all runs both tiers; with --slow only the second,
//                                   and npm run test:console both tiers of the console
// While working on one thing: npm test -- FILE [FILE …] runs only these, without the checks; options of node --test may
// be added. --no-check skips the checks. If TEST_POSTGRES_URL is set, that server is used.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { openRunFolder } from '@lockstep/harness/run-folder';
import { openTemplates } from '@lockstep/harness/templates';
import { removeEmbedded, startEmbedded } from 'lockstep/postgres/testing';
import { buildConsole, consoleState } from './console-build.ts';

const own = ['--no-check', '--all', '--slow', '--console'];
const given = process.argv.slice(2).filter((argument) => !own.includes(argument));
const files = given.filter((argument) => !argument.startsWith('-'));
const isSlow = process.argv.includes('--slow');
const isConsole = process.argv.includes('--console');
const checks = files.length === 0 && !isSlow && !isConsole && !process.argv.includes('--no-check');

const patterns = isConsole
  ? ['packages/console/src/**/*.test.ts', 'verification/console/*.test.ts']
  : ['packages/*/src/**/*.test.ts', 'verification/**/*.test.ts'];
const runByChecks = ['verification/repository/**'];

/** The files of the requested tiers. */
function chosenFiles(): string[] {
  if (files.length > 0) return [];
  const all = globSync(patterns, { exclude: runByChecks }).toSorted();
  const slow = all.filter((path) => path.endsWith('.slow.test.ts'));
  const usual = all.filter((path) => !path.endsWith('.slow.test.ts'));
  process.stderr.write(`${usual.length} files of the first tier, ${slow.length} of the second\n`);
  if (isSlow) return slow;
  return isConsole || process.argv.includes('--all') ? all : usual;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

async function main(): Promise<boolean> {
  const chosen = [...files, ...chosenFiles()];
  // Without a file name node --test would search for files itself.
  if (chosen.length === 0) return true;
  const isChecked = checks ? await runNode(['scripts/check.ts']) : true;
  if (stop.signal.aborted) return false;
  const isShown = chosen.some((path) => path.startsWith('verification/console/'));
  if (isShown && consoleState() !== 'built') await buildConsole();
  const hasSlow = isSlow || isConsole || process.argv.includes('--all') || files.length > 0;
  await using folder = await openRunFolder('lockstep-test-', hasSlow ? tmpdir() : await quickFolder());
  await using server = await openServer(join(folder.path, 'server'));
  await using templates = openTemplates(server.url);
  if (stop.signal.aborted) return false;
  const tested = await runNode(
    [
      '--test',
      // Many tests wait for a server or for time, so one more than there are processors costs nobody his turn.
      `--test-concurrency=${availableParallelism() + 1}`,
      '--test-timeout=300000', // so that a test that hangs fails
      '--test-reporter=spec',
      ...given.filter((argument) => argument.startsWith('-')),
      ...chosen,
    ],
    {
      TEST_POSTGRES_URL: server.url,
      TMPDIR: folder.temporary,
      ...templates.environment,
      ...(server.log && { TEST_POSTGRES_LOG: server.log }),
    },
  );
  if (!isChecked) process.stderr.write('The checks before the tests failed; see above.\n');
  const leftBehind = stop.signal.aborted ? [] : await leftIn(folder.temporary);
  if (leftBehind.length > 0)
    process.stderr.write(`Tests left behind in their temporary folder: ${leftBehind.join(', ')}\n`);
  return isChecked && tested && leftBehind.length === 0;
}

/** The first tier makes hundreds of small databases, in memory in nine tenths of the time. The second fills disks. */
async function quickFolder(): Promise<string> {
  const inMemory = '/dev/shm';
  const room = await statfs(inMemory).catch(() => null);
  const bytes = Math.min(room ? room.bavail * room.bsize : 0, process.availableMemory());
  return process.env.TMPDIR === undefined && bytes >= roomNeeded ? inMemory : tmpdir();
}

/** Far more than a run has ever used. */
const roomNeeded = 8 * 1024 ** 3;

/** What the tests of a run share: Node's compiled code, and how to sign in to an org that was copied from a template. */
const shared = /^(node-compile-cache|org-credentials-\d+\.json)$/;

/** What tests have not removed. */
async function leftIn(temporary: string): Promise<string[]> {
  const names = await readdir(temporary);
  return names.filter((name) => !shared.test(name)).toSorted();
}

/** Starts the server of the run, or uses the one that the user names. */
async function openServer(dataDir: string): Promise<AsyncDisposable & { url: string; log?: string }> {
  const existing = process.env.TEST_POSTGRES_URL;
  if (existing) return { url: existing, [Symbol.asyncDispose]: () => Promise.resolve() };
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const server = await startEmbedded({ dataDir, preferredPort: 0, say });
  await forgetDurability(server.url);
  return {
    url: server.url,
    log: server.log,
    async [Symbol.asyncDispose]() {
      await server.leave();
      await removeEmbedded(dataDir);
    },
  };
}

/** Tests kill processes, never the machine, so the system's cache is safe enough and much faster than fsync. */
async function forgetDurability(url: string): Promise<void> {
  const database = openDatabase({ url, applicationName: 'test run', connectionsMax: 1 });
  await database.query(sql`ALTER SYSTEM SET fsync = off`);
  await database.query(sql`SELECT pg_reload_conf()`);
  await database.end();
}

/** True if it exited with code 0. An interrupted run stops its test processes first. */
function runNode(args: string[], environment: Record<string, string> = {}): Promise<boolean> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  const end = () => child.kill('SIGTERM');
  stop.signal.addEventListener('abort', end);
  return new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => {
      stop.signal.removeEventListener('abort', end);
      settle(code === 0);
    });
  });
}

// Left to end by itself, Node 24 sometimes spins for ever in `Environment::CleanupHandles`.
process.exit((await main()) ? 0 : 1);
