import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { OrgId } from '../core/ids.ts';

/** Statements of credentials that wait to be used for a sync (sign-ins.ts). */

export type SignInRow = {
  sign_in_id: string;
  login_url: string;
  flow: string;
  sealed_attempt: string | null;
  sealed_credential: string | null;
  org_id: OrgId | null;
  instance_url: string | null;
  fault: { code: string; says: string; next: string } | null;
  expires_at: string;
};

const columns = sql`
  sign_in_id, login_url, flow, sealed_attempt, sealed_credential, org_id, instance_url, fault, expires_at`;
const isAlive = sql`expires_at > clock_timestamp()`;
const after = (ms: number) => sql`clock_timestamp() + ${ms}::double precision * interval '1 ms'`;

export const purgeSignIns = (tx: Tx) =>
  tx.query(sql`DELETE FROM lockstep.sign_in WHERE expires_at < clock_timestamp() - interval '1 day'`);

export const insertAttempt = (
  tx: Tx,
  attempt: { id: string; loginUrl: string; sealedAttempt: string; ticketHash: string; lastsMs: number },
) =>
  tx.query(sql`
  INSERT INTO lockstep.sign_in (sign_in_id, login_url, flow, sealed_attempt, ticket_hash, expires_at)
  VALUES (${attempt.id}, ${attempt.loginUrl}, 'web server', ${attempt.sealedAttempt}, ${attempt.ticketHash},
          ${after(attempt.lastsMs)})`);

/** Does nothing if there is one for this refresh token. */
export const insertSuccessor = (
  tx: Tx,
  signIn: {
    id: string;
    loginUrl: string;
    sealedCredential: string;
    givenHash: string;
    orgId: OrgId;
    instanceUrl: string;
    lastsMs: number;
  },
) =>
  tx.query(sql`
  INSERT INTO lockstep.sign_in
         (sign_in_id, login_url, flow, sealed_credential, given_hash, org_id, instance_url, expires_at)
  VALUES (${signIn.id}, ${signIn.loginUrl}, 'refresh token', ${signIn.sealedCredential}, ${signIn.givenHash},
          ${signIn.orgId}, ${signIn.instanceUrl}, ${after(signIn.lastsMs)})
  ON CONFLICT (given_hash) DO NOTHING`);

/** No row: this refresh token was not replaced while it was tried here. */
export const selectSuccessor = (tx: Tx, givenHash: string) =>
  tx.query<{ sign_in_id: string }>(
    sql`SELECT sign_in_id FROM lockstep.sign_in WHERE given_hash = ${givenHash} AND ${isAlive}`,
  );

/** One row: the ticket was not used before. */
export const useTicket = (
  tx: Tx,
  ticketHash: string,
  { browserHash, stateHash }: { browserHash: string; stateHash: string },
) =>
  tx.query<SignInRow>(sql`
  UPDATE lockstep.sign_in
     SET ticket_hash = NULL, browser_hash = ${browserHash}, state_hash = ${stateHash}
   WHERE ticket_hash = ${ticketHash} AND ${isAlive} RETURNING ${columns}`);

/** One row: the state was not used before, and by this browser. */
export const useState = (tx: Tx, { browserHash, stateHash }: { browserHash: string; stateHash: string }) =>
  tx.query<SignInRow>(sql`
  UPDATE lockstep.sign_in SET state_hash = NULL, browser_hash = NULL
   WHERE state_hash = ${stateHash} AND browser_hash = ${browserHash} AND ${isAlive} RETURNING ${columns}`);

export const updateGranted = (
  tx: Tx,
  id: string,
  granted: { sealedCredential: string; orgId: OrgId; instanceUrl: string; lastsMs: number },
) =>
  tx.query(sql`
  UPDATE lockstep.sign_in
     SET sealed_credential = ${granted.sealedCredential}, sealed_attempt = NULL, org_id = ${granted.orgId},
         instance_url = ${granted.instanceUrl}, expires_at = ${after(granted.lastsMs)}
   WHERE sign_in_id = ${id}`);

export const updateFailed = (tx: Tx, id: string, fault: object) =>
  tx.query(sql`
  UPDATE lockstep.sign_in SET fault = ${JSON.stringify(fault)}::jsonb, sealed_attempt = NULL
   WHERE sign_in_id = ${id}`);

/** A new refresh token in place of the one that was tried. */
export const updateHeldCredential = (tx: Tx, id: string, sealedCredential: string) =>
  tx.query(sql`
  UPDATE lockstep.sign_in SET sealed_credential = ${sealedCredential}
   WHERE sign_in_id = ${id} AND sealed_credential IS NOT NULL`);

/** No row: there is none, or it has expired. */
export const selectSignIn = (tx: Tx, id: string) =>
  tx.query<SignInRow>(sql`SELECT ${columns} FROM lockstep.sign_in WHERE sign_in_id = ${id} AND ${isAlive}`);

export const deleteSignIn = (tx: Tx, id: string) =>
  tx.query(sql`DELETE FROM lockstep.sign_in WHERE sign_in_id = ${id}`);
