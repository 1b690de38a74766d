// Tests, against one PostgreSQL server made for this run. A file's name says its tier:
//   NAME.test.ts, NAME.pg.test.ts   the first: npm test, after the checks. What each room promises, and the main job.
//   NAME.slow.test.ts               the second: faults, kills, several processes, other people's clients, long searches.
//                                   npm run test:all runs both tiers; with --slow this one alone
// While working on one thing: npm test -- FILE [FILE …] runs these alone, without the checks; options of node --test
// may stand beside them. --no-check leaves the checks out. With TEST_POSTGRES_URL set, that server is used.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { globSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { removeEmbedded, startEmbedded } from 'lockstep/postgres/testing';

const own = ['--no-check', '--all', '--slow'];
const given = process.argv.slice(2).filter((argument) => !own.includes(argument));
const files = given.filter((argument) => !argument.startsWith('-'));
const isSlow = process.argv.includes('--slow');
const checks = files.length === 0 && !isSlow && !process.argv.includes('--no-check');

/** Of the databases that tests of this run copy (the harness's `templateOf`). */
const templatePrefix = `template_${randomBytes(4).toString('hex')}_`;

const patterns = ['packages/*/src/**/*.test.ts', 'verification/**/*.test.ts'];
/** Run by the checks. */
const checked = ['verification/repository/**'];

/** Those of the tiers that are asked for. */
function chosenFiles(): string[] {
  if (files.length > 0) return [];
  const all = globSync(patterns, { exclude: checked }).toSorted();
  const slow = all.filter((path) => path.endsWith('.slow.test.ts'));
  const usual = all.filter((path) => !path.endsWith('.slow.test.ts'));
  process.stderr.write(`${usual.length} files of the first tier, ${slow.length} of the second\n`);
  if (isSlow) return slow;
  return process.argv.includes('--all') ? all : usual;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

async function main(): Promise<boolean> {
  const chosen = [...files, ...chosenFiles()];
  // Without a name the runner would look for files by itself.
  if (chosen.length === 0) return true;
  const isChecked = checks ? await runNode(['scripts/check.ts']) : true;
  if (stop.signal.aborted) return false;
  await using folder = await openFolder();
  await using server = await openServer(join(folder.path, 'server'));
  if (stop.signal.aborted) return false;
  const tested = await runNode(
    [
      '--test',
      '--test-concurrency=2',
      '--test-timeout=300000', // a test that hangs fails
      '--test-reporter=spec',
      ...given.filter((argument) => argument.startsWith('-')),
      ...chosen,
    ],
    {
      TEST_POSTGRES_URL: server.url,
      TMPDIR: folder.temporary,
      TEST_TEMPLATE_PREFIX: templatePrefix,
      ...(server.log && { TEST_POSTGRES_LOG: server.log }),
    },
  );
  if (!isChecked) process.stderr.write('The checks before the tests failed; see above.\n');
  return isChecked && tested;
}

/**
 * Holds all that the run writes, what interrupted tests leave included. A PostgreSQL server whose folder was removed
 * stops by itself within a minute.
 */
async function openFolder(): Promise<AsyncDisposable & { path: string; temporary: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lockstep-test-'));
  const temporary = join(path, 'tmp');
  await mkdir(temporary);
  await chmod(path, 0o711); // for those that tests run as other users
  await chmod(temporary, 0o1777);
  return {
    path,
    temporary,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The server of the run, or the one that the user names. */
async function openServer(dataDir: string): Promise<AsyncDisposable & { url: string; log?: string }> {
  const existing = process.env.TEST_POSTGRES_URL;
  if (existing) return { url: existing, [Symbol.asyncDispose]: () => dropTemplates(existing) };
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

/** The tests kill processes, never the machine: what the system's cache holds is safe enough, and much faster. */
async function forgetDurability(url: string): Promise<void> {
  const database = openDatabase({ url, applicationName: 'test run', connectionsMax: 1 });
  await database.query(sql`ALTER SYSTEM SET fsync = off`);
  await database.query(sql`SELECT pg_reload_conf()`);
  await database.end();
}

async function dropTemplates(url: string): Promise<void> {
  const database = openDatabase({ url, applicationName: 'test run', connectionsMax: 1 });
  const templates = await database.query<{ datname: string }>(
    sql`SELECT datname FROM pg_database WHERE starts_with(datname, ${templatePrefix})`,
  );
  for (const { datname } of templates) await database.query(sql`DROP DATABASE ${ident(datname)}`);
  await database.end();
}

/** True where it ended with code 0. An interrupted run ends its test processes first. */
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

process.exitCode = (await main()) ? 0 : 1;
