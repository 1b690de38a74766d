import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { Flow } from '../core/credential.ts';
import type { SyncId } from '../core/ids.ts';

/** Statements on the credential of a sync and its newest session (credentials.ts). */

export type CredentialRow = {
  sealed_data_key: string;
  login_url: string;
  flow: Flow;
  /** Null: an older version wrote the two columns below, of the client credentials flow. */
  sealed_credential: string | null;
  sealed_client_id: string | null;
  sealed_client_secret: string | null;
  replaced_at: string | null;
  session_no: number;
  sealed_session: string | null;
  refusal: { code: string; safe: object } | null;
  /** Null: nothing is refused now. */
  refused_for_ms: number | null;
};

const columns = sql`
  s.sealed_data_key, c.login_url, c.flow, c.sealed_credential, c.sealed_client_id, c.sealed_client_secret, c.replaced_at,
  c.session_no, c.sealed_session, c.refusal,
  CASE WHEN c.refused_until > clock_timestamp()
       THEN round(extract(epoch FROM c.refused_until - clock_timestamp()) * 1000)::bigint END AS refused_for_ms`;

export const insertCredential = (
  tx: Tx,
  credential: { syncId: SyncId; loginUrl: string; flow: Flow; sealed: string },
) =>
  tx.query(sql`
  INSERT INTO lockstep.credential (sync_id, login_url, flow, sealed_credential)
  VALUES (${credential.syncId}, ${credential.loginUrl}, ${credential.flow}, ${credential.sealed})`);

/** No row: there is no such sync. */
export const selectCredential = (tx: Tx, syncId: SyncId) =>
  tx.query<CredentialRow>(sql`
  SELECT ${columns} FROM lockstep.credential c JOIN lockstep.sync s USING (sync_id) WHERE c.sync_id = ${syncId}`);

/** No row: another process is signing in, or there is no such sync. */
export const claimSignIn = (tx: Tx, syncId: SyncId, lastsMs: number) =>
  tx.query<CredentialRow>(sql`
  UPDATE lockstep.credential c
     SET signing_in_until = clock_timestamp() + ${lastsMs}::double precision * interval '1 ms'
    FROM lockstep.sync s
   WHERE c.sync_id = ${syncId} AND s.sync_id = c.sync_id
     AND (c.signing_in_until IS NULL OR c.signing_in_until <= clock_timestamp())
  RETURNING ${columns}`);

export const releaseSignIn = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`UPDATE lockstep.credential SET signing_in_until = NULL WHERE sync_id = ${syncId}`);

/**
 * One row: the number of the session.
 *
 * @param sealedSession  null: there is none to be used
 * @param sealedCredential  with a new refresh token; null: it stays
 */
export const updateSession = (
  tx: Tx,
  syncId: SyncId,
  { sealedSession, sealedCredential }: { sealedSession: string | null; sealedCredential: string | null },
) =>
  tx.query<{ session_no: number }>(sql`
  UPDATE lockstep.credential
     SET session_no = session_no + 1, sealed_session = ${sealedSession}, signing_in_until = NULL,
         sealed_credential = coalesce(${sealedCredential}, sealed_credential), refused_until = NULL, refusal = NULL
   WHERE sync_id = ${syncId} RETURNING session_no`);

export const updateRefusal = (tx: Tx, syncId: SyncId, refusal: object, lastsMs: number) =>
  tx.query(sql`
  UPDATE lockstep.credential
     SET refusal = ${JSON.stringify(refusal)}::jsonb, signing_in_until = NULL,
         refused_until = clock_timestamp() + ${lastsMs}::double precision * interval '1 ms'
   WHERE sync_id = ${syncId}`);

/** A person has changed something: Salesforce may be asked again. */
export const clearRefusal = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`
  UPDATE lockstep.credential SET refused_until = NULL, refusal = NULL
   WHERE sync_id = ${syncId} AND refusal IS NOT NULL`);

/** The next session is a new one: the number goes on, so that no process uses an old one. */
export const replaceCredentialRow = (
  tx: Tx,
  syncId: SyncId,
  { loginUrl, flow, sealed }: { loginUrl: string; flow: Flow; sealed: string },
) =>
  tx.query(sql`
  UPDATE lockstep.credential
     SET login_url = ${loginUrl}, flow = ${flow}, sealed_credential = ${sealed}, sealed_client_id = NULL,
         sealed_client_secret = NULL, replaced_at = clock_timestamp(), session_no = session_no + 1,
         sealed_session = NULL, signing_in_until = NULL, refused_until = NULL, refusal = NULL
   WHERE sync_id = ${syncId} RETURNING sync_id`);
