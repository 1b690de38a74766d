import { createHmac } from 'node:crypto';
import type { Answer } from '../http/answer.ts';
import type { Org } from '../org.ts';
import { type AuthRequest, formOf } from './auth-request.ts';
import { issueDeviceCode } from './device-codes.ts';
import { type Granted, grants, type Settled } from './grants.ts';
import { idToken } from './id-token.ts';
import { oauthAnswer } from './oauth-answer.ts';
import { deadToken, invalidRequest, OAuthError } from './oauth-error.ts';
import { identityUrl } from './people.ts';
import { issueAccess, sweepTokens } from './tokens.ts';

/**
 * `POST /services/oauth2/token`: the end of every flow, and the beginning of the device flow. A body that is not a
 * form counts as empty, and so names no grant.
 *
 * @throws {@link OAuthError} saying why no token is issued
 */
export async function tokenAnswer(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method !== 'POST') throw invalidRequest('must use HTTP POST');
  const form = formOf(request);
  if (form.get('response_type') === 'device_code') return issueDeviceCode(org, request, form);
  const grant = grants.get(form.get('grant_type'));
  if (!grant) throw new OAuthError('unsupported_grant_type', 'grant type not supported');
  const granted = await grant({ org, request, form });
  const tokens = await issueTokens(org, granted);
  return oauthAnswer(request, 200, await fields(org, granted, tokens));
}

interface Tokens {
  accessToken: string;
  refreshToken: string | undefined;
}

/** All or nothing: a refresh token must not be retired if its successor cannot be issued. */
async function issueTokens(org: Org, granted: Granted): Promise<Tokens> {
  const { app, userId, scopes } = granted;
  await sweepTokens(org);
  const tokens = await org.db.transaction(async (tx) => {
    const settled = granted.settle ? await granted.settle(tx) : { approvalId: null };
    if (!settled) return undefined;
    const { approvalId, refreshToken }: Settled = settled;
    const facts = { clientId: app.clientId, userId, scopes, approvalId };
    return { accessToken: await issueAccess(tx, org, facts), refreshToken };
  });
  if (!tokens) throw deadToken();
  return tokens;
}

async function fields(org: Org, granted: Granted, { accessToken, refreshToken }: Tokens) {
  const { app, secret, userId, scopes, nonce } = granted;
  const id = identityUrl(org, userId);
  const issuedAt = String(org.clock.now());
  const hasIdToken = scopes.includes('openid');
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    // Keyed by the secret, of which only a hash is stored: without the secret in the request there is no signature.
    signature: secret && createHmac('sha256', secret).update(`${id}${issuedAt}`).digest('base64'),
    scope: scopes.join(' '),
    id_token: hasIdToken
      ? await idToken(org, { clientId: app.clientId, userId, accessToken, nonce })
      : undefined,
    instance_url: org.url,
    id,
    token_type: 'Bearer',
    issued_at: issuedAt,
  };
}
