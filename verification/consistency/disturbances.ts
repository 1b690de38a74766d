import type { Database } from '@lockstep/foundation/database';
import type { Random } from '@lockstep/foundation/random';
import { sql } from '@lockstep/foundation/sql';
import type { TestOrg } from '@lockstep/harness/org';

/** Something that goes wrong for a while: `begin` returns the function that ends it. */
export interface Disturbance {
  name: string;
  begin(world: Disturbed, random: Random): Promise<() => Promise<unknown>>;
}

export interface Disturbed {
  org: TestOrg;
  /** The mirror's database, connected as the server's administrator. */
  admin: Database;
}

const sync = { user: 'integration' };
const clients = { user: 'demo' };
const queriesOfSync = { ...sync, inside: 'only', path: '/services/data/*/query*' };
const ends = ['reset', 'close', 'complete'] as const;
const moments = ['before', 'after'] as const;
const refusals = ['SERVER_UNAVAILABLE', 'HTML_503', 'UNKNOWN_EXCEPTION', 'TOO_MANY_REQUESTS'] as const;

/** Injects an effect into a share of the requests; both are drawn anew each time the disturbance begins. */
const injected = (
  name: string,
  match: object,
  effect: (random: Random) => object,
  share: readonly [number, number] = [20, 70],
): Disturbance => ({
  name,
  async begin({ org }, random) {
    const { id } = await org.control<{ id: string }>('/faults', {
      match,
      effect: effect(random),
      share: random.between(...share) / 100,
      seed: random.between(1, 1_000_000),
      times: null,
    });
    return () => org.control('/faults/delete', { id });
  },
});

const tornRows = (random: Random): object =>
  random.pick([
    { duplicate: 2 },
    { dropLast: 1 },
    { shuffle: true },
    { nullRecord: true },
    { extra: { Unasked__c: 'Here' } },
    { notDone: true },
  ]);

export const disturbances: readonly Disturbance[] = [
  injected('slow answers to the sync', sync, (random) => ({ delayAnswerMs: random.between(200, 4_000) })),
  injected('slow handling of the sync', sync, (random) => ({ delayMs: random.between(200, 2_000) })),
  injected('lost answers to the sync', sync, (random) => ({ reset: random.pick(moments) })),
  injected('refusals of the sync', sync, (random) => ({
    answer: random.pick(refusals),
    retryAfterSeconds: 1,
  })),
  injected('refused queries of the sync', queriesOfSync, () => ({ answer: 'QUERY_TIMEOUT' })),
  injected('torn answers to the sync', sync, (random) => ({
    truncate: { bytes: random.between(10, 5_000), end: random.pick(ends) },
  })),
  injected('torn pages of the sync', queriesOfSync, (random) => ({ rows: tornRows(random) })),
  injected('slow writes', clients, (random) => ({ delayMs: random.between(100, 1_500) })),
  injected('slow answers to writes', clients, (random) => ({ delayAnswerMs: random.between(100, 3_500) })),
  injected('lost writes', clients, (random) => ({ reset: random.pick(moments) }), [10, 40]),
  injected('refused writes', clients, (random) => ({ answer: random.pick(refusals), retryAfterSeconds: 1 })),
  injected('empty answers to writes', clients, () => ({ emptyBody: true }), [10, 40]),
  injected(
    'torn answers to writes',
    clients,
    (random) => ({ truncate: { bytes: random.between(0, 40), end: random.pick(ends) } }),
    [10, 40],
  ),
  {
    name: 'an ended session of the sync',
    async begin({ org }) {
      await org.control('/signIn/expireTokens', { user: 'integration' });
      return () => Promise.resolve();
    },
  },
  {
    name: 'cut connections to the mirror',
    async begin({ admin }) {
      await admin.query(sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'lockstep%'`);
      return () => Promise.resolve();
    },
  },
];
