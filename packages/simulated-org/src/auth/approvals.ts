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
 * Locks an approval against revocation until the transaction ends. Must come before any access to its tokens, in the
 * same order as a revocation. False if the approval is gone.
 */
export async function lockApproval(tx: Tx, approvalId: number | null): Promise<boolean> {
  const held = await tx.query(
    sql`SELECT id FROM simulator.approval WHERE id = ${approvalId}::bigint FOR KEY SHARE`,
  );
  return held.length > 0;
}

/** Ends the refresh token that was used; of two concurrent uses, only one succeeds. */
export async function retireRefresh(tx: Tx, token: string): Promise<boolean> {
  const retired = await tx.query(
    sql`DELETE FROM simulator.token WHERE hash = ${hashOf(token)} AND kind = 'refresh' RETURNING kind`,
  );
  return retired.length > 0;
}

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
