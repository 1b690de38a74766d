import type { Clock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { OrgError, sessionInvalid } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { bearerOf } from './auth-request.ts';
import { opensRest, type Scopes } from './scopes.ts';
import { hashOf, randomSecret, searchText } from './secrets.ts';

/** The valid tokens, stored as hashes: a restart leaves them valid, and a leaked database reveals none. */
const accessMs = 12 * 3_600_000; // the longest session that an org can set
const refreshMs = 10 * 365 * 24 * 3_600_000; // until revoked

export const sessionSeconds = accessMs / 1000;

/** All that sign-in needs of the org, so that whoever has its database can work with its tokens. */
export type TokenStore = Pick<Org, 'db'> & { clock: Clock };

export interface Session {
  userId: string;
  /** Null for a session started by SOAP. */
  clientId: string | null;
  approvalId: number | null;
  scopes: Scopes;
  /** Epoch ms. */
  issuedAt: number;
  expiresAt: number;
}

interface TokenFacts {
  clientId: string | null;
  userId: string;
  scopes: Scopes;
  /** For a token that came from a user's approval and ends with it. */
  approvalId?: number | null | undefined;
}

/** An access token begins with the org's 15-character Id: clients take the org from it. */
export async function issueAccess(tx: Tx, org: Org, facts: TokenFacts): Promise<string> {
  const token = `${org.id.slice(0, 15)}!${randomSecret()}`;
  return issue(tx, 'access', token, facts, org.clock.now(), accessMs);
}

/** Deletes expired tokens. Skips rows that another sweep has locked, so two sweeps cannot deadlock. */
export const sweepTokens = ({ db, clock }: TokenStore): Promise<unknown> =>
  db.query(sql`
    DELETE FROM simulator.token WHERE hash IN (
      SELECT hash FROM simulator.token WHERE expires_at <= ${instant(clock.now())} FOR UPDATE SKIP LOCKED)`);

export const issueRefresh = (tx: Tx, org: Pick<Org, 'clock'>, facts: TokenFacts): Promise<string> =>
  issue(tx, 'refresh', `5Aep861${randomSecret()}`, facts, org.clock.now(), refreshMs);

async function issue(
  tx: Tx,
  kind: 'access' | 'refresh',
  token: string,
  { clientId, userId, scopes, approvalId = null }: TokenFacts,
  now: number,
  lifeMs: number,
): Promise<string> {
  await tx.query(sql`
    INSERT INTO simulator.token (hash, kind, client_id, user_id, approval_id, scopes, issued_at, expires_at)
    VALUES (${hashOf(token)}, ${kind}, ${clientId}, ${userId}, ${approvalId}::bigint, ${[...scopes]}::text[],
            ${instant(now)}, ${instant(now + lifeMs)})`);
  return token;
}

const instant = (ms: number): Sql => sql`${new Date(ms).toISOString()}::timestamptz`;

/** Undefined for a token that is unknown, expired or of another org, and if its user is inactive. */
export async function sessionOf(
  { db, clock }: TokenStore,
  token: string,
  kind: 'access' | 'refresh' = 'access',
): Promise<Session | undefined> {
  const found = await readSession({ db, clock }, token, [kind]);
  return found?.isActive ? found : undefined;
}

/** The same, but returns inactive users too: a refresh with their token gets its own error. */
export async function readSession(
  { db, clock }: TokenStore,
  token: string,
  kinds: readonly ('access' | 'refresh' | 'rotated')[],
): Promise<(Session & { isActive: boolean }) | undefined> {
  const [row] = await db.query<Session & { isActive: boolean }>(sql`
    SELECT token.user_id AS "userId", token.client_id AS "clientId", token.approval_id AS "approvalId",
           token.scopes, holder."IsActive" AS "isActive",
           (extract(epoch FROM token.issued_at) * 1000)::bigint AS "issuedAt",
           (extract(epoch FROM token.expires_at) * 1000)::bigint AS "expiresAt"
      FROM simulator.token JOIN org."User" AS holder ON holder."Id" = token.user_id
     WHERE token.hash = ${hashOf(token)} AND token.kind = ANY(${[...kinds]}) AND token.expires_at > ${instant(clock.now())}`);
  return row;
}

/**
 * The user that sends a request to the REST API.
 *
 * @throws {@link OrgError} 401 without a token, with a dead one, and with one whose scopes do not include the API
 */
export async function userOfRequest(org: TokenStore, authorization: string | undefined): Promise<string> {
  const token = bearerOf(authorization);
  const session = token === undefined ? undefined : await sessionOf(org, token);
  if (!session) throw sessionInvalid();
  if (!opensRest(session.scopes))
    throw new OrgError(401, 'INVALID_SESSION_ID', 'This session is not valid for use with the REST API');
  return session.userId;
}

/** Whom a token was issued to, expired or not. */
export async function tokenOwner(
  { db }: Pick<Org, 'db'>,
  token: string | undefined,
): Promise<Pick<Session, 'userId' | 'clientId'> | undefined> {
  if (token === undefined) return undefined;
  const [row] = await db.query<Pick<Session, 'userId' | 'clientId'>>(sql`
    SELECT user_id AS "userId", client_id AS "clientId" FROM simulator.token WHERE hash = ${hashOf(token)}`);
  return row;
}

/** One user, one app, or both; with neither, everything in the org. */
export interface TokenChoice {
  userId?: string | undefined;
  clientId?: string | undefined;
}

const chosen = ({ userId, clientId }: TokenChoice): Sql => sql`
  user_id = coalesce(${userId === undefined ? null : searchText(userId)}, user_id)
  AND (${clientId === undefined} OR client_id = ${clientId === undefined ? null : searchText(clientId)})`;

/** Ends sessions as a time-out would: refresh tokens stay valid. Returns how many there were. */
export async function expireAccessTokens({ db, clock }: TokenStore, choice: TokenChoice): Promise<number> {
  const ended = await db.query(sql`
    UPDATE simulator.token SET expires_at = ${instant(clock.now())}
     WHERE kind = 'access' AND expires_at > ${instant(clock.now())} AND ${chosen(choice)}
    RETURNING kind`);
  return ended.length;
}

/** Revokes what users allowed: approvals, codes, and every token. Returns how many tokens there were. */
export async function revokeGrant({ db }: Pick<Org, 'db'>, choice: TokenChoice): Promise<number> {
  return db.transaction(async (tx) => {
    const [counted] = await tx.query<{ count: number }>(
      sql`SELECT count(*) AS count FROM simulator.token WHERE kind <> 'rotated' AND ${chosen(choice)}`,
    );
    await tx.query(sql`DELETE FROM simulator.approval WHERE ${chosen(choice)}`);
    await tx.query(sql`DELETE FROM simulator.token WHERE ${chosen(choice)}`);
    await tx.query(sql`DELETE FROM simulator.authorization_code WHERE ${chosen(choice)}`);
    return counted?.count ?? 0;
  });
}

/** Ends one token; for a refresh token, everything from the same approval. False if there is no such token. */
export async function revokeToken({ db, clock }: TokenStore, token: string): Promise<boolean> {
  const alive = sql`hash = ${hashOf(token)} AND kind <> 'rotated' AND expires_at > ${instant(clock.now())}`;
  const [approval] = await db.query(sql`
    DELETE FROM simulator.approval
     WHERE id IN (SELECT approval_id FROM simulator.token WHERE ${alive} AND kind = 'refresh') RETURNING id`);
  if (approval) return true;
  const [ended] = await db.query(sql`DELETE FROM simulator.token WHERE ${alive} RETURNING kind`);
  return ended !== undefined;
}
