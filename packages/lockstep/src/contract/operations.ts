/** The forms of work that takes longer than a request. */
import { z } from 'zod';

/** Of one request: more than a person would paste; to read a whole object again there is a check of its content. */
export const recordsMax = 1_000;

const objects = z.array(z.string().max(100)).min(1).max(1_000);
const all = objects.optional().describe('API names; all objects of the sync if they are left out.');

const expires = {
  expires_in_seconds: z
    .int()
    .min(1)
    .max(2_592_000)
    .optional()
    .describe('It is withdrawn if it has not ended by then.'),
};

export const newOperationSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('flush'), ...expires })
      .describe('Reads every object now: everything committed before is in the mirror when it is done.'),
    z
      .strictObject({
        kind: z.literal('verify'),
        level: z.enum(['counts', 'ids', 'content']),
        objects: all,
        ...expires,
      })
      .describe('Compares the mirror with Salesforce, and reads again what differs.'),
    z
      .strictObject({
        kind: z.literal('refetch'),
        object: z.string().max(100),
        ids: z.array(z.string().max(40)).min(1).max(recordsMax),
        ...expires,
      })
      .describe('Reads these records again, by their Ids.'),
    z
      .strictObject({ kind: z.enum(['keep', 'remove']), object: z.string().max(100), ...expires })
      .describe('Decides on rows that Salesforce suddenly no longer shows: keep them, or remove them.'),
  ])
  .meta({ id: 'NewOperation' });

export const operationSchema = z
  .object({
    id: z.string(),
    sync_id: z.string(),
    kind: z.enum(['flush', 'verify', 'refetch', 'keep', 'remove']),
    objects: z.array(z.string()).nullable().describe('API names; null: all objects of the sync.'),
    state: z.enum(['queued', 'running', 'done', 'failed']).describe('queued: no worker has taken it yet.'),
    took_ms: z.int().describe('From when it was asked for to its end, or until now.'),
    progress: z
      .object({
        done: z.int().describe('Objects that are done.'),
        of: z.int(),
        objects: z.array(z.object({ object: z.string(), rows: z.int(), of: z.int() })),
      })
      .nullable(),
    result: z
      .object({
        objects: z.int(),
        skipped: z.array(z.object({ object: z.string(), reason: z.string() })),
        repairs: z
          .array(z.object({ sobject: z.string(), kind: z.string(), rows: z.int() }))
          .describe('Rows that differed and were repaired.'),
        set_aside: z
          .array(
            z.object({
              sobject: z.string(),
              column_name: z.string().nullable(),
              code: z.string(),
              reason: z.string(),
              rows: z.int(),
            }),
          )
          .describe('Records of these objects that the mirror cannot store as they are.'),
      })
      .nullable(),
    fault: z.object({ code: z.string(), says: z.string(), next: z.string() }).nullable(),
  })
  .meta({ id: 'Operation' });
export type NewOperation = z.infer<typeof newOperationSchema>;
export type Operation = z.infer<typeof operationSchema>;
