/** The administrator: the one person who signs in with a password. There is at most one. */
import { createHash, randomBytes } from 'node:crypto';
import { Fault } from '../core/faults.ts';
import {
  consumeToken,
  deleteTokens,
  insertAdministrator,
  replacePassword,
  selectAdministrator,
  selectToken,
  upsertPassword,
  upsertToken,
} from './administrator-sql.ts';
import type { Control } from './database.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { closeSessions } from './session-sql.ts';
import { type OpenedSession, openSession, type SignInPlace } from './sessions.ts';

export const hasAdministrator = async ({ db }: Control): Promise<boolean> =>
  (await selectAdministrator(db)).length > 0;

/**
 * Makes the set-up token, valid for 24 hours and in place of an earlier one. Only a hash of it is kept: it has 128
 * random bits, so a plain hash is enough. Null: there is an administrator.
 */
export async function makeSetupToken({ db }: Control): Promise<{ token: string; expiresAt: string } | null> {
  const token = randomBytes(16).toString('base64url');
  const [row] = await upsertToken(db, hashOf(token));
  return row ? { token, expiresAt: row.expires_at } : null;
}

/**
 * Makes the bearer of the set-up token the administrator and signs it in. Of several at once, one is the first.
 *
 * @throws {@link Fault} `API-11`: not the token, or not any more; `API-12`: there is an administrator
 */
export async function setUpAdministrator(
  control: Control,
  { token, password, email }: { token: string; password: string; email: string | null },
  place: SignInPlace,
): Promise<OpenedSession> {
  const hash = hashOf(token);
  const refuse = async () => new Fault((await hasAdministrator(control)) ? 'API-12' : 'API-11');
  // First, so that strangers cannot have passwords hashed.
  if ((await selectToken(control.db, hash)).length === 0) throw await refuse();
  const passwordHash = await hashPassword(password);
  const [made] = await consumeToken(control.db, { hash, passwordHash, email });
  // Whoever came by a link while there was no administrator signs in from now on.
  if (made) await closeSessions(control.db, 'password changed', null);
  const opened = made && (await openSession(control, passwordHash, place));
  if (!opened) throw await refuse();
  return opened;
}

/** Without a token: for whoever starts the server. False: there is an administrator, who stays as it is. */
export async function createAdministrator(control: Control, password: string): Promise<boolean> {
  if (await hasAdministrator(control)) return false;
  const [made] = await insertAdministrator(control.db, await hashPassword(password));
  await deleteTokens(control.db);
  return made !== undefined;
}

/** @throws {@link Fault} `API-13`: not the password, or there is no administrator; both take as long */
export async function signIn(control: Control, password: string, place: SignInPlace): Promise<OpenedSession> {
  const [known] = await selectAdministrator(control.db);
  const isRight = await isPassword(password, known?.password_hash);
  const opened = known && isRight ? await openSession(control, known.password_hash, place) : null;
  if (!opened) throw new Fault('API-13');
  return opened;
}

/**
 * Ends all sessions except the one that asks.
 * @throws {@link Fault} `API-13`: `current` is not the password
 */
export async function changePassword(
  control: Control,
  { current, next, except }: { current: string; next: string; except: string | null },
): Promise<void> {
  const [known] = await selectAdministrator(control.db);
  if (!(await isPassword(current, known?.password_hash)) || !known) throw new Fault('API-13');
  const passwordHash = await hashPassword(next);
  await control.db.transaction(async (tx) => {
    const [changed] = await replacePassword(tx, known.password_hash, passwordHash);
    if (!changed) throw new Fault('API-13');
    await closeSessions(tx, 'password changed', except);
  });
}

/** For whoever can open the control database: no question about the former password. Ends all sessions. */
export async function resetPassword(control: Control, password: string): Promise<void> {
  const passwordHash = await hashPassword(password);
  await control.db.transaction(async (tx) => {
    await upsertPassword(tx, passwordHash);
    await deleteTokens(tx);
    await closeSessions(tx, 'password changed', null);
  });
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
