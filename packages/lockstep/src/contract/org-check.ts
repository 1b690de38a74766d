/** The form of what an org is and what a sync's user may do in it. */
import { z } from 'zod';

export const orgCheckSchema = z
  .object({
    org_id: z.string(),
    name: z.string().nullable(),
    edition: z.string().nullable().describe('As Salesforce names it.'),
    is_sandbox: z.boolean().nullable(),
    trial_ends_at: z.iso.datetime().nullable(),
    instance_url: z.string(),
    api_version: z.string().describe('The newest that both know.'),
    user: z
      .object({ id: z.string(), username: z.string(), name: z.string() })
      .nullable()
      .describe('Whose rights the sync has; null: Salesforce does not tell this app.'),
    daily_requests: z
      .object({ max: z.int(), used: z.int() })
      .nullable()
      .describe('Of all programs together, in any 24 hours.'),
    round_trip_ms: z.int().describe('The fastest of the requests made for this.'),
    synced_as: z.array(z.string()).describe('Other syncs of the same org: each uses its daily requests.'),
    hidden_fields: z
      .array(z.string())
      .nullable()
      .describe(
        'Fields of the objects that others may read and the user may not, as Account.Industry; null: Salesforce does not tell. Of a sync that is yet to be made, those of the usual objects.',
      ),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['passed', 'advice', 'must fix']),
        says: z.string(),
        next: z.string().describe('The setting in Salesforce; empty if it passed.'),
      }),
    ),
  })
  .meta({ id: 'OrgCheck' });
export type OrgCheck = z.infer<typeof orgCheckSchema>;
