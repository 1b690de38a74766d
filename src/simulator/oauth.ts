import { createHmac } from 'node:crypto';
import { sql } from '../lib/sql.ts';
import { type Answer, answer } from './answer.ts';
import { hashOf, randomSecret } from './credentials.ts';
import type { Org } from './org.ts';

/**
 * Signing in: the token endpoint with its grants, and the tokens themselves, which are kept hashed so that a
 * restart leaves them valid.
 */
const accessHours = 12; // the longest session that an org can set
const refreshHours = 24 * 365 * 10; // until revoked
const scope = 'api id refresh_token';

interface App {
  client_id: string;
  kind: 'client_credentials' | 'password';
  run_as: string | null;
}

/** The error texts of the token endpoint. */
const oauthError = (error: string, description: string): Answer =>
  answer(400, { error, error_description: description });

/**
 * `POST /services/oauth2/token`.
 *
 * @param form  the form body
 * @param basic the Authorization header, by which clients may name the app instead
 */
export async function tokenAnswer(
  org: Org,
  form: URLSearchParams,
  basic: string | undefined,
): Promise<Answer> {
  const grant = form.get('grant_type');
  if (!grant) return oauthError('invalid_request', 'must specify a grant type');
  if (!['password', 'refresh_token', 'client_credentials'].includes(grant)) {
    return oauthError('unsupported_grant_type', 'grant type not supported');
  }
  const named = clientOf(form, basic);
  const [app] = await org.db.query<App & { knows_secret: boolean }>(sql`
    SELECT client_id, kind, run_as, secret_hash = ${hashOf(named.secret)} AS knows_secret
      FROM simulator.app WHERE client_id = ${named.id}`);
  if (!app) return oauthError('invalid_client_id', 'client identifier invalid');
  if (!app.knows_secret) return oauthError('invalid_client', 'invalid client credentials');
  const userId = await userOfGrant(org, app, grant, form);
  if (typeof userId !== 'string') return userId;
  const refresh = grant === 'password' ? { refresh_token: await issue(org, app, userId, 'refresh') } : {};
  return answer(200, {
    access_token: await issue(org, app, userId, 'access'),
    ...refresh,
    ...signed(org, userId, named.secret),
    scope,
    instance_url: org.url,
    token_type: 'Bearer',
  });
}

function clientOf(form: URLSearchParams, basic: string | undefined): { id: string; secret: string } {
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(basic ?? '') ?? [];
  if (encoded !== undefined && !form.has('client_id')) {
    const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
    return { id: storable(id), secret: secret.join(':') };
  }
  return { id: storable(form.get('client_id') ?? ''), secret: form.get('client_secret') ?? '' };
}

/** Names that sign nobody in, but must not break the statement that looks for them. */
const storable = (text: string): string => text.replaceAll('\0', '');

async function userOfGrant(
  org: Org,
  app: App,
  grant: string,
  form: URLSearchParams,
): Promise<string | Answer> {
  if (grant === 'client_credentials') {
    return app.run_as ?? oauthError('invalid_grant', 'no client credentials user enabled');
  }
  if (grant === 'refresh_token') {
    const userId = await userOfToken(org, form.get('refresh_token') ?? '', 'refresh', app.client_id);
    return userId ?? oauthError('invalid_grant', 'expired access/refresh token');
  }
  if (app.kind !== 'password') return oauthError('invalid_grant', 'authentication failure');
  const [row] = await org.db.query<{ id: string }>(sql`
    SELECT "Id" AS id FROM org."User"
      JOIN simulator.password ON user_id = "Id"
     WHERE lower("Username") = lower(${storable(form.get('username') ?? '')})
       AND hash = ${hashOf(form.get('password') ?? '')}
       AND "IsActive"`);
  return row?.id ?? oauthError('invalid_grant', 'authentication failure');
}

/** An access token begins with the org's 15 characters: clients read the org from it. */
async function issue(org: Org, app: App, userId: string, kind: 'access' | 'refresh'): Promise<string> {
  const token = kind === 'access' ? `${org.id.slice(0, 15)}!${randomSecret()}` : `5Aep861${randomSecret()}`;
  const hours = kind === 'access' ? accessHours : refreshHours;
  const expiresAt = new Date(org.clock.now() + hours * 3_600_000).toISOString();
  await org.db.query(sql`
    INSERT INTO simulator.token (hash, kind, client_id, user_id, expires_at)
    VALUES (${hashOf(token)}, ${kind}, ${app.client_id}, ${userId}, ${expiresAt})`);
  return token;
}

/** When and as whom: `issued_at` is a text of milliseconds, and both are signed with the app's secret. */
function signed(org: Org, userId: string, secret: string) {
  const id = `${org.url}/id/${org.id}/${userId}`;
  const issuedAt = String(org.clock.now());
  const signature = createHmac('sha256', secret)
    .update(id + issuedAt)
    .digest('base64');
  return { signature, id, issued_at: issuedAt };
}

/** Undefined for a token that is unknown, of another org, or expired. */
export async function userOfToken(
  org: Org,
  token: string,
  kind: 'access' | 'refresh' = 'access',
  clientId: string | null = null,
): Promise<string | undefined> {
  const [row] = await org.db.query<{ user_id: string }>(sql`
    SELECT user_id FROM simulator.token
     WHERE hash = ${hashOf(token)}
       AND kind = ${kind}
       AND client_id = coalesce(${clientId}, client_id)
       AND expires_at > ${new Date(org.clock.now()).toISOString()}::timestamptz`);
  return row?.user_id;
}

export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^(?:Bearer|OAuth)\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
