import { type Answer, answer } from '../http/answer.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { authenticatedApp } from './apps.ts';
import { type AuthRequest, formOf } from './auth-request.ts';
import { invalidRequest, OAuthError } from './oauth-error.ts';
import { identityUrl, personOf } from './people.ts';
import { revokeToken, type Session, sessionOf } from './tokens.ts';

/** Inspecting a token and revoking it. */
const seconds = (ms: number): number => Math.floor(ms / 1000);

/** `POST /services/oauth2/introspect`: an app inspects its own tokens; those of others are reported as inactive. */
export async function introspect(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method !== 'POST') throw invalidRequest('must use HTTP POST');
  const form = formOf(request);
  const app = await authenticatedApp(org, request, form);
  const token = form.get('token');
  if (!token) throw invalidRequest('token not provided');
  for (const kind of ['access', 'refresh'] as const) {
    const session = await sessionOf(org, token, kind);
    if (session?.clientId === app.clientId) return answer(200, await facts(org, session, kind));
  }
  return answer(200, { active: false });
}

async function facts(org: Org, session: Session, kind: 'access' | 'refresh') {
  const person = await personOf(org, session.userId);
  return {
    active: true,
    scope: session.scopes.join(' '),
    client_id: session.clientId,
    username: person?.Username,
    sub: identityUrl(org, session.userId),
    token_type: `${kind}_token`,
    exp: kind === 'access' ? seconds(session.expiresAt) : undefined,
    iat: seconds(session.issuedAt),
    nbf: seconds(session.issuedAt),
  };
}

/** `/services/oauth2/revoke`. Whoever has a token may revoke it. */
export async function revoke(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'POST')
    throw methodNotAllowed(request.method, ['GET', 'HEAD', 'POST']);
  const token = formOf(request).get('token');
  if (!token) throw invalidRequest('token not provided');
  if (!(await revokeToken(org, token)))
    throw new OAuthError('unsupported_token_type', 'this token type is not supported');
  return { status: 200, body: null };
}
