import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';

/** Statements of the sessions (sessions.ts). Times as the server prints them. */

export type SessionRow = {
  session_id: string;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
  /** Null, like `ending`: it lasts. */
  ended_at: string | null;
  ending: SessionEnding | null;
};

/** Why a session has ended. */
export type SessionEnding =
  | 'signed out'
  | 'signed in again'
  | 'ended by a person'
  | 'expired'
  | 'password changed';

const idle = sql`interval '12 hours'`;
const longest = sql`interval '7 days'`;
const expiry = sql`least(last_seen_at + ${idle}, created_at + ${longest})`;
const columns = sql`
  session_id, created_at, last_seen_at, ${expiry} AS expires_at, address, user_agent, ended_at, ending`;
const isValid: Sql = sql`ended_at IS NULL AND ${expiry} > clock_timestamp()`;

interface NewSession {
  id: string;
  hash: string;
  address: string;
  userAgent: string;
}

/** No row: the password has another hash by now, so that nobody is signed in with one that has just been changed. */
export const insertSession = (tx: Tx, one: NewSession & { passwordHash: string }) =>
  tx.query<SessionRow>(sql`
  INSERT INTO lockstep.session (session_id, hash, address, user_agent)
  SELECT ${one.id}, ${one.hash}, ${one.address}, ${one.userAgent}
    FROM lockstep.administrator WHERE password_hash = ${one.passwordHash} FOR SHARE
  RETURNING ${columns}`);

/** Without an administrator. */
export const insertLinkedSession = (tx: Tx, one: NewSession) =>
  tx.query<SessionRow>(sql`
  INSERT INTO lockstep.session (session_id, hash, address, user_agent)
  VALUES (${one.id}, ${one.hash}, ${one.address}, ${one.userAgent})
  RETURNING ${columns}`);

/** Notes of those that have expired that they have ended. Deletes those that ended more than a month ago. */
export const closeExpiredSessions = async (tx: Tx): Promise<void> => {
  await tx.query(sql`
    UPDATE lockstep.session SET ended_at = ${expiry}, ending = 'expired', hash = NULL
     WHERE ended_at IS NULL AND ${expiry} <= clock_timestamp()`);
  await tx.query(sql`DELETE FROM lockstep.session WHERE ended_at < clock_timestamp() - interval '30 days'`);
};

export const selectSession = (tx: Tx, hash: string) =>
  tx.query<SessionRow>(sql`SELECT ${columns} FROM lockstep.session WHERE hash = ${hash} AND ${isValid}`);

/** Those that last, the last seen first; with `isEndedToo` also those that have ended. */
export const selectSessions = (tx: Tx, isEndedToo: boolean) =>
  tx.query<SessionRow>(sql`
  SELECT ${columns} FROM lockstep.session
   WHERE ${isValid} OR ${isEndedToo}::boolean AND ended_at IS NOT NULL
   ORDER BY last_seen_at DESC, session_id`);

/** At most once a minute, so that a busy page does not write with each request. */
export const touchSession = (tx: Tx, id: string) =>
  tx.query(sql`
  UPDATE lockstep.session SET last_seen_at = clock_timestamp()
   WHERE session_id = ${id} AND last_seen_at < clock_timestamp() - interval '1 minute'`);

/** What opened it is forgotten. One row: there was such a session. */
export const closeSession = (tx: Tx, id: string, ending: SessionEnding) =>
  tx.query(sql`
  UPDATE lockstep.session SET ended_at = clock_timestamp(), ending = ${ending}, hash = NULL
   WHERE session_id = ${id} AND ${isValid} RETURNING session_id`);

/** All, or all but one. */
export const closeSessions = (tx: Tx, ending: SessionEnding, except: string | null) =>
  tx.query(sql`
  UPDATE lockstep.session SET ended_at = clock_timestamp(), ending = ${ending}, hash = NULL
   WHERE ${isValid} AND session_id IS DISTINCT FROM ${except}`);
