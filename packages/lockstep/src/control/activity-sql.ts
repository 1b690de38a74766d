import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the activity (activity.ts). */

export type ActivityRow = {
  activity_id: number;
  at: string;
  kind: string;
  event: string;
  before: string | null;
  sobject: string | null;
  code: string | null;
  detail: string | null;
  rows: number | null;
  times: number;
  needs_person: boolean;
  who: string | null;
};

export interface NewActivityRow {
  syncId: SyncId;
  agoMs: number;
  kind: string;
  event: string;
  sobject: string | null;
  code: string | null;
  detail: string | null;
  rows: number | null;
  times: number;
  needsPerson: boolean;
  who: string | null;
}

/**
 * Adds them in their order. A state that is the known one is left out, and so is what concerns a sync that no longer
 * exists. At most one state of each sync and object may be given. Also deletes what is more than a month old.
 */
export const insertActivities = (tx: Tx, rows: readonly NewActivityRow[]) =>
  tx.query(sql`
  WITH old AS (DELETE FROM lockstep.activity WHERE at < clock_timestamp() - interval '30 days'),
  given AS (
    SELECT g.*
      FROM unnest(${rows.map((row) => row.syncId)}::text[], ${rows.map((row) => row.agoMs)}::double precision[],
                  ${rows.map((row) => row.kind)}::text[], ${rows.map((row) => row.event)}::text[],
                  ${rows.map((row) => row.sobject)}::text[], ${rows.map((row) => row.code)}::text[],
                  ${rows.map((row) => row.detail)}::text[], ${rows.map((row) => row.rows)}::bigint[],
                  ${rows.map((row) => row.times)}::integer[], ${rows.map((row) => row.needsPerson)}::boolean[],
                  ${rows.map((row) => row.who)}::text[])
           WITH ORDINALITY AS g (sync_id, ago_ms, kind, event, sobject, code, detail, rows, times, needs_person, who, nth)
      JOIN lockstep.sync s USING (sync_id)
  ),
  before AS (
    SELECT k.sync_id, k.sobject, k.state FROM lockstep.known_state k
     WHERE k.sync_id IN (SELECT sync_id FROM given)
  ),
  changed AS (
    INSERT INTO lockstep.known_state AS k (sync_id, sobject, state, code)
    SELECT sync_id, coalesce(sobject, ''), event, code FROM given WHERE kind = 'state'
     ORDER BY sync_id, coalesce(sobject, '')
        ON CONFLICT (sync_id, sobject) DO UPDATE SET state = excluded.state, code = excluded.code
     WHERE (k.state, k.code) IS DISTINCT FROM (excluded.state, excluded.code)
    RETURNING sync_id, sobject
  )
  INSERT INTO lockstep.activity
         (sync_id, at, kind, event, before, sobject, code, detail, rows, times, needs_person, who)
  SELECT g.sync_id, clock_timestamp() - g.ago_ms * interval '1 ms', g.kind, g.event, b.state, g.sobject, g.code,
         g.detail, g.rows, g.times, g.needs_person, g.who
    FROM given g
    LEFT JOIN changed c ON g.kind = 'state' AND c.sync_id = g.sync_id AND c.sobject = coalesce(g.sobject, '')
    LEFT JOIN before b ON g.kind = 'state' AND b.sync_id = g.sync_id AND b.sobject = coalesce(g.sobject, '')
   WHERE g.kind <> 'state' OR c.sync_id IS NOT NULL
   ORDER BY g.nth`);

/** The newest first; null leaves a condition out. */
export const selectActivities = (
  tx: Tx,
  syncId: SyncId,
  asked: {
    kind: string | null;
    sobject: string | null;
    code: string | null;
    since: string | null;
    until: string | null;
    needsPerson: boolean;
    before: number | null;
    later: number | null;
    limit: number;
  },
) =>
  tx.query<ActivityRow>(sql`
  SELECT activity_id, at, kind, event, before, sobject, code, detail, rows, times, needs_person, who
    FROM lockstep.activity
   WHERE sync_id = ${syncId}
     AND at >= clock_timestamp() - interval '30 days'
     AND (${asked.kind}::text IS NULL OR kind = ${asked.kind})
     AND (${asked.sobject}::text IS NULL OR lower(sobject) = lower(${asked.sobject}))
     AND (${asked.code}::text IS NULL OR code = ${asked.code})
     AND (${asked.since}::timestamptz IS NULL OR at >= ${asked.since}::timestamptz)
     AND (${asked.until}::timestamptz IS NULL OR at < ${asked.until}::timestamptz)
     AND (NOT ${asked.needsPerson}::boolean OR needs_person)
     AND (${asked.before}::bigint IS NULL OR activity_id < ${asked.before}::bigint)
     AND (${asked.later}::bigint IS NULL OR activity_id > ${asked.later}::bigint)
   ORDER BY activity_id DESC LIMIT ${asked.limit}`);

/** No row: repairs of this mirror have not been looked at yet. */
export const selectKnownRepair = (tx: Tx, syncId: SyncId) =>
  tx.query<{ repair_no: number }>(sql`SELECT repair_no FROM lockstep.known_repair WHERE sync_id = ${syncId}`);

/** Does nothing if the sync was erased meanwhile. */
export const upsertKnownRepair = (tx: Tx, syncId: SyncId, repairNo: number) =>
  tx.query(sql`
  INSERT INTO lockstep.known_repair (sync_id, repair_no)
  SELECT sync_id, ${repairNo} FROM lockstep.sync WHERE sync_id = ${syncId}
  ON CONFLICT (sync_id) DO UPDATE SET repair_no = excluded.repair_no`);
