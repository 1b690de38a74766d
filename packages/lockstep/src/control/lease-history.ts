/** Which worker has run a sync: a lease for each claim, kept for 30 days. */
import type { SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import { selectLeases } from './lease-sql.ts';

/** Times as the server prints them. */
export interface Lease {
  epoch: number;
  workerId: string;
  claimedAt: string;
  /** Null: nobody has ended it. */
  endedAt: string | null;
  /**
   * `released`: its worker let it go; `taken over`: the worker was gone when another one claimed the sync; `lost`: the
   * worker is gone, and nobody has claimed the sync since; null: it lasts.
   */
  ending: 'released' | 'taken over' | 'lost' | null;
}

/** The newest first. @param before  only those with a smaller epoch */
export const readLeases = async (
  { db }: Control,
  syncId: SyncId,
  asked: { before: number | null; limit: number },
): Promise<Lease[]> =>
  (await selectLeases(db, syncId, asked)).map((row) => ({
    epoch: row.epoch,
    workerId: row.worker_id,
    claimedAt: row.claimed_at,
    endedAt: row.ended_at,
    ending: row.ending ?? (row.lasts ? null : 'lost'),
  }));
