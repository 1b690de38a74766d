import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import { fromStored, toStored } from '../write/stored-text.ts';
import type { Scopes } from './scopes.ts';
import { hashOf, randomSecret } from './secrets.ts';

/**
 * Sign-ins in progress in a browser, between its requests. Each is found by the key in its form together with the
 * browser's cookie, so that no other site can post the form on the user's behalf.
 */
const lifeMs = 15 * 60_000;

export interface OpenSignIn {
  clientId: string;
  /** Where the app waits for the user; null if a device waits for its code to be confirmed. */
  redirectUri: string | null;
  userCode: string | null;
  scopes: Scopes;
  state: string | null;
  nonce: string | null;
  codeChallenge: string | null;
  /** Null until the user has logged in. */
  userId: string | null;
}

type Store = Pick<Org, 'db' | 'clock'>;

/** Returns the key of a new one. */
export async function openSignIn({ db, clock }: Store, browser: string, facts: OpenSignIn): Promise<string> {
  const key = randomSecret();
  const now = new Date(clock.now()).toISOString();
  const expiresAt = new Date(clock.now() + lifeMs).toISOString();
  await db.query(sql`DELETE FROM simulator.open_sign_in WHERE expires_at <= ${now}::timestamptz`);
  await db.query(sql`
    INSERT INTO simulator.open_sign_in (hash, browser_hash, client_id, redirect_uri, user_code, scopes, state, nonce,
                                        code_challenge, user_id, expires_at)
    VALUES (${hashOf(key)}, ${hashOf(browser)}, ${facts.clientId}, ${facts.redirectUri}, ${facts.userCode},
            ${[...facts.scopes]}::text[], ${facts.state === null ? null : toStored(facts.state)},
            ${facts.nonce === null ? null : toStored(facts.nonce)}, ${facts.codeChallenge}, ${facts.userId},
            ${expiresAt})`);
  return key;
}

/** Removes one, so that its form works once. Undefined if this browser has none with this key. */
export async function takeSignIn(
  { db, clock }: Store,
  browser: string,
  key: string,
): Promise<OpenSignIn | undefined> {
  const [row] = await db.query<OpenSignIn>(sql`
    DELETE FROM simulator.open_sign_in
     WHERE hash = ${hashOf(key)} AND browser_hash = ${hashOf(browser)}
       AND expires_at > ${new Date(clock.now()).toISOString()}::timestamptz
    RETURNING client_id AS "clientId", redirect_uri AS "redirectUri", user_code AS "userCode", scopes, state, nonce,
              code_challenge AS "codeChallenge", user_id AS "userId"`);
  if (!row) return undefined;
  const text = (stored: string | null) => (stored === null ? null : fromStored(stored));
  return { ...row, state: text(row.state), nonce: text(row.nonce) };
}
