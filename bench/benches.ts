import { apply } from './apply.ts';
import { backfill } from './backfill.ts';
import { changes } from './changes.ts';
import type { Figures } from './figures.ts';
import { flood } from './flood.ts';
import { freshness } from './freshness.ts';
import { type BenchOptions, isolation } from './isolation.ts';
import { marks } from './marks.ts';
import { org } from './org.ts';
import { proxy } from './proxy.ts';
import { recovery } from './recovery.ts';
import { restBackfill } from './rest-backfill.ts';
import { start } from './start.ts';

interface Bench {
  what: string;
  run: (given: BenchOptions) => Promise<Figures>;
  /** An interruption does not kill it: it ends by itself, with the figures of what it has measured. */
  endsItself?: true;
}

export const benches: Record<string, Bench> = {
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
  backfill: {
    what: 'a backfill by Bulk against curl and \\copy of the same results (--rows 1000000)',
    run: backfill,
  },
  'rest-backfill': { what: 'a backfill over REST against the org’s own rate', run: restBackfill },
  freshness: { what: 'from a commit in the org to the mirror (four minutes)', run: freshness },
  changes: { what: 'changes per second that can be followed (half an hour)', run: changes },
  flood: {
    what: 'a known caller of the proxy while 200 strangers with made-up tokens do their worst',
    run: flood,
  },
  proxy: { what: 'requests through the proxy against direct ones', run: proxy },
};
