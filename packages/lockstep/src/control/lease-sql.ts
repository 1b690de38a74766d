import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/**
 * Statements of the leases (leases.ts). A worker is live while its row has not expired and its session holds its
 * presence lock: a crash frees the lock at once, a lost network lets the row expire.
 */

/** First key of every worker's presence lock; the second is the hash of its id. */
const presenceLock = 77;

/** On `w` = lockstep.worker. pg_locks shows the locks of the whole server, hence the check of the database. */
const isLive = sql`
  w.alive_until > clock_timestamp()
  AND EXISTS (
    SELECT FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.classid = ${presenceLock} AND l.objid = hashtext(w.worker_id)::oid AND l.objsubid = 2)`;

/** For the life of the session. False: another session holds it. */
export const takePresence = async (tx: Tx, workerId: string): Promise<boolean> => {
  const [row] = await tx.query<{ taken: boolean }>(
    sql`SELECT pg_try_advisory_lock(${presenceLock}, hashtext(${workerId})) AS taken`,
  );
  return row?.taken === true;
};

/** Also deletes workers that have been silent for a day. */
export const registerWorker = async (tx: Tx, workerId: string, aliveMs: number): Promise<void> => {
  await tx.query(sql`
    INSERT INTO lockstep.worker (worker_id, alive_until)
    VALUES (${workerId}, clock_timestamp() + ${aliveMs}::integer * interval '1 ms')
    ON CONFLICT (worker_id) DO UPDATE SET alive_until = excluded.alive_until, started_at = now()`);
  await tx.query(sql`DELETE FROM lockstep.worker WHERE alive_until < clock_timestamp() - interval '1 day'`);
};

/** A heartbeat is one row per worker, not per sync. No row: somebody has removed this worker. */
export const heartbeat = (tx: Tx, workerId: string, aliveMs: number) =>
  tx.query(sql`
  UPDATE lockstep.worker
     SET alive_until = clock_timestamp() + ${aliveMs}::integer * interval '1 ms'
   WHERE worker_id = ${workerId}
  RETURNING worker_id`);

export const removeWorker = (tx: Tx, workerId: string) =>
  tx.query(sql`DELETE FROM lockstep.worker WHERE worker_id = ${workerId}`);

/** The syncs that this worker still holds and may run. */
export const selectHeld = (tx: Tx, workerId: string) =>
  tx.query<{ sync_id: SyncId; epoch: number }>(
    sql`SELECT sync_id, epoch FROM lockstep.sync WHERE owner = ${workerId} AND NOT paused`,
  );

/** `claimable`: syncs that are not paused and that no live worker holds. */
export const selectLoad = async (tx: Tx): Promise<{ syncs: number; workers: number; claimable: number }> => {
  const [load] = await tx.query<{ syncs: number; workers: number; claimable: number }>(sql`
    WITH live AS MATERIALIZED (SELECT w.worker_id FROM lockstep.worker w WHERE ${isLive})
    SELECT count(*) AS syncs,
           count(*) FILTER (WHERE live.worker_id IS NULL) AS claimable,
           (SELECT count(*) FROM live) AS workers
      FROM lockstep.sync s
      LEFT JOIN live ON live.worker_id = s.owner
     WHERE NOT s.paused`);
  return load ?? { syncs: 0, workers: 0, claimable: 0 };
};

/** Of each sync that many leases are kept, so that one whose runs fail does not fill the database. */
const leasesMax = 1_000;

/**
 * Claims up to `limit` syncs that no live worker holds, those with the oldest claim first; each gets its next epoch.
 * What a worker that is gone still held has then ended. Also deletes leases of these syncs that ended a month ago.
 *
 * The lock comes first, in a statement of its own: after waiting for a row, PostgreSQL checks the newest version of
 * that row again, but not the worker it is joined with, and would claim a sync that was claimed a moment ago.
 */
