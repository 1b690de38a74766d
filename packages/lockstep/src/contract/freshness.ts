/** How far the tables of a sync were behind Salesforce. */
import { z } from 'zod';
import { pageOf } from './pages.ts';
import { hoursQuery } from './usage-hours.ts';

const age = z.int().describe('Milliseconds between the time up to which changes were read and the sample.');

export const freshnessSchema = z
  .object({
    hour: z.iso.datetime().nullable().describe('Its beginning; null: all hours together.'),
    object: z.string(),
    samples: z.int().describe('One a minute while a worker runs the sync.'),
    p50_ms: age,
    p95_ms: age,
    max_ms: age,
  })
  .meta({ id: 'Freshness' });
export type FreshnessView = z.infer<typeof freshnessSchema>;

export const freshnessQuery = hoursQuery.extend({
  by: z.enum(['object', 'hour']).default('object').describe('`hour`: by object and hour.'),
  object: z.string().min(1).max(100).optional().describe('Only of this object: its API name.'),
});

export const freshnessPageSchema = pageOf(freshnessSchema);
