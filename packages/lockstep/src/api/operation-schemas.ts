/** The forms of work that takes longer than a request. */
import { z } from 'zod';

const objects = z.array(z.string().max(100)).min(1).max(1_000);
const all = objects.optional().describe('API names; all objects of the sync if they are left out.');

export const newOperationSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('flush') })
      .describe('Reads every object now: everything committed before is in the mirror when it is done.'),
    z
      .strictObject({ kind: z.literal('verify'), level: z.enum(['counts', 'ids', 'content']), objects: all })
      .describe('Compares the mirror with Salesforce, and reads again what differs.'),
    z
      .strictObject({
        kind: z.literal('refetch'),
        object: z.string().max(100),
        ids: z.array(z.string().max(40)).min(1).max(1_000),
      })
      .describe('Reads these records again, by their Ids.'),
    z
      .strictObject({ kind: z.enum(['keep', 'remove']), object: z.string().max(100) })
      .describe('Decides on rows that Salesforce suddenly no longer shows: keep them, or remove them.'),
  ])
  .meta({ id: 'NewOperation' });

export const operationSchema = z
  .object({
    id: z.string(),
    sync_id: z.string(),
    kind: z.enum(['flush', 'verify', 'refetch', 'keep', 'remove']),
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
        repairs: z.array(z.object({ sobject: z.string(), kind: z.string(), rows: z.int() })),
      })
      .nullable(),
    fault: z.object({ code: z.string(), says: z.string(), next: z.string() }).nullable(),
  })
  .meta({ id: 'Operation' });
