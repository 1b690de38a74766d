import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import type { App } from './apps.ts';
import { invalidGrant, notAdminApproved, notApproved } from './oauth-error.ts';
import { type Scopes, withoutRefreshToken } from './scopes.ts';
import { hashOf } from './secrets.ts';

/** What a user allows an app beyond one session: one approval for each refresh token that is valid. */
const approvalsMax = 5;

/** Records one. A user's sixth approval of an app ends the oldest, with its tokens. */
export async function approve(tx: Tx, clientId: string, userId: string, scopes: Scopes): Promise<number> {
  // Without this lock two concurrent approvals would each see five.
  await tx.query(sql`SELECT FROM simulator.app WHERE client_id = ${clientId} FOR NO KEY UPDATE`);
  const [made] = await tx.query<{ id: number }>(sql`
    INSERT INTO simulator.approval (client_id, user_id, scopes)
    VALUES (${clientId}, ${userId}, ${[...scopes]}::text[]) RETURNING id`);
  await tx.query(sql`
    DELETE FROM simulator.approval WHERE id IN (
      SELECT id FROM simulator.approval WHERE client_id = ${clientId} AND user_id = ${userId}
       ORDER BY id DESC OFFSET ${approvalsMax}::integer)`);
  return made?.id ?? 0;
}

/**
 * Locks an approval until the transaction ends: one request at a time uses its refresh token. Must come before any
 * access to its tokens, in the same order as a revocation. False if the approval is gone.
 */
export async function lockApproval(tx: Tx, approvalId: number | null): Promise<boolean> {
  const held = await tx.query(
    sql`SELECT id FROM simulator.approval WHERE id = ${approvalId}::bigint FOR UPDATE`,
  );
  return held.length > 0;
}

/**
 * Whether the refresh token may be used. With rotation this is its only use: it stays known, so that another one can
 * be told from the use of an unknown token.
 */
export async function isUsable(tx: Tx, token: string, rotates: boolean): Promise<boolean> {
  const found = await tx.query(sql`
    UPDATE simulator.token SET kind = ${rotates ? 'rotated' : 'refresh'}
     WHERE hash = ${hashOf(token)} AND kind = 'refresh' RETURNING kind`);
  return found.length > 0;
}

/** Ends an approval with all its tokens, as Salesforce does when a rotated refresh token is used again. */
export const endApproval = (tx: Tx, approvalId: number | null): Promise<unknown> =>
  tx.query(sql`DELETE FROM simulator.approval WHERE id = ${approvalId}::bigint`);

/** Whether the admin allows this user to use the app at all. */
export const isAdminApproved = (app: App, userId: string): boolean =>
  app.approvedUsers === null || app.approvedUsers.includes(userId);

/** @throws {@link OAuthError} if an admin named the app's users, and this one is not among them */
export function checkAdminApproved(app: App, userId: string): void {
  if (!isAdminApproved(app, userId)) throw invalidGrant(notAdminApproved);
}

/**
 * The scopes of an assertion: those that the user approved before, or all if an admin approved for the user.
 *
 * @throws {@link OAuthError} if nobody approved
 */
export async function approvedScopes(org: Pick<Org, 'db'>, app: App, userId: string): Promise<Scopes> {
  checkAdminApproved(app, userId);
  if (app.approvedUsers !== null) return withoutRefreshToken(app.scopes);
  const [row] = await org.db.query<{ scopes: string[] | null }>(sql`
    SELECT array_agg(DISTINCT scope ORDER BY scope) AS scopes
      FROM simulator.approval CROSS JOIN unnest(scopes) AS scope
     WHERE client_id = ${app.clientId} AND user_id = ${userId}`);
  if (!row?.scopes) throw notApproved();
  return withoutRefreshToken(row.scopes);
}
