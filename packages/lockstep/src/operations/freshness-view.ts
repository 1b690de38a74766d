/** How far the tables of a sync were behind Salesforce, as programs get it. */
import { type FreshnessView, freshnessSchema } from '../contract/freshness.ts';
import { type Control, readFreshness, type Sync } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { cutPage } from './cut-page.ts';
import { placeOf, tokenOf } from './place-token.ts';
import { readNow } from './read-objects.ts';

const dayMs = 86_400_000;
const placeSchema = freshnessSchema.pick({ hour: true, object: true });

/** One page; `since`: the last 24 hours without it. */
export async function freshnessOf(
  control: Control,
  { id }: Pick<Sync, 'id'>,
  asked: {
    since?: string | undefined;
    object?: string | undefined;
    by: 'object' | 'hour';
    after?: string | undefined;
    limit: number;
  },
) {
  const now = await readNow(control.db);
  const place = placeOf(placeSchema, asked.after);
  const found = await readFreshness(control, id, {
    since: asked.since ?? new Date(now - dayMs).toISOString(),
    sobject: asked.object,
    isByHour: asked.by === 'hour',
    after: place && { hour: place.hour, sobject: place.object },
    limit: asked.limit + 1,
  });
  const read = found.map(
    ({ hour, sobject, samples, p50, p95, max }): FreshnessView => ({
      hour: inRfc3339(hour),
      object: sobject,
      samples,
      p50_ms: p50 * 1_000,
      p95_ms: p95 * 1_000,
      max_ms: max * 1_000,
    }),
  );
  return cutPage(read, asked.limit, (last) => tokenOf(placeSchema.parse(last)), now);
}
