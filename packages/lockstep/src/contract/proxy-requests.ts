/** Proxied requests and what became of them. */
import { z } from 'zod';
import { asOf, pageOf } from './pages.ts';

const outcomes = ['applied', 'pending', 'polled', 'passed on', 'refused', 'unknown', 'caller left'] as const;
const ms = z.int();

export const proxyRequestSchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime().describe('When it was answered.'),
    method: z.string(),
    object: z
      .string()
      .nullable()
      .describe(
        'API name of a mirrored object, in lower case if it was removed since; null: another one, several, or unknown.',
      ),
    record_id: z.string().nullable(),
    outcome: z
      .enum(outcomes)
      .describe(
        '`applied`: the mirror showed the write before its answer; `pending`: it follows; `polled`: the records are not known, so tables are polled; `passed on`: it concerned no mirrored record; `refused`: by Salesforce, or by the proxy with a code; `unknown`: nobody knows whether Salesforce did it.',
      ),
    code: z.string().nullable().describe('With which the proxy refused it, or lost its answer.'),
    status: z.int(),
    took_ms: ms,
    salesforce_ms: ms.describe('Of that, until Salesforce had answered.'),
    read_back_ms: ms.describe('Of that, reading back what was written.'),
    apply_ms: ms.describe('Of that, storing what was read.'),
    request_id: z.string().describe("That of its line in the server's log."),
  })
  .meta({ id: 'ProxyRequest' });
export type ProxyRequestView = z.infer<typeof proxyRequestSchema>;

export const proxyRequestsQuery = z.object({
  outcome: z.enum(outcomes).optional(),
  object: z.string().min(1).max(100).optional().describe('Only of this object: its API name.'),
  since: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .describe('`next` of the page before.'),
});

export const proxyRequestsSchema = pageOf(proxyRequestSchema);

export const proxyHoursQuery = z.object({
  since: z.iso.datetime({ offset: true }).optional().describe('The last 24 hours without it.'),
});

export const proxyHoursSchema = z
  .object({
    items: z.array(
      z.object({
        hour: z.iso.datetime().describe('Its beginning.'),
        method: z.string(),
        outcome: z.enum([...outcomes, 'read']),
        requests: z.int(),
        average_ms: z.int(),
      }),
    ),
    as_of: asOf,
  })
  .meta({ id: 'ProxyHours' });
export type ProxyHoursView = z.infer<typeof proxyHoursSchema>;
