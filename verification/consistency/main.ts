/**
 * Runs the read-your-writes test. Use: npm run consistency -- --writes N
 *
 *   --writes N      number of writing requests (default 2,000); the last line is
 *                   {"writes":…,"violations":…,"pending":…,"unknown":…}
 *   --clients N     number of concurrent clients (32)
 *   --seed S        seed of all random choices (1); the timing of requests does not depend on it
 *   --records N     number of records in the org before the run (20,000)
 *   --kill          also kills Lockstep with kill -9 every few seconds
 *   --logs FOLDER   keeps Lockstep's log files
 *
 * PostgreSQL is the server that TEST_POSTGRES_URL names, or one made for the run. Exit status 1: a promise was broken,
 * which is printed with its record's history.
 */
import { parseArgs } from 'node:util';
import { runCommand, say, whole } from '@lockstep/harness/command';
import { openServer } from '@lockstep/harness/postgres-server';
import type { Violation } from './history.ts';
import { type Progress, run } from './run.ts';

/** How many violations are printed with their story; the others get one line. */
const storiesMax = 5;

const options = {
  options: {
    writes: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
    records: { type: 'string', default: '20000' },
    kill: { type: 'boolean', default: false },
    logs: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
} as const;

const usage = `npm run consistency -- [--writes N] [--clients N] [--seed S] [--records N] [--kill] [--logs FOLDER]

  --writes N     number of writing requests (2000)
  --clients N    number of concurrent clients (32)
  --seed S       seed of all random choices (1)
  --records N    number of records in the org before the run (20000)
  --kill         also kills Lockstep with kill -9 every few seconds
  --logs FOLDER  keeps Lockstep's log files
`;

/** Prints violations as they are found. */
class ViolationPrinter {
  private printed = 0;

  print(violations: readonly Violation[]): void {
    for (const { promised, record, what, story } of violations.slice(this.printed)) {
      say(`Promise broken: ${promised}${record === null ? '' : ` (${record})`}: ${what}`);
      if (this.printed++ < storiesMax) for (const line of story) say(line);
    }
  }
}

/** Reports on standard error, because the last line of standard output is the result. */
function report({ violations, ...progress }: Progress): void {
  const { seconds, writes, pending, unknown, kills, slowestMs, waiting, remembered } = progress;
  const memory = Math.round(process.memoryUsage().rss / 1_048_576);
  process.stderr.write(
    `${seconds} s: ${writes} writes, ${violations.length} violations, ${pending} pending, ${unknown} unknown, ` +
      `${kills} kills, slowest ${slowestMs} ms, ${waiting} to check, ${remembered} records, ${memory} MB\n`,
  );
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

async function main(): Promise<boolean> {
  const { values } = parseArgs(options);
  if (values.help) {
    process.stderr.write(usage);
    return true;
  }
  await using server = await openServer();
  process.env.TEST_POSTGRES_URL = server.url; // the harness reads it
  const asked = {
    writes: whole(values.writes),
    clients: whole(values.clients),
    seed: whole(values.seed),
    records: whole(values.records),
    hasKills: values.kill,
    logs: values.logs,
  };
  const printer = new ViolationPrinter();
  const onProgress = (progress: Progress) => {
    printer.print(progress.violations);
    report(progress);
  };
  const { writes, violations, pending, unknown } = await run({ ...asked, stop: stop.signal, onProgress });
  if (stop.signal.aborted) throw new Error('interrupted');
  if (violations.length > 0) {
    const { clients, seed, records } = asked;
    const again = `--writes ${asked.writes} --clients ${clients} --seed ${seed} --records ${records}`;
    say(`again: npm run consistency -- ${again}${values.kill ? ' --kill' : ''}`);
  }
  say(JSON.stringify({ writes, violations: violations.length, pending, unknown }));
  return violations.length === 0;
}

await runCommand(main);