export const claimSyncs = async (tx: Tx, workerId: string, limit: number): Promise<SyncId[]> => {
  await tx.query(sql`LOCK TABLE lockstep.worker IN SHARE UPDATE EXCLUSIVE MODE`);
  const claimed = await tx.query<{ sync_id: SyncId }>(sql`
    WITH claimed AS (
      UPDATE lockstep.sync
         SET owner      = ${workerId},
             epoch      = epoch + 1,
             claimed_at = clock_timestamp()
       WHERE sync_id IN (
             SELECT s.sync_id
               FROM lockstep.sync s
               LEFT JOIN lockstep.worker w ON w.worker_id = s.owner AND ${isLive}
              WHERE w.worker_id IS NULL AND NOT s.paused
              ORDER BY s.claimed_at NULLS FIRST
              LIMIT ${limit}
                FOR UPDATE OF s SKIP LOCKED)
      RETURNING sync_id, epoch, claimed_at
    ),
    former AS (
      UPDATE lockstep.lease l SET ended_at = c.claimed_at, ending = 'taken over'
        FROM claimed c
       WHERE l.sync_id = c.sync_id AND l.ended_at IS NULL
    ),
    old AS (
      DELETE FROM lockstep.lease l USING claimed c
       WHERE l.sync_id = c.sync_id
         AND l.ended_at IS NOT NULL
         AND (l.ended_at < clock_timestamp() - interval '30 days' OR l.epoch <= c.epoch - ${leasesMax})
    )
    INSERT INTO lockstep.lease (sync_id, epoch, worker_id, claimed_at)
    SELECT sync_id, epoch, ${workerId}, claimed_at FROM claimed
    RETURNING sync_id`);
  return claimed.map((row) => row.sync_id);
};

/** One row: the worker still held it under this epoch, and any worker may claim it now. */
export const releaseSync = (tx: Tx, workerId: string, syncId: SyncId, epoch: number) =>
  tx.query(sql`
  WITH released AS (
    UPDATE lockstep.sync
       SET owner = NULL
     WHERE sync_id = ${syncId} AND owner = ${workerId} AND epoch = ${epoch}
    RETURNING sync_id, epoch
  ),
  ended AS (
    UPDATE lockstep.lease l SET ended_at = clock_timestamp(), ending = 'released'
      FROM released r
     WHERE l.sync_id = r.sync_id AND l.epoch = r.epoch AND l.ended_at IS NULL
  )
  SELECT sync_id FROM released`);

export type LeaseRow = {
  epoch: number;
  worker_id: string;
  claimed_at: string;
  ended_at: string | null;
  ending: 'released' | 'taken over' | null;
  /** It has not ended, and its worker is live. */
  lasts: boolean;
};

/** Those of the last 30 days, the newest first. @param before  only those with a smaller epoch */
export const selectLeases = (
  tx: Tx,
  syncId: SyncId,
  { before, limit }: { before: number | null; limit: number },
) =>
  tx.query<LeaseRow>(sql`
  SELECT epoch, worker_id, claimed_at, ended_at, ending,
         ended_at IS NULL
           AND EXISTS (SELECT FROM lockstep.worker w WHERE w.worker_id = l.worker_id AND ${isLive}) AS lasts
    FROM lockstep.lease l
   WHERE sync_id = ${syncId}
     AND (ended_at IS NULL OR ended_at >= clock_timestamp() - interval '30 days')
     AND (${before}::bigint IS NULL OR epoch < ${before}::bigint)
   ORDER BY epoch DESC LIMIT ${limit}`);

/** One for each live worker. */
export const selectLive = (tx: Tx) =>
  tx.query<{ worker_id: string }>(sql`SELECT w.worker_id FROM lockstep.worker w WHERE ${isLive}`);

/** Every sync, and whether a live worker holds it. */
export const selectHolders = (tx: Tx) =>
  tx.query<{ sync_id: SyncId; is_held: boolean }>(sql`
  SELECT s.sync_id, EXISTS (SELECT FROM lockstep.worker w WHERE w.worker_id = s.owner AND ${isLive}) AS is_held
    FROM lockstep.sync s`);

/** One for each live worker and sync that it holds, and one for each live worker without any. */
export const selectWorkers = (tx: Tx) =>
  tx.query<{
    worker_id: string;
    started_at: string;
    alive_until: string;
    sync_id: SyncId | null;
    name: string | null;
    epoch: number | null;
    claimed_at: string | null;
  }>(sql`
  SELECT w.worker_id, w.started_at, w.alive_until, s.sync_id, s.name, s.epoch, s.claimed_at
    FROM lockstep.worker w
    LEFT JOIN lockstep.sync s ON s.owner = w.worker_id
   WHERE ${isLive}
   ORDER BY w.started_at, w.worker_id, s.name`);
