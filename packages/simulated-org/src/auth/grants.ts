import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import { approve, checkAdminApproved, endApproval, isUsable, lockApproval } from './approvals.ts';
import { type App, authenticatedApp, type Flow, type KnownApp } from './apps.ts';
import type { AuthRequest } from './auth-request.ts';
import { redeemCode } from './authorization-codes.ts';
import { redeemDeviceCode } from './device-codes.ts';
import { userOfAssertion } from './jwt-bearer.ts';
import { authenticationFailure, deadToken, inactiveUser, invalidGrant } from './oauth-error.ts';
import { userOfPassword } from './passwords.ts';
import { givesRefreshToken, grantedScopes, type Scopes, withoutRefreshToken } from './scopes.ts';
import { issueRefresh, readSession } from './tokens.ts';

/** The ways to get a token: each says who the user is and what the token may do. */
export interface Granted {
  app: App;
  /** The app's, if it sent one: the answer is signed with it. */
  secret: string | undefined;
  userId: string;
  scopes: Scopes;
  nonce?: string | null;
  /** Work to be done in the transaction that issues the access token; undefined if there must be none. */
  settle?: (tx: Tx) => Promise<Settled | undefined>;
}

export interface Settled {
  /** If the token comes from a user's approval, and ends with it. */
  approvalId: number | null;
  refreshToken?: string;
}

interface GrantRequest {
  org: Org;
  request: AuthRequest;
  form: URLSearchParams;
}

type Grant = (asked: GrantRequest) => Promise<Granted>;

const allows = (app: App, flow: Flow): boolean => app.flows.includes(flow);

const appOfRequest = ({ org, request, form }: GrantRequest): Promise<KnownApp> =>
  authenticatedApp(org, request, form);

async function checkActive(org: Org, userId: string): Promise<void> {
  const [user] = await org.db.query<{ is_active: boolean }>(
    sql`SELECT "IsActive" AS is_active FROM org."User" WHERE "Id" = ${userId}`,
  );
  if (!user?.is_active) throw inactiveUser();
}

const byCode: Grant = async (asked) => {
  const { org, form } = asked;
  const app = await appOfRequest(asked);
  const { userId, scopes, nonce } = await redeemCode(org, app.clientId, form);
  return { ...(await approved(org, app, userId, scopes)), nonce };
};

const byDevice: Grant = async ({ org, request, form }) => {
  const { app, userId, scopes } = await redeemDeviceCode(org, request, form);
  return approved(org, app, userId, scopes);
};

/** What a user has allowed on one of our pages: for longer than a session if the scopes ask for it. */
async function approved(org: Org, app: KnownApp, userId: string, scopes: Scopes): Promise<Granted> {
  await checkActive(org, userId);
  checkAdminApproved(app, userId);
  const granted = { app, secret: app.secret, userId, scopes };
  if (!givesRefreshToken(scopes)) return granted;
  const settle = async (tx: Tx) => {
    const approvalId = await approve(tx, app.clientId, userId, scopes);
    const facts = { clientId: app.clientId, userId, scopes, approvalId };
    return { approvalId, refreshToken: await issueRefresh(tx, org, facts) };
  };
  return { ...granted, settle };
}

const byRefreshToken: Grant = async (asked) => {
  const { org, form } = asked;
  const app = await appOfRequest(asked);
  const token = form.get('refresh_token') ?? '';
  const session = await readSession(org, token, ['refresh', 'rotated']);
  if (!session || session.clientId !== app.clientId) throw deadToken();
  if (!session.isActive) throw inactiveUser();
  const { userId, scopes, approvalId } = session;
  checkAdminApproved(app, userId);
  const settle = async (tx: Tx) => {
    if (!(await lockApproval(tx, approvalId))) return undefined;
    if (!(await isUsable(tx, token, app.rotates))) {
      await endApproval(tx, approvalId);
      return undefined;
    }
    if (!app.rotates) return { approvalId };
    const facts = { clientId: app.clientId, userId, scopes, approvalId };
    return { approvalId, refreshToken: await issueRefresh(tx, org, facts) };
  };
  return { app, secret: app.secret, userId, scopes, settle };
};

/** No refresh token, as in Salesforce: the app knows the password. */
const byPassword: Grant = async (asked) => {
  const { org, form } = asked;
  const app = await appOfRequest(asked);
  if (!allows(app, 'password') || app.secret === undefined) throw authenticationFailure();
  const userId = await userOfPassword(org, form.get('username') ?? '', form.get('password') ?? '');
  if (userId === undefined) throw authenticationFailure();
  checkAdminApproved(app, userId);
  return { app, secret: app.secret, userId, scopes: shortScopes(app, form) };
};

const byClientCredentials: Grant = async (asked) => {
  const { org, form } = asked;
  const app = await appOfRequest(asked);
  if (!allows(app, 'client_credentials') || app.runAs === null || app.secret === undefined)
    throw invalidGrant('no client credentials user enabled');
  await checkActive(org, app.runAs);
  return { app, secret: app.secret, userId: app.runAs, scopes: shortScopes(app, form) };
};

const byAssertion: Grant = async ({ org, form }) => {
  const { app, userId, scopes } = await userOfAssertion(org, form.get('assertion') ?? '');
  return { app, secret: undefined, userId, scopes };
};

const shortScopes = (app: App, form: URLSearchParams): Scopes =>
  withoutRefreshToken(grantedScopes(app.scopes, form.get('scope')));

export const grants: ReadonlyMap<string | null, Grant> = new Map<string, Grant>([
  ['authorization_code', byCode],
  ['device', byDevice],
  ['refresh_token', byRefreshToken],
  ['password', byPassword],
  ['client_credentials', byClientCredentials],
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', byAssertion],
]);
