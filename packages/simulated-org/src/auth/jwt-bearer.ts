import { createPublicKey, verify } from 'node:crypto';
import { ident, sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import type { Org } from '../org.ts';
import { folded } from '../schema/storage.ts';
import { approvedScopes } from './approvals.ts';
import { type App, appOf } from './apps.ts';
import { inactiveUser, invalidGrant, notApproved } from './oauth-error.ts';
import type { Scopes } from './scopes.ts';
import { searchText } from './secrets.ts';

/** The JWT bearer flow: an app vouches for a user by its own key and sends no secret. */
const loginHosts = ['https://login.salesforce.com', 'https://test.salesforce.com'];

const header = z.object({ alg: z.literal('RS256') });
/** Some clients send the expiry as text. */
const seconds = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,12}(\.\d+)?$/)
    .transform(Number),
]);
const claims = z.object({
  iss: z.string(),
  sub: z.string().optional(),
  /** The username, in the first version of this flow. */
  prn: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: seconds,
});
type Claims = z.infer<typeof claims>;

const invalidAssertion = () => invalidGrant('invalid assertion');

/** @throws {@link OAuthError} saying what is wrong with the assertion, or that the user did not approve the app */
export async function userOfAssertion(
  org: Org,
  assertion: string,
): Promise<{ app: App; userId: string; scopes: Scopes }> {
  const [head = '', payload = '', signature = '', ...more] = assertion.split('.');
  if (more.length > 0 || !header.safeParse(partOf(head)).success) throw invalidAssertion();
  const read = claims.safeParse(partOf(payload));
  if (!read.success) throw invalidAssertion();
  const app = await appOf(org, read.data.iss);
  if (!isSignedBy(app, `${head}.${payload}`, signature)) throw invalidAssertion();
  checkClaims(org, read.data);
  const userId = await userNamed(org, read.data.sub ?? read.data.prn ?? '');
  return { app, userId, scopes: await approvedScopes(org, app, userId) };
}

function partOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function isSignedBy(app: App, signed: string, signature: string): boolean {
  if (app.certificate === null || !app.flows.includes('jwt_bearer')) return false;
  const key = createPublicKey(app.certificate);
  return verify('RSA-SHA256', Buffer.from(signed), key, Buffer.from(signature, 'base64url'));
}

function checkClaims(org: Org, { aud, exp }: Claims): void {
  const audiences = [...loginHosts, org.url].flatMap((host) => [host, `${host}/services/oauth2/token`]);
  const named = [aud].flat().map((one) => one.replace(/\/$/, ''));
  if (!named.some((one) => audiences.includes(one))) throw invalidGrant('audience is invalid');
  // Any future expiry is accepted: Salesforce's own command line writes milliseconds. The text is that of another
  // flow.
  if (exp <= org.clock.now() / 1000) throw invalidGrant('expired authorization code');
}

async function userNamed(org: Pick<Org, 'db'>, username: string): Promise<string> {
  const [user] = await org.db.query<{ id: string; is_active: boolean }>(sql`
    SELECT "Id" AS id, "IsActive" AS is_active FROM org."User"
     WHERE ${folded(ident('Username'))} = ${folded(sql`${searchText(username)}::text`)}`);
  if (!user) throw notApproved();
  if (!user.is_active) throw inactiveUser();
  return user.id;
}
