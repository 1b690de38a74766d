import { createHash } from 'node:crypto';
import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import { fromStored, toStored } from '../write/stored-text.ts';
import { invalidGrant, redirectMismatch, redirectMissing } from './oauth-error.ts';
import type { Scopes } from './scopes.ts';
import { hashOf, randomSecret } from './secrets.ts';

/** The codes that the web-server flow ends with: each is valid once, for 15 minutes, for one app and redirect URI. */
const codeMs = 15 * 60_000;
/** How long a dead code can be told from one that never existed. */
const memoryMs = 24 * 3_600_000;

export interface CodeFacts {
  clientId: string;
  userId: string;
  redirectUri: string;
  scopes: Scopes;
  nonce: string | null;
  codeChallenge: string | null;
}

export async function issueCode({ db, clock }: Pick<Org, 'db' | 'clock'>, facts: CodeFacts): Promise<string> {
  const code = `aPrx${randomSecret()}`;
  const now = clock.now();
  await db.query(sql`
    DELETE FROM simulator.authorization_code
     WHERE expires_at < ${new Date(now - memoryMs).toISOString()}::timestamptz`);
  await db.query(sql`
    INSERT INTO simulator.authorization_code
           (hash, client_id, user_id, redirect_uri, scopes, nonce, code_challenge, expires_at)
    VALUES (${hashOf(code)}, ${facts.clientId}, ${facts.userId}, ${facts.redirectUri}, ${[...facts.scopes]}::text[],
            ${facts.nonce === null ? null : toStored(facts.nonce)}, ${facts.codeChallenge}, ${new Date(now + codeMs).toISOString()})`);
  return code;
}

type Code = CodeFacts & { isFresh: boolean };

/**
 * Redeems a code. The first time that its app sends it uses it up, even if something else is wrong.
 *
 * @throws {@link OAuthError} saying what is wrong
 */
export async function redeemCode(
  { db, clock }: Pick<Org, 'db' | 'clock'>,
  clientId: string,
  form: URLSearchParams,
): Promise<CodeFacts> {
  const code = await takeCode({ db, clock }, clientId, form.get('code') ?? '');
  if (!code.isFresh) throw invalidGrant('expired authorization code');
  const redirectUri = form.get('redirect_uri');
  if (!redirectUri) throw redirectMissing();
  if (redirectUri !== code.redirectUri) throw redirectMismatch();
  checkVerifier(code.codeChallenge, form.get('code_verifier'));
  return { ...code, nonce: code.nonce === null ? null : fromStored(code.nonce) };
}

async function takeCode(
  { db, clock }: Pick<Org, 'db' | 'clock'>,
  clientId: string,
  code: string,
): Promise<Code> {
  const [row] = await db.query<Code>(sql`
    WITH seen AS (
      SELECT hash, is_used, expires_at FROM simulator.authorization_code
       WHERE hash = ${hashOf(code)} AND client_id = ${clientId} FOR UPDATE)
    UPDATE simulator.authorization_code AS code SET is_used = true FROM seen WHERE code.hash = seen.hash
    RETURNING client_id AS "clientId", user_id AS "userId", redirect_uri AS "redirectUri", scopes, nonce,
              code_challenge AS "codeChallenge",
              NOT seen.is_used AND seen.expires_at > ${new Date(clock.now()).toISOString()}::timestamptz AS "isFresh"`);
  if (!row) throw invalidGrant('invalid authorization code');
  return row;
}

/**
 * The challenge is the verifier's SHA-256, so that only the client that began the sign-in can finish it. The answer to a
 * wrong verifier was seen at login.salesforce.com (Stack Exchange 330168); the guide of version 48 says
 * invalid_request.
 */
function checkVerifier(challenge: string | null, verifier: string | null): void {
  if (challenge === null) return;
  if (!verifier) throw invalidGrant('code verifier is required');
  const digest = createHash('sha256').update(verifier).digest('base64url');
  if (digest !== challenge) throw invalidGrant('invalid code verifier');
}
