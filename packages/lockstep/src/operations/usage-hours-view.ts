/** The requests of a sync by hour, as programs get them. */
import { z } from 'zod';
import { type UsageHourView, usageHourSchema } from '../contract/usage-hours.ts';
import { type Control, readOrgHours, readUsageHours, type Sync } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
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
  const place = asked.after === undefined ? null : placeOf(asked.after);
  const after = place && { hour: place.hour, purpose: place.purpose, sobject: place.object };
  const found = await readUsageHours(control, id, { since, after, limit: asked.limit + 1 });
  const items = found.slice(0, asked.limit).map(
    ({ hour, sobject, ...rest }): UsageHourView => ({
      ...rest,
      hour: inRfc3339(hour) ?? '',
      object: sobject,
    }),
  );
  const last = items.at(-1);
  return {
    items,
    next: last && found.length > asked.limit ? tokenOf(last) : null,
    org: (await readOrgHours(control, id, since)).map((one) => ({ ...one, hour: inRfc3339(one.hour) ?? '' })),
    as_of: new Date(now).toISOString(),
  };
}

const tokenOf = (last: UsageHourView): string =>
  Buffer.from(JSON.stringify(placeSchema.parse(last))).toString('base64url');

/** Null: not one of ours, so that the list begins anew. */
function placeOf(token: string): z.infer<typeof placeSchema> | null {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  return z.string().transform(fromJson).pipe(placeSchema).safeParse(text).data ?? null;
}

function fromJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
}
