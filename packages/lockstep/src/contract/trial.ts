/** A measured write of one record, to see that all is well. */
import { z } from 'zod';

export const newTrialSchema = z
  .strictObject({
    object: z.string().min(1).max(100).describe('A mirrored object: its API name.'),
    id: z.string().regex(/^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/, 'the Id of a record'),
    token: z
      .string()
      .regex(/^[\x21-\x7e]{1,4000}$/, 'an access token')
      .describe(
        "The caller's own access token of Salesforce, or a key of the sync's proxy that writes. It is used for this request and stored nowhere.",
      ),
    field: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('A text field to write; without it Description, or the name of the record.'),
  })
  .meta({ id: 'NewTrial' });
export type NewTrial = z.infer<typeof newTrialSchema>;

export const trialSchema = z
  .object({
    is_ok: z.boolean().describe('Every step is.'),
    field: z.string().describe('The field that was written.'),
    steps: z.array(
      z.object({
        step: z
          .enum(['record', 'write', 'sql', 'unchanged'])
          .describe(
            '`record`: it is read through the proxy; `write`: the same value is written back; `sql`: a reader of the mirror sees this write; `unchanged`: Salesforce has the value that it had before.',
          ),
        is_ok: z.boolean(),
        took_ms: z.int(),
        status: z.int().nullable().describe("Salesforce's, or the proxy's."),
        applied: z.string().nullable().describe('Value of Lockstep-Applied.'),
        code: z.string().nullable().describe("A code of Lockstep's, or of Salesforce's."),
        says: z.string(),
      }),
    ),
  })
  .meta({ id: 'Trial' });
export type Trial = z.infer<typeof trialSchema>;
export type TrialStep = Trial['steps'][number];
