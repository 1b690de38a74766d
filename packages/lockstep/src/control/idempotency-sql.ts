import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { Progress } from '../core/progress.ts';

/** Statements of the idempotency keys (idempotency-keys.ts). */

/** First key of the lock; the second is the hash of the caller's key. */
const keyLock = 79;

/** For the life of the session. False: the request is under way. */
export const takeKeyLock = async (session: Tx, key: string): Promise<boolean> => {
  const [row] = await session.query<{ taken: boolean }>(
    sql`SELECT pg_try_advisory_lock(${keyLock}, hashtext(${key})) AS taken`,
  );
  return row?.taken === true;
};

/** One row, with its subject: the key was free, or the process of its request has died. Whoever asks has its lock. */
export const claimKey = (
  tx: Tx,
  { key, fingerprint, subject }: { key: string; fingerprint: string; subject: string },
) =>
  tx.query<{ subject: string }>(sql`
  INSERT INTO lockstep.idempotency_key AS k (key, fingerprint, subject) VALUES (${key}, ${fingerprint}, ${subject})
      ON CONFLICT (key) DO UPDATE SET begun_at = clock_timestamp()
   WHERE k.fingerprint = excluded.fingerprint AND k.status IS NULL
  RETURNING subject`);

export const selectKey = (tx: Tx, key: string) =>
  tx.query<{ fingerprint: string; status: number | null; body: string | null }>(
    sql`SELECT fingerprint, status, body FROM lockstep.idempotency_key WHERE key = ${key}`,
  );

/** `lasts`: its process has not died. */
export const selectBegunRequest = (tx: Tx, key: string) =>
  tx.query<{ status: number | null; progress: Progress | null; begun_at: string; lasts: boolean }>(sql`
  SELECT status, progress, begun_at, EXISTS (
           SELECT FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.classid = ${keyLock} AND l.objid = hashtext(key)::oid AND l.objsubid = 2) AS lasts
    FROM lockstep.idempotency_key WHERE key = ${key}`);

export const setKeyProgress = (tx: Tx, key: string, progress: Progress) =>
  tx.query(sql`
  UPDATE lockstep.idempotency_key SET progress = ${JSON.stringify(progress)}::jsonb
   WHERE key = ${key} AND status IS NULL`);

export const setKeyAnswer = (tx: Tx, key: string, status: number, body: string) =>
  tx.query(sql`UPDATE lockstep.idempotency_key SET status = ${status}, body = ${body} WHERE key = ${key}`);

/** The request has failed, and may be repeated with the same key. */
export const deleteKey = (tx: Tx, key: string) =>
  tx.query(sql`DELETE FROM lockstep.idempotency_key WHERE key = ${key}`);

export const purgeKeys = (tx: Tx) =>
  tx.query(
    sql`DELETE FROM lockstep.idempotency_key WHERE begun_at < clock_timestamp() - interval '24 hours'`,
  );
