/** The web server flow with PKCE (RFC 7636): the address that a browser is sent to, and the exchange of its code. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import { type Granted, requestGrant } from './grants.ts';
import { allowedOrigin } from './hosts.ts';
import { openTransport } from './transport.ts';

/** What the sync needs of the app, and nothing else. */
const scope = 'api refresh_token';
const requestTimeoutMs = 30_000;

export const newVerifier = (): string => randomBytes(48).toString('base64url');

/** @throws Fault `ORG-04` */
export function authorizationUrl(
  loginUrl: string,
  request: { clientId: string; redirectUri: string; state: string; verifier: string },
  allowHosts: readonly string[],
): string {
  const url = new URL('/services/oauth2/authorize', allowedOrigin(loginUrl, allowHosts));
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope,
    state: request.state,
    code_challenge: createHash('sha256').update(request.verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  return url.toString();
}

/** @throws as signing in; Fault `SF-12`: the app gives no refresh token */
export async function exchangeCode(
  loginUrl: string,
  request: {
    clientId: string;
    clientSecret: string | null;
    redirectUri: string;
    code: string;
    verifier: string;
  },
  { allowHosts, clock }: { allowHosts: readonly string[]; clock: Clock },
): Promise<Granted & { refreshToken: string }> {
  const transport = openTransport({ allowHosts, clock, requestTimeoutMs });
  try {
    const granted = await requestGrant({ transport, allowHosts, clock }, loginUrl, {
      grant_type: 'authorization_code',
      code: request.code,
      client_id: request.clientId,
      ...(request.clientSecret !== null && { client_secret: request.clientSecret }),
      redirect_uri: request.redirectUri,
      code_verifier: request.verifier,
    });
    const { refreshToken } = granted;
    if (refreshToken === undefined) throw new Fault('SF-12');
    allowedOrigin(granted.instanceUrl, allowHosts);
    return { ...granted, refreshToken };
  } finally {
    await transport.close();
  }
}

/** What Salesforce sends the browser back with in place of a code. */
export function declinedFault(error: string): Fault {
  const reason = /^[\w-]{1,60}$/.test(error) ? error : 'an unknown error';
  if (/^access[_-]denied$/.test(error)) return new Fault('SF-11', { reason });
  if (error === 'invalid_scope') return new Fault('SF-12');
  if (error === 'OAUTH_APP_ACCESS_DENIED' || error === 'invalid_app_access')
    return new Fault('SF-04', { reason });
  if (/^inactive_(?:user|org)$/.test(error)) return new Fault('SF-13', { reason });
  if (/OAUTH_APP|APPROVAL|BLOCKED|app_not_found/i.test(error)) return new Fault('SF-03', { reason });
  return new Fault('SF-01', { reason });
}
