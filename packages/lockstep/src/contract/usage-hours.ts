/** Requests of a sync by hour. */
import { z } from 'zod';
import { pageOf } from './pages.ts';

export const usageHourSchema = z
  .object({
    hour: z.iso.datetime().describe('Its beginning.'),
    purpose: z.string().describe('The most urgent one of the queries in a request.'),
    object: z
      .string()
      .nullable()
      .describe('Null: requests that are not for one object, such as proxied ones, and those that failed.'),
    requests: z.number().describe('Queries of several objects share a request, so it may have a fraction.'),
    queries: z.int(),
    rows: z.int(),
  })
  .meta({ id: 'UsageHour' });
export type UsageHourView = z.infer<typeof usageHourSchema>;

export const hoursQuery = z.object({
  since: z.iso.datetime({ offset: true }).optional().describe('The last 24 hours without it.'),
  limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
  after: z
    .string()
    .regex(/^[\w-]{1,400}$/)
    .optional()
    .describe('`next` of the page before.'),
});

export const usageHoursSchema = pageOf(usageHourSchema).extend({
  org: z
    .array(z.object({ hour: z.iso.datetime(), used: z.int(), max: z.int() }))
    .describe(
      "The org's requests of the 24 hours before, by all programs together, as last reported in each hour.",
    ),
});
