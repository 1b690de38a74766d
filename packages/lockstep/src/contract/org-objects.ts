/** The forms of what an org offers to be mirrored. */
import { z } from 'zod';
import { loginUrlSchema, newCredentialSchema } from './credentials.ts';
import { pageQuery } from './pages.ts';

/** What most people choose first: what a sync gets whose objects are not named. */
export const recommendedObjects = ['Account', 'Contact', 'Lead', 'Opportunity', 'User', 'Product2'] as const;

export const freshness = z
  .enum(['polled', 'new records polled', 'compared'])
  .describe('How the mirror learns of changes: by asking for what has changed, or by comparing all records.');
export const freshnessNote = z
  .string()
  .nullable()
  .describe('What is slower than that, as the predicate of a sentence about the object.');

export const orgObjectSchema = z
  .object({
    sobject: z.string(),
    label: z.string(),
    is_custom: z.boolean(),
    is_recommended: z.boolean().describe('Most syncs have it.'),
    is_chosen: z.boolean().describe('The sync mirrors it.'),
    unreadable: z
      .string()
      .nullable()
      .describe('Why it cannot be mirrored, as the predicate of a sentence about it; null: it can.'),
    records: z.int().nullable().describe('About, as Salesforce counts them; null: not known.'),
    freshness: freshness.nullable().describe('With details only.'),
    note: freshnessNote,
    pass_requests: z
      .int()
      .nullable()
      .describe(
        'With details only: about how many requests comparing all records once costs, for an object whose changes are not all polled; null: they are, or it is not known.',
      ),
  })
  .meta({ id: 'OrgObject' });
export type OrgObject = z.infer<typeof orgObjectSchema>;

export const orgFieldSchema = z
  .object({
    field: z.string(),
    label: z.string(),
    type: z.string().describe('As Salesforce names it.'),
    column_type: z.string().nullable().describe('Of its column; null: it has none.'),
    state: z.enum(['mirrored', 'left out', 'no column']),
    note: z
      .string()
      .nullable()
      .describe('Why it has no column, or must have one, as the predicate of a sentence about it.'),
  })
  .meta({ id: 'OrgField' });
export type OrgField = z.infer<typeof orgFieldSchema>;
export const orgFieldsSchema = z.object({ sobject: z.string(), fields: z.array(orgFieldSchema) });

export const orgObjectsQuery = pageQuery.extend({
  search: z.string().max(100).optional().describe('Part of the label or the API name.'),
  only: z.enum(['recommended', 'standard', 'custom', 'possible', 'not possible', 'chosen']).optional(),
  details: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether the page says how changes are learned of: one request to Salesforce per 25 objects.'),
});

export const connectionSchema = z
  .strictObject({
    login_url: loginUrlSchema.optional().describe('May be left out with a sign-in.'),
    credential: newCredentialSchema,
  })
  .meta({ id: 'Connection' });
