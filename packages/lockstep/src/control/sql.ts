import type { Session, Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { Flow } from '../core/credential.ts';
import type { OrgId, SyncId } from '../core/ids.ts';
import type { Leaving } from './stream-sql.ts';

/** Statements on orgs and syncs. What else belongs to a sync has files of its own. */

/** Notified on every change of a sync; the payload is its id. */
export const syncChannel = 'lockstep_sync';
/** Notified of every e-mail that waits to be sent. */
export const notificationChannel = 'lockstep_notification';

export const notify = (tx: Tx, channel: string, payload: string) =>
  tx.query(sql`SELECT pg_notify(${channel}, ${payload})`);

/** From now on the session is told of every notification of this channel. */
export const startListening = (session: Session, channel: string) =>
  session.query(sql`LISTEN ${ident(channel)}`);

export type SyncRow = {
  sync_id: SyncId;
  name: string;
  org_id: OrgId;
  login_url: string;
  flow: Flow;
  instance_url: string;
  api_version: string;
  sobjects: string[];
  leaving: Leaving[];
  interval_ms: number;
  stop_at_percent: number;
  paused: boolean;
  without_database: 'refuse' | 'forward';
  foreign_keys: boolean;
  left_out: string[];
  is_deleting: boolean;
  is_recopying: boolean;
  epoch: number;
  database_name: string;
  table_schema: string;
  /** Of a database that a person owns; null for a private one. */
  address: unknown;
  /** Of the destination. */
  revision: number;
};

/** Does nothing if the org is known already. */
export const insertOrg = (tx: Tx, org: { orgId: OrgId; instanceUrl: string }) =>
  tx.query(sql`
  INSERT INTO lockstep.org (org_id, instance_url)
  VALUES (${org.orgId}, ${org.instanceUrl})
  ON CONFLICT (org_id) DO NOTHING`);

export const insertSync = (
  tx: Tx,
  sync: {
    id: SyncId;
    name: string;
    orgId: OrgId;
    apiVersion: string;
    intervalMs: number;
    leftOut?: readonly string[];
    sealedDataKey: string;
  },
) =>
  tx.query(sql`
  INSERT INTO lockstep.sync (sync_id, name, org_id, api_version, interval_ms, left_out, sealed_data_key)
  VALUES (${sync.id}, ${sync.name}, ${sync.orgId}, ${sync.apiVersion}, ${sync.intervalMs},
          ${sync.leftOut ?? []}::text[], ${sync.sealedDataKey})`);

const syncColumns = sql`
  SELECT s.sync_id, s.name, s.org_id, c.login_url, c.flow, o.instance_url, s.api_version, s.interval_ms,
         s.stop_at_percent, s.paused, s.without_database, s.foreign_keys, s.left_out,
         s.deleting_since IS NOT NULL AS is_deleting, s.goes_on_after_recopy IS NOT NULL AS is_recopying, s.epoch,
         d.database_name, d.table_schema, d.address, d.revision,
         ARRAY(SELECT sobject FROM lockstep.stream st
                WHERE st.sync_id = s.sync_id AND leaving IS NULL ORDER BY position) AS sobjects,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('sobject', sobject, 'table', leaving)), '[]')
            FROM lockstep.stream st WHERE st.sync_id = s.sync_id AND leaving IS NOT NULL) AS leaving
    FROM lockstep.sync s
    JOIN lockstep.org o ON o.org_id = s.org_id
    JOIN lockstep.credential c ON c.sync_id = s.sync_id
    JOIN lockstep.destination d ON d.sync_id = s.sync_id`;

/** All syncs, by name. */
export const selectSyncIds = (tx: Tx) =>
  tx.query<{ sync_id: SyncId }>(sql`SELECT sync_id FROM lockstep.sync`);

export const selectSyncs = (tx: Tx) => tx.query<SyncRow>(sql`${syncColumns} ORDER BY s.name`);

/** Those of the syncs that exist, by name. */
export const selectSyncsById = (tx: Tx, ids: readonly SyncId[]) =>
  tx.query<SyncRow>(sql`${syncColumns} WHERE s.sync_id = ANY(${ids}) ORDER BY s.name`);

/** At most one row: a name is never another sync's id, because names of that form are refused. */
export const selectSyncByNameOrId = (tx: Tx, nameOrId: string) =>
  tx.query<SyncRow>(sql`${syncColumns} WHERE s.sync_id = ${nameOrId} OR s.name = ${nameOrId}`);

/** Deletes the sync with all its rows, and its org with the org's last sync. True: it existed. */
export const deleteSync = async (tx: Tx, syncId: SyncId): Promise<boolean> => {
  const [erased] = await tx.query<{ org_id: OrgId }>(
    sql`DELETE FROM lockstep.sync WHERE sync_id = ${syncId} RETURNING org_id`,
  );
  if (!erased) return false;
  await tx.query(sql`
    DELETE FROM lockstep.org o
     WHERE o.org_id = ${erased.org_id}
       AND NOT EXISTS (SELECT FROM lockstep.sync s WHERE s.org_id = o.org_id)`);
  return true;
};

/** An org without a sync is forgotten. */
export const updateOrg = async (tx: Tx, syncId: SyncId, orgId: OrgId): Promise<void> => {
  await tx.query(sql`UPDATE lockstep.sync SET org_id = ${orgId} WHERE sync_id = ${syncId}`);
  await tx.query(sql`
    DELETE FROM lockstep.org o WHERE NOT EXISTS (SELECT FROM lockstep.sync s WHERE s.org_id = o.org_id)`);
};

/** What can be changed about a sync while it runs. */
export interface SyncChange {
  paused?: boolean;
  intervalMs?: number;
  stopAtPercent?: number;
  withoutDatabase?: SyncRow['without_database'];
  foreignKeys?: boolean;
  leftOut?: readonly string[];
}

/** Nobody else changes the sync until the transaction ends. In a statement of its own, before its row is read. */
export const lockSync = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`SELECT FROM lockstep.sync WHERE sync_id = ${syncId} FOR UPDATE`);

