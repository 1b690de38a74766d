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
};

const idle = sql`interval '12 hours'`;
const longest = sql`interval '7 days'`;
const columns = sql`
  session_id, created_at, last_seen_at, least(last_seen_at + ${idle}, created_at + ${longest}) AS expires_at,
  address, user_agent`;
const isValid: Sql = sql`
  last_seen_at > clock_timestamp() - ${idle} AND created_at > clock_timestamp() - ${longest}`;

/**
 * No row: the password has another hash by now, so that nobody is signed in with a password that has just been changed.
 * Also deletes sessions that have ended by themselves.
 */
export const insertSession = (
  tx: Tx,
  one: { id: string; hash: string; passwordHash: string; address: string; userAgent: string },
) =>
  tx.query<SessionRow>(sql`
  WITH ended AS (DELETE FROM lockstep.session WHERE NOT (${isValid}))
  INSERT INTO lockstep.session (session_id, hash, address, user_agent)
  SELECT ${one.id}, ${one.hash}, ${one.address}, ${one.userAgent}
    FROM lockstep.administrator WHERE password_hash = ${one.passwordHash} FOR SHARE
  RETURNING ${columns}`);

export const selectSession = (tx: Tx, hash: string) =>
  tx.query<SessionRow>(sql`SELECT ${columns} FROM lockstep.session WHERE hash = ${hash} AND ${isValid}`);

/** Those that are valid, the last seen first. */
export const selectSessions = (tx: Tx) =>
  tx.query<SessionRow>(
    sql`SELECT ${columns} FROM lockstep.session WHERE ${isValid} ORDER BY last_seen_at DESC, session_id`,
  );

/** At most once a minute, so that a busy page does not write with each request. */
export const touchSession = (tx: Tx, id: string) =>
  tx.query(sql`
  UPDATE lockstep.session SET last_seen_at = clock_timestamp()
   WHERE session_id = ${id} AND last_seen_at < clock_timestamp() - interval '1 minute'`);

/** One row: there was such a session. */
export const deleteSession = (tx: Tx, id: string) =>
  tx.query(sql`DELETE FROM lockstep.session WHERE session_id = ${id} AND ${isValid} RETURNING session_id`);

/** All, or all but one. */
export const deleteSessions = (tx: Tx, except: string | null) =>
  tx.query(sql`DELETE FROM lockstep.session WHERE session_id IS DISTINCT FROM ${except}`);
