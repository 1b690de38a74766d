import { createPublicKey } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import type { AuthRequest } from './auth-request.ts';
import { unknownClient, wrongSecret } from './oauth-error.ts';
import type { Scopes } from './scopes.ts';
import { hashOf, isSame, searchText } from './secrets.ts';

/** Connected apps: programs that users allow into the org, each with the flows by which it may sign in. */
export type Flow = 'authorization_code' | 'device' | 'password' | 'jwt_bearer' | 'client_credentials';

export interface App {
  clientId: string;
  name: string;
  flows: readonly Flow[];
  redirectUris: readonly string[];
  scopes: Scopes;
  /** Whether each use of a refresh token replaces it by a new one. */
  rotates: boolean;
  /** A certificate or public key as PEM, for assertions. */
  certificate: string | null;
  /** The user of the client-credentials flow. */
  runAs: string | null;
  /** The users whom an admin approved, who are not asked; null if each user approves the app. */
  approvedUsers: readonly string[] | null;
}

export interface AppRegistration {
  clientId: string;
  /** Absent for an app that cannot keep a secret. */
  clientSecret?: string | undefined;
  /** The name on the consent page. */
  name?: string | undefined;
  flows: readonly Flow[];
  redirectUris?: readonly string[] | undefined;
  scopes: Scopes;
  rotation?: boolean | undefined;
  certificatePem?: string | undefined;
  runAsUserId?: string | undefined;
  approvedUserIds?: readonly string[] | undefined;
}

/**
 * Creates an app, or replaces the one with this client id; its tokens stay valid.
 *
 * @throws {@link OrgError} for an address, scope or certificate that could never work
 */
export async function registerApp({ db }: { db: Tx }, registration: AppRegistration): Promise<void> {
  const { clientId, clientSecret, flows, scopes, redirectUris = [], certificatePem } = registration;
  checkRegistration(registration);
  const values = sql`
    ${registration.name ?? clientId}, ${clientSecret === undefined ? null : hashOf(clientSecret)}::bytea,
    ${[...flows]}::text[], ${[...redirectUris]}::text[], ${[...scopes]}::text[],
    ${registration.rotation ?? false}::boolean, ${certificatePem ?? null}, ${registration.runAsUserId ?? null},
    ${registration.approvedUserIds ? [...registration.approvedUserIds] : null}::text[]`;
  const columns = sql`
    name, secret_hash, flows, redirect_uris, scopes, rotates, certificate, run_as, approved_users`;
  await db.query(sql`
    INSERT INTO simulator.app (client_id, ${columns}) VALUES (${clientId}, ${values})
    ON CONFLICT (client_id) DO UPDATE SET (${columns}) = ROW (${values})`);
}

function checkRegistration(registration: AppRegistration): void {
  const { clientId, name = '', scopes, redirectUris = [], certificatePem } = registration;
  const refuse = (message: string) => refused('INVALID_INPUT', message);
  if (!/^[\x21-\x7e]{1,255}$/.test(clientId))
    throw refuse('The client id must be 1 to 255 visible characters.');
  if (name.includes('\0')) throw refuse('The name must be text.');
  for (const uri of redirectUris) {
    const isAbsolute = /^[\x21-\x7e]{1,2000}$/.test(uri) && URL.canParse(uri) && !uri.includes('#');
    if (!isAbsolute || /^(javascript|data):/i.test(uri))
      throw refuse('A redirect URI must be absolute and without a fragment.');
  }
  if (scopes.length === 0 || !scopes.every((one) => /^[a-z_]{1,60}$/.test(one)))
    throw refuse('An app needs scopes, each by its API name.');
  if (certificatePem !== undefined && !isRsa(certificatePem))
    throw refuse('The certificate must hold an RSA key and be in PEM.');
}

function isRsa(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** Whether each refresh gives a new refresh token. Returns whether the app exists. */
export async function setRotation(org: Pick<Org, 'db'>, clientId: string, on: boolean): Promise<boolean> {
  const changed = await org.db.query(sql`
    UPDATE simulator.app SET rotates = ${on} WHERE client_id = ${searchText(clientId)} RETURNING client_id`);
  return changed.length > 0;
}

type Row = App & { secretHash: string | null };

async function readApp(org: Pick<Org, 'db'>, clientId: string): Promise<Row | undefined> {
  const [row] = await org.db.query<Row>(sql`
    SELECT client_id AS "clientId", name, flows, redirect_uris AS "redirectUris", scopes, rotates, certificate,
           run_as AS "runAs", approved_users AS "approvedUsers", encode(secret_hash, 'hex') AS "secretHash"
      FROM simulator.app WHERE client_id = ${searchText(clientId)}`);
  return row;
}

/** @throws {@link OAuthError} for an app that does not exist */
export async function appOf(org: Pick<Org, 'db'>, clientId: string): Promise<App> {
  const app = await readApp(org, clientId);
  if (!app) throw unknownClient();
  return app;
}

export interface KnownApp extends App {
  /** As the client sent it; undefined for an app that has none. */
  secret: string | undefined;
}

/**
 * The app that sends a request, from the form or from the Authorization header.
 *
 * @throws {@link OAuthError} for an app that does not exist, or that does not send its secret
 */
export async function authenticatedApp(
  org: Pick<Org, 'db'>,
  request: Pick<AuthRequest, 'headers'>,
  form: URLSearchParams,
): Promise<KnownApp> {
  const named = clientOf(form, request.headers.authorization);
  const app = await readApp(org, named.id);
  if (!app) throw unknownClient();
  const isKnown =
    app.secretHash === null
      ? named.secret === ''
      : isSame(Buffer.from(app.secretHash, 'hex'), hashOf(named.secret));
  if (!isKnown) throw wrongSecret();
  return { ...app, secret: app.secretHash === null ? undefined : named.secret };
}

function clientOf(form: URLSearchParams, authorization: string | undefined): { id: string; secret: string } {
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  if (encoded !== undefined && !form.has('client_id')) {
    const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
    return { id, secret: secret.join(':') };
  }
  return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
}
