// Runs one benchmark and prints its figures. Use: npm run bench -- NAME [--json]; without a NAME it lists them.
// The two sides of a ratio or difference are measured interleaved in one run, so that a busy machine affects both
// alike. Each runs as a process on a server and in a folder of its own; an interrupted one leaves nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openOwnServer } from '@lockstep/harness/postgres-server';
import { openRunFolder } from '@lockstep/harness/run-folder';
import { benches } from './benches.ts';

/** After this long, what an interrupted benchmark started is killed. */
const endsWithinMs = 30_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    interval: { type: 'string', default: '1s' },
    rows: { type: 'string', default: '1000000' },
  },
});
const [name = ''] = positionals;

if (
  !Object.hasOwn(benches, name) ||
  values.help ||
  !(Number(values.minutes) > 0) ||
  !(Number(values.rows) > 0)
) {
  process.stderr.write('npm run bench -- NAME [--json]\n\n');
  for (const [known, { what }] of Object.entries(benches))
    process.stderr.write(`  ${known.padEnd(14)} ${what}\n`);
  process.exitCode = values.help ? 0 : 2;
} else process.exitCode = await main();

/** Resolves with the exit status: 130 after an interruption. */
async function main(): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());
  await using folder = await openRunFolder('lockstep-bench-');
  process.env.TMPDIR = folder.temporary;
  await using server = await openOwnServer();
  if (stop.signal.aborted) return 130;
  const status = await runBench({ TEST_POSTGRES_URL: server.url }, stop.signal);
  return stop.signal.aborted ? 130 : status;
}

async function runBench(environment: Record<string, string>, stop: AbortSignal): Promise<number> {
  const program = join(import.meta.dirname, 'run-bench.ts');
  const format = values.json ? 'json' : 'text';
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, name, values.minutes, values.interval, values.rows, format],
    {
      stdio: 'inherit',
      env: { ...process.env, ...environment },
      detached: true, // a process group of its own, so that all that it started can be ended
    },
  );
  const ended = once(child, 'exit');
  const end = () => void child.kill('SIGTERM');
  stop.addEventListener('abort', end);
  const [status] = (await ended) as [number | null];
  if (child.pid !== undefined) await endGroup(child.pid);
  return status ?? 1;
}

/** Asks the processes of a group to end, and resolves when none is left. */
async function endGroup(group: number): Promise<void> {
  const killAt = performance.now() + endsWithinMs;
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; signalGroup(group, signal); await sleep(200)) {
    signal = performance.now() < killAt ? 0 : 'SIGKILL';
  }
}

/** False if the group has no process. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