/** From now on no worker runs the sync, and nothing can be changed about it. One row: the sync exists. */
export const markDeleting = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`
    UPDATE lockstep.sync
       SET paused = true, deleting_since = coalesce(deleting_since, clock_timestamp())
     WHERE sync_id = ${syncId}
    RETURNING sync_id`);

/** Until the recopy ends, no worker runs the sync. One row: the sync exists. */
export const markRecopying = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`
    UPDATE lockstep.sync
       SET paused = true, goes_on_after_recopy = coalesce(goes_on_after_recopy, NOT paused)
     WHERE sync_id = ${syncId}
    RETURNING sync_id`);

/** The sync is paused from then on if it was before, or if somebody has paused it meanwhile. */
export const endRecopying = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`
    UPDATE lockstep.sync SET paused = NOT goes_on_after_recopy, goes_on_after_recopy = NULL
     WHERE sync_id = ${syncId} AND goes_on_after_recopy IS NOT NULL`);

/** What is not given stays; who pauses it during a recopy means also afterwards. One row: the sync exists. */
export const updateSync = (
  tx: Tx,
  syncId: SyncId,
  { paused, intervalMs, stopAtPercent, withoutDatabase, foreignKeys, leftOut }: SyncChange,
) =>
  tx.query(sql`
    UPDATE lockstep.sync
       SET paused           = coalesce(${paused ?? null}::boolean, paused),
           goes_on_after_recopy = CASE WHEN goes_on_after_recopy AND ${paused ?? null}::boolean THEN false
                                   ELSE goes_on_after_recopy END,
           interval_ms      = coalesce(${intervalMs ?? null}::integer, interval_ms),
           stop_at_percent  = coalesce(${stopAtPercent ?? null}::integer, stop_at_percent),
           without_database = coalesce(${withoutDatabase ?? null}::text, without_database),
           foreign_keys     = coalesce(${foreignKeys ?? null}::boolean, foreign_keys),
           left_out         = coalesce(${leftOut ?? null}::text[], left_out)
     WHERE sync_id = ${syncId}
    RETURNING sync_id`);

/**
 * Syncs that sign in at the org's own address move with it. Returns all syncs of the org; none: it was there already,
 * or it is not known.
 */
export const updateInstanceUrl = (tx: Tx, orgId: OrgId, instanceUrl: string) =>
  tx.query<{ sync_id: SyncId }>(sql`
  WITH known AS (
    SELECT org_id, instance_url FROM lockstep.org
     WHERE org_id = ${orgId} AND instance_url <> ${instanceUrl} FOR NO KEY UPDATE
  ),
  moved AS (
    UPDATE lockstep.org o SET instance_url = ${instanceUrl} FROM known k WHERE o.org_id = k.org_id
  ),
  sign_ins AS (
    UPDATE lockstep.credential c SET login_url = ${instanceUrl}
      FROM lockstep.sync s JOIN known k USING (org_id)
     WHERE c.sync_id = s.sync_id AND c.login_url = k.instance_url
  )
  SELECT s.sync_id FROM lockstep.sync s JOIN known USING (org_id)`);

