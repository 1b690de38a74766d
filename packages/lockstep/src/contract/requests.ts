/** Requests that make something, by their Idempotency-Key. */
import { z } from 'zod';

export const requestSchema = z
  .object({
    state: z
      .enum(['running', 'interrupted', 'done'])
      .describe(
        '`interrupted`: its server has died; repeated with its key, the request takes up what was begun.',
      ),
    progress: z
      .object({ step: z.string(), done: z.int(), of: z.int() })
      .nullable()
      .describe('Of the step that it is at. Null: it has said nothing yet.'),
    status: z.int().nullable().describe('Of its answer, which its repetition gets.'),
    begun_at: z.iso.datetime(),
  })
  .meta({ id: 'BegunRequest' });
