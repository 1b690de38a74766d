import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the wishes (wishes.ts). */

/** Told of all that happens to a wish; the payload is its number. */
export const wishChannel = 'lockstep_wish';

const isOpen = sql`ended_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`;

/** One row: it was made. None: there is no such sync. */
export const insertWish = (
  tx: Tx,
  wish: {
    syncId: SyncId;
    kind: string;
    objects: readonly string[] | null;
    ids: readonly string[] | null;
    expiresInMs: number | null;
  },
) =>
  tx.query<{ wish_id: number }>(sql`
  INSERT INTO lockstep.wish (sync_id, kind, objects, ids, expires_at)
  SELECT sync_id, ${wish.kind}, ${wish.objects}::text[], ${wish.ids}::text[],
         clock_timestamp() + ${wish.expiresInMs}::double precision * interval '1 ms'
    FROM lockstep.sync WHERE sync_id = ${wish.syncId}
  RETURNING wish_id`);

/** Those that ended a month ago, and those that nobody has waited for since a day. */
export const purgeWishes = async (tx: Tx, syncId: SyncId): Promise<void> => {
  await tx.query(sql`
  DELETE FROM lockstep.wish
   WHERE sync_id = ${syncId}
     AND (ended_at < clock_timestamp() - interval '30 days'
          OR ended_at IS NULL AND expires_at < clock_timestamp() - interval '1 day')`);
};

export const markWishesTaken = (tx: Tx, ids: readonly number[]) =>
  tx.query(sql`
  WITH told AS (
    UPDATE lockstep.wish SET taken_at = clock_timestamp()
     WHERE wish_id = ANY(${ids}::bigint[]) AND taken_at IS NULL
    RETURNING wish_id
  )
  SELECT pg_notify(${wishChannel}, wish_id::text) FROM told`);

export const selectOpenWishes = (tx: Tx, syncId: SyncId) =>
  tx.query<{
    wish_id: number;
    kind: string;
    objects: string[] | null;
    ids: string[] | null;
    is_taken: boolean;
  }>(sql`
  SELECT wish_id, kind, objects, ids, taken_at IS NOT NULL AS is_taken
    FROM lockstep.wish WHERE sync_id = ${syncId} AND ${isOpen} ORDER BY wish_id`);

/** Nothing happens to a wish that has ended. The same for the three below; a row: it happened. */
export const updateProgress = (tx: Tx, wishId: number, progress: object) =>
  tx.query(sql`
  WITH told AS (
    UPDATE lockstep.wish SET progress = ${JSON.stringify(progress)}::jsonb
     WHERE wish_id = ${wishId} AND ended_at IS NULL
    RETURNING wish_id
  )
  SELECT pg_notify(${wishChannel}, wish_id::text) FROM told`);

export const updateEnded = (
  tx: Tx,
  wishId: number,
  {
    result,
    fault,
  }: { result: object | null; fault: { code: string; explanation: string; next: string } | null },
) =>
  tx.query(sql`
  WITH told AS (
    UPDATE lockstep.wish
       SET ended_at = clock_timestamp(), result = ${result && JSON.stringify(result)}::jsonb,
           fault_code = ${fault?.code ?? null}, fault_explanation = ${fault?.explanation ?? null},
           fault_next = ${fault?.next ?? null}
     WHERE wish_id = ${wishId} AND ended_at IS NULL
    RETURNING wish_id
  )
  SELECT pg_notify(${wishChannel}, wish_id::text) FROM told`);

export const deleteOpenWish = (tx: Tx, wishId: number) =>
  tx.query<{ sync_id: SyncId }>(
    sql`DELETE FROM lockstep.wish WHERE wish_id = ${wishId} AND ended_at IS NULL RETURNING sync_id`,
  );

export type WishRow = {
  wish_id: number;
  sync_id: SyncId;
  kind: string;
  is_taken: boolean;
  progress: unknown;
  has_ended: boolean;
  took_ms: number;
  result: unknown;
  fault_code: string | null;
  fault_explanation: string | null;
  fault_next: string | null;
};

/** None: withdrawn, expired, or its sync erased. */
export const selectWish = (tx: Tx, wishId: number) =>
  tx.query<WishRow>(sql`
  SELECT wish_id, sync_id, kind, taken_at IS NOT NULL AS is_taken, progress, ended_at IS NOT NULL AS has_ended,
         round(extract(epoch FROM coalesce(ended_at, clock_timestamp()) - made_at) * 1000)::bigint AS took_ms,
         result, fault_code, fault_explanation, fault_next
    FROM lockstep.wish WHERE wish_id = ${wishId} AND (ended_at IS NOT NULL OR ${isOpen})`);
