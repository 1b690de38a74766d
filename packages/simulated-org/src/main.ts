import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase, sqlState } from '@lockstep/foundation/database';
import { z } from 'zod';
import { ensureCredentials } from './auth/credentials.ts';
import { runJobs } from './bulk/worker.ts';
import { runSweeps } from './control/retention.ts';
import { listenControl } from './control/server.ts';
import { placeOf } from './http/defect.ts';
import { listen } from './http/server.ts';
import { ForeignOrgError, openOrg } from './open-org.ts';
import { type Org } from './org.ts';
import { runActivity } from './seed/activity.ts';
import { keepCommitLog } from './write/commit-log.ts';
import { RulesError, setRules } from './write/rule-book.ts';

/**
 * The simulated Salesforce org, a program of its own. It reads its whole configuration from one line of JSON on
 * standard input, so that no secret appears in its arguments or environment, and prints one line to standard output
 * when it is ready. Messages go to standard error. It stops on SIGTERM, on SIGINT, and when standard input closes,
 * which happens when the parent dies. Open requests are answered first.
 */
const configuration = z.strictObject({
  databaseUrl: z.url({ protocol: /^postgres(ql)?$/ }),
  host: z.string().default('127.0.0.1'),
  /** 0 picks any free port. If another one is taken, the next free port is used. */
  port: z.int().min(0).max(65_535).default(8402),
  /** Of the control API, by the same rule. */
  controlPort: z.int().min(0).max(65_535).default(8403),
  /** Only used at the first start, which creates them. */
  records: z.int().min(100).max(20_000_000).default(50_000),
  activityPerSecond: z.number().min(0).max(1000).default(0),
  seed: z.int().min(0).default(1),
  credentialsFile: z.string().min(1),
  /** Validation rules and triggers. Left out: those of the last start. */
  rulesFile: z.string().min(1).optional(),
  /** API requests allowed per day. */
  apiLimit: z.int().min(1).default(100_000),
  /** How long a write waits for a locked record. */
  lockTimeoutMs: z.int().min(1).max(60_000).default(10_000),
});
type Configuration = z.infer<typeof configuration>;

/** Its message is printed, and the program exits with this code. */
class StartError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const say = (line: string | object): void => {
  process.stderr.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
};

async function readConfiguration(): Promise<Configuration> {
  let text = '';
  for (;;) {
    const [chunk] = (await Promise.race([once(process.stdin, 'data'), once(process.stdin, 'end')])) as [
      Buffer?,
    ];
    text += chunk?.toString() ?? '';
    if (chunk === undefined || text.includes('\n') || text.length > 65_536) break;
  }
  const [line = ''] = text.split('\n');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new StartError(2, 'the first line of standard input must be the configuration as JSON');
  }
  const read = configuration.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(
    (issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`,
  );
  throw new StartError(2, problems.join('; '));
}

/** Resolves with the first reason to stop. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    if (process.stdin.readableEnded) resolve();
    process.stdin.once('end', () => resolve()).resume();
  });
}

async function start(config: Configuration) {
  const db = openDatabase({ url: config.databaseUrl, applicationName: 'lockstep-org', connectionsMax: 8 });
  const onSeeded = (seeded: number, of: number) => say({ seeded, of });
  const folder = join(dirname(config.credentialsFile), 'org-results');
  const org = await openOrg({ ...config, db, folder, clock: systemClock, onSeeded }).catch(
    (error: unknown) => {
      throw databaseStartError(config, error);
    },
  );
  await ensureCredentials(org, config.credentialsFile);
  if (config.rulesFile !== undefined) await loadRules(org, config.rulesFile);
  const server = await listen(org, config.host, config.port, (where) => say({ defect: where }));
  reportOtherPort(config.port, org.url);
  const onDefect = (error: unknown) => say({ defect: placeOf(error) });
  const control = await listenControl(org, config.host, config.controlPort, onDefect);
  reportOtherPort(config.controlPort, control.url);
  return { org, server, control };
}

function reportOtherPort(wanted: number, url: string): void {
  const chosen = new URL(url).port;
  if (wanted !== 0 && chosen !== String(wanted)) say(`port ${wanted} is taken, using ${chosen}`);
}

async function loadRules(org: Org, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartError(2, `cannot read the rules in ${file}: ${error.code}`);
  });
  try {
    await setRules(org, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new StartError(2, `${file} is not JSON: ${error.message}`);
    if (!(error instanceof RulesError)) throw error;
    throw new StartError(2, [`the rules in ${file} do not fit the org:`, ...error.problems].join('\n  '));
  }
}

/** Names the server, the database and the reason, never the login. */
function databaseStartError(config: Configuration, error: unknown): unknown {
  if (error instanceof ForeignOrgError) return new StartError(2, error.message);
  const { host, pathname } = new URL(config.databaseUrl);
  const code = sqlState(error) ?? (error as { code?: unknown }).code;
  if (typeof code !== 'string') return error;
  return new StartError(1, `cannot use the database ${pathname.slice(1)} at ${host}: ${code}`);
}

/** Answers open requests, then closes every connection; those kept alive close as soon as they are idle. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(sweep);
}

async function run(): Promise<void> {
  const config = await readConfiguration();
  const stop = stopRequested();
  // If the program is stopped while it creates the org, the next start drops the half-made one.
  const started = await Promise.race([start(config), stop]);
  if (!started) process.exit(0);
  const { org, server, control } = started;
  const workStop = new AbortController();
  const { activityPerSecond, seed } = config;
  const activity =
    activityPerSecond > 0 ? runActivity(org, activityPerSecond, seed, workStop.signal) : undefined;
  activity?.catch((error: unknown) =>
    say({ defect: `activity: ${error instanceof Error ? error.name : 'unknown'}` }),
  );
  const onDefect = (error: unknown) => say({ defect: placeOf(error) });
  const jobs = runJobs(org, workStop.signal, onDefect);
  const sweeps = runSweeps(org, workStop.signal, onDefect);
  const log = keepCommitLog(org.db, org.clock, workStop.signal, onDefect);
  const { settings, url } = org;
  const ready = { ready: true, url, controlUrl: control.url, orgId: org.id, records: settings.records };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await stop;
  workStop.abort();
  org.control.releaseAll();
  const controlEnded = close(control.server).then(() => org.control.end());
  await Promise.allSettled([activity, jobs, sweeps, log, controlEnded, close(server)]);
  await org.db.end();
}

try {
  await run();
  // Left to end by itself, Node 24 sometimes spins for ever in `Environment::CleanupHandles`.
  process.exit();
} catch (error) {
  const isKnown = error instanceof StartError;
  say(
    isKnown
      ? error.message
      : `the simulated org could not start: ${error instanceof Error ? error.name : 'unknown'}`,
  );
  process.exit(isKnown ? error.exitCode : 1);
}
