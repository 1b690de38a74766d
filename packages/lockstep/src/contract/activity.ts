/** What has happened to a sync. */
import { z } from 'zod';
import { asOf } from './pages.ts';

const kinds = [
  'state',
  'problem',
  'backfill',
  'check',
  'schema',
  'credential',
  'destination',
  'org',
] as const;

export const activitySchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    kind: z
      .enum(kinds)
      .describe(
        '`state`: another state of the sync or of an object; `problem`: some work on an object fails, or works again, records are set aside or stored after all, or somebody has decided about missing rows; `check`: what a comparison with Salesforce has repaired.',
      ),
    event: z
      .string()
      .describe(
        'Of a state: the state; of a sync `resumed` until its worker has begun. Else one of a few fixed words.',
      ),
    before: z.string().nullable().describe('Of a state: the one before it.'),
    object: z.string().nullable().describe('Null: it concerns the sync as a whole.'),
    says: z.string().describe('The same as a sentence.'),
    done: z
      .string()
      .nullable()
      .describe('Of a change of an object or its fields: what was done about it, as a sentence.'),
    code: z.string().nullable().describe('`GET /errors/CODE` explains it.'),
    detail: z
      .string()
      .nullable()
      .describe('A field, the work on an object such as `poll`, or the host or API version of the org.'),
    rows: z.int().nullable(),
    times: z.int().describe('How often the same has happened within a minute.'),
    needs_person: z.boolean().describe('Somebody had to do something.'),
    who: z
      .string()
      .nullable()
      .describe('Who has decided it, as in the audit log. Null: it has happened by itself.'),
  })
  .meta({ id: 'Activity' });
export type ActivityView = z.infer<typeof activitySchema>;

const entryId = z.string().regex(/^\d{1,15}$/);

export const activityQuery = z.object({
  object: z.string().min(1).max(100).optional().describe('Only of this object: its API name.'),
  kind: z.enum(kinds).optional(),
  code: z
    .string()
    .regex(/^[A-Z]{2,5}-\d{2,3}$/)
    .optional()
    .describe('Only what has this code, such as `SF-01`.'),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional().describe('Only what happened before then.'),
  only: z.enum(['needs-person']).optional().describe('Only what somebody had to do something about.'),
  newer_than: entryId.optional().describe('The id of an entry: only later ones.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: entryId.optional().describe('`next` of the page before.'),
});

export const activityPageSchema = z.object({
  items: z.array(activitySchema),
  next: z.string().nullable().describe('For the next page; null: this was the last one.'),
  as_of: asOf,
});
