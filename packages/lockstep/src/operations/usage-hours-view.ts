/** The requests of a sync by hour, as programs get them. */
import { type UsageHourView, usageHourSchema } from '../contract/usage-hours.ts';
import { type Control, readOrgHours, readUsageHours, type Sync } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { cutPage } from './cut-page.ts';
import { placeOf, tokenOf } from './place-token.ts';
import { readNow } from './read-objects.ts';

const dayMs = 86_400_000;
const placeSchema = usageHourSchema.pick({ hour: true, purpose: true, object: true });

/** One page, the newest hour first; `since`: the last 24 hours without it. */
export async function usageHours(
  control: Control,
  { id }: Pick<Sync, 'id'>,
  asked: { since?: string | undefined; after?: string | undefined; limit: number },
) {
  const now = await readNow(control.db);
  const since = asked.since ?? new Date(now - dayMs).toISOString();
  const place = placeOf(placeSchema, asked.after);
  const after = place && { hour: place.hour, purpose: place.purpose, sobject: place.object };
  const found = await readUsageHours(control, id, { since, after, limit: asked.limit + 1 });
  const read = found.map(
    ({ hour, sobject, ...rest }): UsageHourView => ({
      ...rest,
      hour: inRfc3339(hour) ?? '',
      object: sobject,
    }),
  );
  return {
    ...cutPage(read, asked.limit, (last) => tokenOf(placeSchema.parse(last)), now),
    org: (await readOrgHours(control, id, since)).map((one) => ({ ...one, hour: inRfc3339(one.hour) ?? '' })),
  };
}
