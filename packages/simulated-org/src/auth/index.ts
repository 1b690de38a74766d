import type { Answer } from '../http/answer.ts';
import type { Org } from '../org.ts';
import { type AuthRequest, checkSize } from './auth-request.ts';
import { authorize, connect } from './authorize.ts';
import { keys, openIdConfiguration } from './id-token.ts';
import { identity, userInfo } from './identity.ts';
import { introspect, revoke } from './introspection.ts';
import { refusal } from './oauth-answer.ts';
import { OAuthError } from './oauth-error.ts';
import { soap } from './soap.ts';
import { tokenAnswer } from './token-endpoint.ts';

/** Signing in: every URL at which a client gets, inspects or ends a token, and the tokens themselves. */
type Endpoint = (org: Org, request: AuthRequest) => Promise<Answer | undefined>;

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['services/oauth2/authorize', authorize],
  ['setup/connect', connect],
  ['services/oauth2/token', tokenAnswer],
  ['services/oauth2/introspect', introspect],
  ['services/oauth2/revoke', revoke],
  ['services/oauth2/userinfo', userInfo],
  ['.well-known/openid-configuration', async (org) => openIdConfiguration(org)],
  ['id/keys', keys],
]);

function endpointOf(path: readonly string[]): Endpoint | undefined {
  const known = endpoints.get(path.join('/'));
  if (known) return known;
  if (path[0] === 'id') return identity;
  return path[0] === 'services' && path[1] === 'Soap' ? soap : undefined;
}

/** Undefined for a URL that has nothing to do with sign-in. */
export async function authAnswer(org: Org, request: AuthRequest): Promise<Answer | undefined> {
  const endpoint = endpointOf(request.path);
  if (!endpoint) return undefined;
  checkSize(request);
  try {
    return await endpoint(org, request);
  } catch (error) {
    if (error instanceof OAuthError) return refusal(request, error);
    throw error;
  }
}
