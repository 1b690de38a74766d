import { createHash, createHmac, randomBytes } from 'node:crypto';
import { assert } from '@lockstep/foundation/assert';
import type { Control } from './database.ts';
import {
  closeExpiredSessions,
  closeSession,
  insertLinkedSession,
  insertSession,
  type SessionEnding,
  type SessionRow,
  selectSession,
  selectSessions,
  touchSession,
} from './session-sql.ts';

/**
 * The administrator in one browser: 12 hours without a request end it, and 7 days in any case. The browser holds a
 * secret in a cookie, of which only a hash is kept here, until the session ends. What else is known of it is kept for
 * 30 days from then on.
 */
export interface Session {
  /** Opens nothing. */
  id: string;
  /** As the server prints them. */
  createdAt: string;
  lastSeenAt: string;
  expiresAt: string;
  /** Where it began. */
  address: string;
  userAgent: string;
  /** Null: it lasts. */
  ended: { at: string; why: SessionEnding } | null;
}

export interface OpenedSession {
  session: Session;
  secret: string;
}

/** Where somebody signs in from. */
export interface SignInPlace {
  address: string;
  userAgent: string;
}

/** @returns null: the password is not the one of this hash any more */
export async function openSession(
  control: Control,
  passwordHash: string,
  place: SignInPlace,
): Promise<OpenedSession | null> {
  const { secret, ...one } = await newSession(control, place);
  const [row] = await insertSession(control.db, { ...one, passwordHash });
  return row ? { session: toSession(row), secret } : null;
}

/** For somebody who has shown by other means than the password that they run this server. */
export async function openLinkedSession(control: Control, place: SignInPlace): Promise<OpenedSession> {
  const { secret, ...one } = await newSession(control, place);
  const [row] = await insertLinkedSession(control.db, one);
  assert(row, 'a session that depends on nothing is stored');
  return { session: toSession(row), secret };
}

async function newSession({ db }: Control, { address, userAgent }: SignInPlace) {
  await closeExpiredSessions(db);
  const secret = randomBytes(32).toString('base64url');
  return { secret, id: randomBytes(8).toString('hex'), hash: hashOf(secret), address, userAgent };
}

/**
 * Null: no such session, or not any more.
 * @param isUsed  false: it is only looked at, which does not prolong it
 */
export async function findSession(
  control: Control,
  secret: string,
  { isUsed }: { isUsed: boolean },
): Promise<Session | null> {
  if (!/^[\w-]{43}$/.test(secret)) return null;
  const [row] = await selectSession(control.db, hashOf(secret));
  if (!row) return null;
  if (isUsed) await touchSession(control.db, row.session_id);
  return toSession(row);
}

/** Those that last, and those that have ended in the last 30 days if asked for. The last seen first. */
export async function listSessions(
  { db }: Control,
  { isEndedToo }: { isEndedToo: boolean },
): Promise<Session[]> {
  await closeExpiredSessions(db);
  return (await selectSessions(db, isEndedToo)).map(toSession);
}

/** From now on it is refused. False: there is no such session, or it has ended. */
export const endSession = async (control: Control, id: string, why: SessionEnding): Promise<boolean> =>
  (await closeSession(control.db, id, why)).length > 0;

/**
 * What the pages of a session send with each change. A page of another origin can make a browser send the cookie, but
 * cannot read this value.
 */
export const csrfTokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('csrf').digest('base64url');

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const toSession = (row: SessionRow): Session => ({
  id: row.session_id,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
  ended: row.ended_at === null || row.ending === null ? null : { at: row.ended_at, why: row.ending },
});