/** One row: the sync exists. */
export const updateApiVersion = (tx: Tx, syncId: SyncId, apiVersion: string) =>
  tx.query(
    sql`UPDATE lockstep.sync SET api_version = ${apiVersion} WHERE sync_id = ${syncId} RETURNING sync_id`,
  );

/** One row: the sync exists. */
export const updateLoginUrl = (tx: Tx, syncId: SyncId, loginUrl: string) =>
  tx.query(sql`
  UPDATE lockstep.credential SET login_url = ${loginUrl}, sealed_session = NULL
   WHERE sync_id = ${syncId} RETURNING sync_id`);

/** One row: recorded now. No row: this event of this sync was recorded before, or the sync does not exist. */
export const insertNotification = (tx: Tx, syncId: SyncId, event: string, body: object) =>
  tx.query(sql`
  INSERT INTO lockstep.notification (sync_id, event, body)
  SELECT sync_id, ${event}, ${JSON.stringify(body)}::jsonb FROM lockstep.sync WHERE sync_id = ${syncId}
  ON CONFLICT (sync_id, event) DO NOTHING
  RETURNING notification_id`);

/** Those that wait to be sent, the oldest first. */
export const selectWaitingNotifications = (tx: Tx) =>
  tx.query<{ notification_id: number }>(
    sql`SELECT notification_id FROM lockstep.notification WHERE state = 'waiting' ORDER BY notification_id`,
  );

/** No row: it was sent already, or its sync was erased. */
export const selectWaitingNotification = (tx: Tx, notificationId: number) =>
  tx.query<{
    sync_id: SyncId;
    sync_name: string;
    event: string;
    body: unknown;
  }>(sql`
  SELECT n.sync_id, s.name AS sync_name, n.event, n.body
    FROM lockstep.notification n
    JOIN lockstep.sync s USING (sync_id)
   WHERE n.notification_id = ${notificationId} AND n.state = 'waiting'`);

export const markNotificationSent = (tx: Tx, notificationId: number) =>
  tx.query(sql`
  UPDATE lockstep.notification
     SET state = 'sent', sent_at = clock_timestamp()
   WHERE notification_id = ${notificationId} AND state = 'waiting'`);

/**
 * Which keys the syncs' data keys were sealed with. Read before the schema is migrated, so that a start without the
 * right key changes nothing.
 */
export const selectSealedSyncs = async (tx: Tx): Promise<{ syncs: number; keyIds: string[] }> => {
  const [known] = await tx.query(sql`SELECT WHERE to_regclass('lockstep.sync') IS NOT NULL`);
  const [sealed] = known
    ? await tx.query<{ syncs: number; key_ids: string[] }>(sql`
        SELECT count(*) AS syncs,
               ARRAY(SELECT DISTINCT split_part(sealed_data_key, '.', 2) FROM lockstep.sync
                      WHERE sealed_data_key ~ '^v1\.[0-9a-f]{16}\.' ORDER BY 1) AS key_ids
          FROM lockstep.sync`)
    : [];
  return { syncs: sealed?.syncs ?? 0, keyIds: sealed?.key_ids ?? [] };
};

/** One row for each e-mail that will never be sent, because e-mail is not set up. */
export const closeWaitingNotifications = (tx: Tx) =>
  tx.query(sql`
  UPDATE lockstep.notification SET state = 'not-configured' WHERE state = 'waiting' RETURNING notification_id`);

/** `since` stays the same while the code does. Does nothing if the sync was erased meanwhile. */
export const upsertSyncProblem = (
  tx: Tx,
  syncId: SyncId,
  t: { code: string; explanation: string; next: string; waitMs: number },
) =>
  tx.query(sql`
  INSERT INTO lockstep.sync_problem AS known (sync_id, code, explanation, next, retry_at)
  SELECT sync_id, ${t.code}, ${t.explanation}, ${t.next},
         clock_timestamp() + ${t.waitMs}::double precision * interval '1 ms'
    FROM lockstep.sync WHERE sync_id = ${syncId}
  ON CONFLICT (sync_id) DO UPDATE
     SET since = CASE WHEN known.code = excluded.code THEN known.since ELSE excluded.since END,
         code = excluded.code, explanation = excluded.explanation, next = excluded.next, retry_at = excluded.retry_at`);

export const removeSyncProblem = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`DELETE FROM lockstep.sync_problem WHERE sync_id = ${syncId}`);

/** One for each sync that as a whole has a problem. */
export const selectSyncProblems = (tx: Tx) =>
  tx.query<{
    sync_id: SyncId;
    code: string;
    explanation: string;
    next: string;
    since: string;
    retry_at: string;
  }>(sql`
  SELECT sync_id, code, explanation, next,
         to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
         to_char(retry_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS retry_at
    FROM lockstep.sync_problem`);
