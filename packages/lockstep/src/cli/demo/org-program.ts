/** The simulated Salesforce org as a child process, configured by one line on its standard input. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '@lockstep/foundation/database';
import { z } from 'zod';
import { RequestError, usageError } from '../../core/request-error.ts';
import { preferredPort, rememberPort } from '../../operations/ports.ts';
import { databaseFault } from '../../postgres/index.ts';
import type { DatabaseServer } from '../../server/index.ts';
import { tryToLockOrg } from './demo-sql.ts';
import { credentialsFileOf, ensureOrgDatabase } from './org-database.ts';

export interface OrgOptions {
  server: DatabaseServer;
  dataDir: string;
  port: number;
  /** How many to make; used at the first start only. */
  records: number;
  activityPerSecond: number;
  seed: number;
  /** The port of its control API. */
  controlPort: number;
  /** An absolute path; without one the org keeps the rules that it has. */
  rulesFile?: string;
  say: (line: string) => void;
  onSeeded: (seeded: number, of: number) => void;
  stop: AbortSignal;
}

export interface OrgProgram extends AsyncDisposable {
  url: string;
  controlUrl: string;
  orgId: string;
  records: number;
  pid: number | undefined;
  credentials: OrgCredentials;
  /** Resolves when the program has ended, for any reason. */
  ended: Promise<void>;
}

const app = z.object({ clientId: z.string(), clientSecret: z.string(), username: z.string() });
const credentialsSchema = z.object({
  orgId: z.string(),
  /** For the sync: client credentials. */
  integration: app,
  /** For callers of the API: username and password. */
  demo: app.extend({ password: z.string() }),
});
type OrgCredentials = z.infer<typeof credentialsSchema>;

const readySchema = z.object({
  ready: z.literal(true),
  url: z.string(),
  controlUrl: z.string(),
  orgId: z.string(),
  records: z.int(),
});
const seededSchema = z.object({ seeded: z.int(), of: z.int() });

/** @throws {@link RequestError} if the program does not start, or is already running */
export async function startOrg(options: OrgOptions): Promise<OrgProgram> {
  const { dataDir, records, activityPerSecond, seed, rulesFile, stop } = options;
  const port = await preferredPort(dataDir, 'org', options.port);
  const controlPort = await preferredPort(dataDir, 'org-control', options.controlPort);
  await refuseForbiddenPort(port, '--port or LOCKSTEP_ORG_PORT');
  await refuseForbiddenPort(controlPort, '--control-port');
  const databaseUrl = await ensureOrgDatabase(options.server, dataDir);
  const credentialsFile = credentialsFileOf(dataDir);
  await using undo = new AsyncDisposableStack();
  undo.defer(await lockOrg(databaseUrl, dataDir));
  stop.throwIfAborted();

  // In a session of its own, so that Ctrl-C does not end it before us; it ends when we close its standard input. Its
  // environment is empty, because ours may hold secrets.
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(import.meta.resolve('@lockstep/simulated-org/program')),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], env: {}, detached: true },
  );
  const ended = once(child, 'close').then(
    () => undefined,
    () => undefined,
  );
  undo.defer(() => end(child, ended));
  const places = { databaseUrl, host: '127.0.0.1', port, controlPort, credentialsFile };
  const configuration = { ...places, records, activityPerSecond, seed, rulesFile };
  child.stdin.on('error', () => undefined); // the child has ended, which `ended` reports
  child.stdin.write(`${JSON.stringify(configuration)}\n`);
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => onOrgLine(line, options));
  const ready = await readyLine(child, ended, stop);
  await rememberPort(dataDir, 'org', options.port, Number(new URL(ready.url).port));
  await rememberPort(dataDir, 'org-control', options.controlPort, Number(new URL(ready.controlUrl).port));
  const credentials = credentialsSchema.parse(JSON.parse(await readFile(credentialsFile, 'utf8')));
  const ends = undo.move();
  return { ...ready, pid: child.pid, credentials, ended, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** If a port is taken, the org tries the next one; a port that this process may not bind is refused here. */
async function refuseForbiddenPort(port: number, option: string): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EADDRINUSE') return;
    throw usageError(
      `The simulated org cannot listen on port ${port} (${String(code)})`,
      `Give a port over 1023 with ${option}.`,
    );
  } finally {
    probe.close();
  }
}

async function readyLine(child: ChildProcess, ended: Promise<void>, stop: AbortSignal) {
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> });
  const first = once(lines, 'line', { signal: stop }) as Promise<[string]>;
  const [line] = (await Promise.race([first, ended])) ?? [];
  if (line !== undefined) return readySchema.parse(JSON.parse(line));
  throw new RequestError(`The simulated org did not start (exit code ${child.exitCode ?? 'none'})`, {
    kind: 'unexpected',
    next: 'See the lines above.',
  });
}

/** A line is either seeding progress as JSON or a message for the user. */
function onOrgLine(line: string, { say, onSeeded }: OrgOptions): void {
  const seeded = line.startsWith('{') ? seededSchema.safeParse(JSON.parse(line)).data : undefined;
  if (seeded) onSeeded(seeded.seeded, seeded.of);
  else say(`org: ${line}`);
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.end();
  child.kill('SIGTERM');
  await ended;
}

/** Takes the lock for as long as the program runs; the returned function releases it. */
async function lockOrg(url: string, dataDir: string): Promise<() => Promise<void>> {
  const database = openDatabase({ url, applicationName: 'lockstep org lock', connectionsMax: 1 });
  const session = await database.session().catch((error: unknown) => {
    throw databaseFault(error, new URL(url).host) ?? error;
  });
  const [lock] = await tryToLockOrg(session);
  const release = async () => {
    await session.close();
    await database.end();
  };
  if (lock?.taken) return release;
  await release();
  throw new RequestError(`The simulated org of ${dataDir} is already running`, {
    kind: 'unexpected',
    next: 'End it with Ctrl-C in its terminal, or give another data directory with --data',
  });
}
