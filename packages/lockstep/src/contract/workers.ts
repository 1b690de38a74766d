/** The processes that run syncs. */
import { z } from 'zod';
import { asOf, pageOf } from './pages.ts';

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

export const leaseSchema = z
  .object({
    epoch: z.int().describe('Its number; each new holder has the next one.'),
    worker_id: z.string(),
    claimed_at: time,
    ended_at: time
      .nullable()
      .describe('Of one that was taken over: when that was, since nobody knows when its worker went.'),
    ending: z
      .enum(['released', 'taken over', 'lost'])
      .nullable()
      .describe(
        '`released`: the worker let it go, because it stopped, the sync was paused or another worker joined; `taken over`: the worker was gone, and another one claimed the sync; `lost`: the worker is gone, and nobody has claimed the sync since; null: it lasts.',
      ),
  })
  .meta({ id: 'Lease' });
export type LeaseView = z.infer<typeof leaseSchema>;

export const leasesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .describe('`next` of the page before.'),
});

export const leasesSchema = pageOf(leaseSchema);
