/** One request to the token endpoint, for each OAuth flow, and what its answer means. */
import { createPrivateKey } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Credential } from '../core/credential.ts';
import { Fault } from '../core/faults.ts';
import { type OrgId, toLongId } from '../core/ids.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import { allowedOrigin } from './hosts.ts';
import type { Answer, Transport } from './transport.ts';

export interface Granted {
  token: string;
  orgId: OrgId;
  /** Where the org's API is, as Salesforce says: not checked yet. */
  instanceUrl: string;
  /** Undefined: the answer holds none, as usual. */
  refreshToken: string | undefined;
}

export interface GrantDeps {
  transport: Transport;
  allowHosts: readonly string[];
  clock: Clock;
}

const requestMaxMs = 30_000;
/** Salesforce accepts up to three to five minutes ahead of its own clock. */
const assertionLastsSeconds = 150;

/** @throws Fault `SF-nn`, `ORG-04`, `NET-01`, `NET-04`, `LIM-06`, `DATA-03` */
export async function signInWith(
  deps: GrantDeps,
  loginUrl: string,
  credential: Credential,
): Promise<Granted> {
  if (credential.flow !== 'jwt bearer') return requestGrant(deps, loginUrl, formOf(credential));
  const [first, ...others] = audiencesOf(new URL(loginUrl));
  const ask = async (audience: string) =>
    requestGrant(deps, loginUrl, {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertionFor(audience, credential, deps.clock),
    });
  try {
    return await ask(first);
  } catch (error) {
    if (!mayBeAudience(error)) throw error;
    for (const audience of others) {
      const granted = await ask(audience).catch(() => null);
      if (granted) return granted;
    }
    throw error;
  }
}

/**
 * External client apps want the org's own address as audience (n8n #28990), older apps Salesforce's login host
 * (simple-salesforce #672), and neither says so clearly. A test org is its own.
 */
function audiencesOf({ origin, hostname }: URL): [string, ...string[]] {
  if (!/\.salesforce\.(?:com|mil)$/.test(hostname)) return [origin];
  const isSandbox = /^test\.|--|\.(?:sandbox|scratch)\./.test(hostname);
  const login = `https://${isSandbox ? 'test' : 'login'}.salesforce.com`;
  return origin === login ? [origin] : [origin, login];
}

const mayBeAudience = (error: unknown): boolean =>
  error instanceof Fault && ['SF-03', 'SF-04', 'SF-08'].includes(error.code);

/** For the form of any flow. @throws as {@link signInWith} */
export async function requestGrant(
  { transport, allowHosts }: GrantDeps,
  loginUrl: string,
  form: Record<string, string>,
): Promise<Granted> {
  const request = {
    method: 'POST' as const,
    path: '/services/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    timeoutMs: requestMaxMs,
  };
  const login = allowedOrigin(loginUrl, allowHosts);
  // Not aborted by anybody who waits for it: the answer may hold the only copy of a new refresh token.
  const answer = await transport.exchange(login, request, new AbortController().signal);
  if (answer.status !== 200) throw grantFault(answer);
  const read = tokenSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (!read.success) throw new Fault('DATA-03', { where: 'the token answer' });
  return {
    token: read.data.access_token,
    orgId: orgOf(read.data.id),
    instanceUrl: read.data.instance_url,
    refreshToken: read.data.refresh_token,
  };
}

function formOf(credential: Exclude<Credential, { flow: 'jwt bearer' }>): Record<string, string> {
  const { flow, clientId: client_id } = credential;
  if (flow === 'client credentials')
    return { grant_type: 'client_credentials', client_id, client_secret: credential.clientSecret };
  return {
    grant_type: 'refresh_token',
    client_id,
    ...(credential.clientSecret !== null && { client_secret: credential.clientSecret }),
    refresh_token: credential.refreshToken,
  };
}

function assertionFor(
  audience: string,
  { clientId, username, privateKey }: Extract<Credential, { flow: 'jwt bearer' }>,
  clock: Clock,
): Promise<string> {
  const now = Math.floor(clock.now() / 1_000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(clientId)
    .setSubject(username)
    .setAudience(audience)
    .setExpirationTime(now + assertionLastsSeconds)
    .sign(createPrivateKey(privateKey));
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  instance_url: z.string(),
  id: z.string(), // https://login.salesforce.com/id/<org id>/<user id>
  refresh_token: z.string().min(1).optional(),
});

function orgOf(identityUrl: string): OrgId {
  const found = /\/id\/(00D\w{12,15})\/\w{15,18}$/.exec(identityUrl);
  const orgId = toLongId(found?.[1] ?? '');
  if (orgId === undefined) throw new Fault('DATA-03', { where: 'the org id of the token answer' });
  return orgId as OrgId;
}

/** Errors of the token endpoint that are temporary and say nothing about the credential. */
const temporaryErrors = new Set([
  'unknown_error',
  'server_error',
  'temporarily_unavailable',
  'slow_down',
  'rate_limit_exceeded',
]);
const temporaryDescription = /rate exceeded|retry your request/i;

type Refusal =
  | 'SF-01'
  | 'SF-03'
  | 'SF-04'
  | 'SF-05'
  | 'SF-06'
  | 'SF-07'
  | 'SF-08'
  | 'SF-09'
  | 'SF-10'
  | 'SF-13';
const meaningOfError: Readonly<Record<string, Refusal>> = {
  invalid_client: 'SF-07',
  invalid_client_id: 'SF-07',
  app_not_found: 'SF-03',
  invalid_app_access: 'SF-04',
  redirect_uri_mismatch: 'SF-05',
  inactive_user: 'SF-13',
  inactive_org: 'SF-13',
};
/**
 * How descriptions begin, in any case: some go on with details. They quote no input up to there; all else of a
 * description is left out.
 */
const meaningOfDescription: Readonly<Record<string, Refusal>> = {
  'authentication failure': 'SF-01',
  'expired access/refresh token': 'SF-01',
  'external client app is not installed in this org': 'SF-03',
  "user hasn't approved this consumer": 'SF-04',
  'user is not admin approved to access this app': 'SF-04',
  'invalid code verifier': 'SF-06',
  'expired authorization code': 'SF-06',
  'invalid assertion': 'SF-08',
  'audience is invalid': 'SF-08',
  'audience validation failed': 'SF-08',
  'request not supported on this domain': 'SF-09',
  'no client credentials user enabled': 'SF-10',
  'inactive user': 'SF-13',
  'inactive organization': 'SF-13',
};
const knownDescriptions = Object.keys(meaningOfDescription);

const refusalSchema = z.object({
  error: z.string().regex(/^[a-z_]{1,40}$/),
  error_description: z.string().optional(),
});

function grantFault(answer: Answer): Fault {
  const refusal = refusalSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (answer.status >= 500) return faultOf(answer);
  if (!refusal.success) {
    return answer.status === 401 ? new Fault('SF-01', { reason: 'status 401' }) : faultOf(answer);
  }
  const { error, error_description: description = '' } = refusal.data;
  if (temporaryErrors.has(error) || temporaryDescription.test(description)) {
    return new Fault('NET-01', { host: answer.host, reason: error, status: answer.status });
  }
  const lower = description.toLowerCase();
  const known = knownDescriptions.find((words) => lower.startsWith(words));
  const reason = known === undefined ? error : `${error}: ${known}`;
  return new Fault(meaningOfError[error] ?? meaningOfDescription[known ?? ''] ?? 'SF-01', { reason });
}
