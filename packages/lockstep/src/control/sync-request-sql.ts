import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the sync requests (sync-requests.ts). */

/** Notified of every change of a sync request; the payload is its number. */
export const syncRequestChannel = 'lockstep_sync_request';

const isOpen = sql`ended_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`;

/** One row: it was made, now or as this subject before. No row: there is no such sync. */
export const insertSyncRequest = (
  tx: Tx,
  syncRequest: {
    syncId: SyncId;
    kind: string;
    objects: readonly string[] | null;
    ids: readonly string[] | null;
    expiresInMs: number | null;
    subject: string | null;
  },
) =>
  tx.query<{ request_id: number }>(sql`
  INSERT INTO lockstep.sync_request (sync_id, kind, objects, ids, expires_at, subject)
  SELECT sync_id, ${syncRequest.kind}, ${syncRequest.objects}::text[], ${syncRequest.ids}::text[],
         clock_timestamp() + ${syncRequest.expiresInMs}::double precision * interval '1 ms',
         ${syncRequest.subject}::text
    FROM lockstep.sync WHERE sync_id = ${syncRequest.syncId}
  ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject
  RETURNING request_id`);

/** Deletes requests that ended more than a month ago, and open ones that expired more than a day ago. */
export const purgeSyncRequests = async (tx: Tx, syncId: SyncId): Promise<void> => {
  await tx.query(sql`
  DELETE FROM lockstep.sync_request
   WHERE sync_id = ${syncId}
     AND (ended_at < clock_timestamp() - interval '30 days'
          OR ended_at IS NULL AND expires_at < clock_timestamp() - interval '1 day')`);
};

export const markSyncRequestsTaken = (tx: Tx, ids: readonly number[]) =>
  tx.query(sql`
  WITH changed AS (
    UPDATE lockstep.sync_request SET taken_at = clock_timestamp()
     WHERE request_id = ANY(${ids}::bigint[]) AND taken_at IS NULL
    RETURNING request_id
  )
  SELECT pg_notify(${syncRequestChannel}, request_id::text) FROM changed`);

/** Those that have neither ended nor expired, in the order in which they were made. */
export const selectOpenSyncRequests = (tx: Tx, syncId: SyncId) =>
  tx.query<{
    request_id: number;
    kind: string;
    objects: string[] | null;
    ids: string[] | null;
    is_taken: boolean;
  }>(sql`
  SELECT request_id, kind, objects, ids, taken_at IS NOT NULL AS is_taken
    FROM lockstep.sync_request WHERE sync_id = ${syncId} AND ${isOpen} ORDER BY request_id`);

/** Does nothing to a sync request that has ended; a row: it was changed. The same for the two below. */
export const updateProgress = (tx: Tx, requestId: number, progress: object) =>
  tx.query(sql`
  WITH changed AS (
    UPDATE lockstep.sync_request SET progress = ${JSON.stringify(progress)}::jsonb
     WHERE request_id = ${requestId} AND ended_at IS NULL
    RETURNING request_id
  )
  SELECT pg_notify(${syncRequestChannel}, request_id::text) FROM changed`);

export const updateEnded = (
  tx: Tx,
  requestId: number,
  {
    result,
    fault,
  }: { result: object | null; fault: { code: string; explanation: string; next: string } | null },
) =>
  tx.query(sql`
  WITH changed AS (
    UPDATE lockstep.sync_request
       SET ended_at = clock_timestamp(), result = ${result && JSON.stringify(result)}::jsonb,
           fault_code = ${fault?.code ?? null}, fault_explanation = ${fault?.explanation ?? null},
           fault_next = ${fault?.next ?? null}
     WHERE request_id = ${requestId} AND ended_at IS NULL
    RETURNING request_id
  )
  SELECT pg_notify(${syncRequestChannel}, request_id::text) FROM changed`);

export const deleteOpenSyncRequest = (tx: Tx, requestId: number) =>
  tx.query<{ sync_id: SyncId }>(
    sql`DELETE FROM lockstep.sync_request WHERE request_id = ${requestId} AND ended_at IS NULL RETURNING sync_id`,
  );

export type SyncRequestRow = {
  request_id: number;
  sync_id: SyncId;
  kind: string;
  objects: string[] | null;
  is_taken: boolean;
  progress: unknown;
  has_ended: boolean;
  took_ms: number;
  result: unknown;
  fault_code: string | null;
  fault_explanation: string | null;
  fault_next: string | null;
};

/** No row: it was withdrawn, has expired, or its sync was erased. */
export const selectSyncRequest = (tx: Tx, requestId: number) =>
  tx.query<SyncRequestRow>(sql`
  SELECT request_id, sync_id, kind, objects, taken_at IS NOT NULL AS is_taken, progress, ended_at IS NOT NULL AS has_ended,
         round(extract(epoch FROM coalesce(ended_at, clock_timestamp()) - made_at) * 1000)::bigint AS took_ms,
         result, fault_code, fault_explanation, fault_next
    FROM lockstep.sync_request WHERE request_id = ${requestId} AND (ended_at IS NOT NULL OR ${isOpen})`);
