import type { LeaseView, WorkerView } from '../contract/workers.ts';
import type { Lease, LiveWorker } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

/** A live worker as programs get it. */
export const workerView = ({ id, startedAt, aliveUntil, syncs }: LiveWorker): WorkerView => ({
  id,
  started_at: inRfc3339(startedAt) ?? '',
  alive_until: inRfc3339(aliveUntil) ?? '',
  syncs: syncs.map(({ claimedAt, ...sync }) => ({ ...sync, claimed_at: inRfc3339(claimedAt) })),
});

/** A lease as programs get it. */
export const leaseView = ({ epoch, workerId, claimedAt, endedAt, ending }: Lease): LeaseView => ({
  epoch,
  worker_id: workerId,
  claimed_at: inRfc3339(claimedAt) ?? '',
  ended_at: inRfc3339(endedAt),
  ending,
});
