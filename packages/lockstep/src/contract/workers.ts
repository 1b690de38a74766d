/** The processes that run syncs. */
import { z } from 'zod';
import { asOf } from './pages.ts';

const time = z.iso.datetime();

export const workerSchema = z
  .object({
    id: z.string().describe('Its machine, its process number and what makes it unique.'),
    started_at: time,
    alive_until: time.describe('Without another heartbeat it counts as dead then.'),
    syncs: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        epoch: z.int().describe('The number of the lease; each new holder has the next one.'),
        claimed_at: time.nullable(),
      }),
    ),
  })
  .meta({ id: 'Worker' });
export type WorkerView = z.infer<typeof workerSchema>;

export const workersSchema = z.object({
  items: z.array(workerSchema).describe('All live ones, the oldest first.'),
  as_of: asOf,
});
