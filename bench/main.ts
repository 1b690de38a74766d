// Runs one benchmark and prints its figures. Use: npm run bench -- NAME [--json]; without a NAME it lists them.
// The two sides of a ratio or difference are measured interleaved in one run, so that a busy machine affects both alike.
import { parseArgs } from 'node:util';
import { openOwnServer } from '@lockstep/harness/postgres-server';
import { parseInterval } from 'lockstep/control';
import { apply } from './apply.ts';
import type { Figures } from './figures.ts';
import { freshness } from './freshness.ts';
import { type IsolationOptions, isolation } from './isolation.ts';
import { marks } from './marks.ts';
import { org } from './org.ts';
import { proxy } from './proxy.ts';
import { recovery } from './recovery.ts';
import { restBackfill } from './rest-backfill.ts';
import { start } from './start.ts';

interface Bench {
  what: string;
  run: (given: IsolationOptions) => Promise<Figures>;
  /** Ctrl-C does not kill the process but asks the benchmark to end by itself and clean up. */
  endsItself?: true;
}

const benches: Record<string, Bench> = {
  start: { what: 'from the command to the first row, on an installed clone', run: start },
  apply: { what: 'applyPage against a bare insert of the same pages', run: apply },
  isolation: {
    what: 'freshness of five objects while disturbances hit a sixth (an hour; --minutes, --interval 1s)',
    run: isolation,
    endsItself: true,
  },
  marks: {
    what: 'what marked records (to be read again) add to a tick, up to a million of them',
    run: marks,
  },
  recovery: {
    what: 'how soon every object is fresh again after a fault that affects the whole sync (--interval 1s)',
    run: recovery,
  },
  org: { what: 'the simulated org by itself: pages, bulk results, writes', run: org },
  'rest-backfill': { what: 'a backfill over REST against the org’s own rate', run: restBackfill },
  freshness: {
    what: 'from a commit in the org to the mirror, and changes per second (half an hour)',
    run: freshness,
  },
  proxy: { what: 'requests through the proxy against direct ones', run: proxy },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    interval: { type: 'string', default: '1s' },
  },
});
const [name = ''] = positionals;
const bench = benches[name];
const minutes = Number(values.minutes);

if (!bench || values.help || !(minutes > 0)) {
  process.stderr.write('npm run bench -- NAME [--json]\n\n');
  for (const [known, { what }] of Object.entries(benches))
    process.stderr.write(`  ${known.padEnd(14)} ${what}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  const interruption = new AbortController();
  if (bench.endsItself) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interruption.abort());
  }
  await using server = await openOwnServer();
  process.env.TEST_POSTGRES_URL = server.url; // where the test harnesses look for it
  const intervalMs = parseInterval(values.interval);
  const figures = await bench.run({ minutes, intervalMs, interrupted: interruption.signal });
  if (values.json) process.stdout.write(`${JSON.stringify({ bench: name, figures })}\n`);
  else {
    const width = Math.max(...Object.keys(figures).map((figure) => figure.length));
    for (const [figure, { value, unit }] of Object.entries(figures)) {
      process.stdout.write(`${figure.padEnd(width)}  ${String(value).padStart(10)}  ${unit}\n`);
    }
  }
}
