import type { Answer } from '../answer.ts';
import { methodNotAllowed } from '../errors.ts';
import type { Org } from '../org.ts';
import { isLetIn } from './approvals.ts';
import { type App, appOf } from './apps.ts';
import { type AuthRequest, cookieOf, formOf } from './auth-request.ts';
import { issueCode } from './authorization-codes.ts';
import { plainText } from './oauth-answer.ts';
import {
  invalidRequest,
  notAdminApproved,
  OAuthError,
  redirectMismatch,
  redirectMissing,
} from './oauth-error.ts';
import { type OpenSignIn, openSignIn, takeSignIn } from './open-sign-ins.ts';
import { consentPage, loginPage, lostPage } from './pages.ts';
import { userOfPassword } from './passwords.ts';
import { personOf } from './people.ts';
import { grantedScopes } from './scopes.ts';
import { randomSecret } from './secrets.ts';

/**
 * `/services/oauth2/authorize`: the web-server flow as a browser sees it. An app sends the user here; the user logs
 * in, decides, and is sent back to the app with a code or an error.
 */
const cookieName = 'authorize';

export async function authorize(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method === 'GET') return begin(org, request);
  if (request.method !== 'POST') throw methodNotAllowed(request.method, ['GET', 'HEAD', 'POST']);
  const form = formOf(request);
  const [key, browser] = [form.get('request'), cookieOf(request, cookieName)];
  if (key === null) return refusedHere(invalidRequest('must use HTTP GET'));
  const open = browser === undefined ? undefined : await takeSignIn(org, browser, key);
  if (!open || browser === undefined) return lostPage();
  const app = await appOf(org, open.clientId);
  return open.userId === null
    ? logIn(org, browser, { ...open, userId: null }, app, form)
    : decide(org, browser, { ...open, userId: open.userId }, app, form.get('decision'));
}

async function begin(org: Org, request: AuthRequest): Promise<Answer> {
  const { parameters } = request;
  let target: { app: App; redirectUri: string };
  try {
    target = await targetOf(org, parameters);
  } catch (error) {
    // Nowhere to send the user: the address may be anybody's.
    if (error instanceof OAuthError) return refusedHere(error);
    throw error;
  }
  const { app, redirectUri } = target;
  const state = parameters.get('state');
  try {
    const open = signInOf(app, redirectUri, parameters);
    const known = cookieOf(request, cookieName) ?? '';
    const browser = /^[\w-]{43}$/.test(known) ? known : randomSecret();
    const key = await openSignIn(org, browser, open);
    const cookie = `${cookieName}=${browser}; Path=/services/oauth2/authorize; HttpOnly; SameSite=Lax`;
    return loginPage(key, parameters.get('login_hint') ?? '', false, cookie);
  } catch (error) {
    if (error instanceof OAuthError) return sentBack(redirectUri, errorFields(error, state));
    throw error;
  }
}

/** Where the user comes from and goes back to. */
async function targetOf(org: Org, parameters: URLSearchParams): Promise<{ app: App; redirectUri: string }> {
  const app = await appOf(org, parameters.get('client_id') ?? '');
  const redirectUri = parameters.get('redirect_uri');
  if (!redirectUri) throw redirectMissing();
  if (!app.redirectUris.includes(redirectUri)) throw redirectMismatch();
  return { app, redirectUri };
}

/** @throws {@link OAuthError} for what the app must not ask */
function signInOf(app: App, redirectUri: string, parameters: URLSearchParams): OpenSignIn {
  if (parameters.get('response_type') !== 'code' || !app.flows.includes('authorization_code'))
    throw new OAuthError('unsupported_response_type', 'response type not supported');
  const codeChallenge = parameters.get('code_challenge');
  if ((parameters.get('code_challenge_method') ?? 'S256') !== 'S256')
    throw invalidRequest('code challenge method not supported');
  if (codeChallenge !== null && !/^[\w-]{43}$/.test(codeChallenge))
    throw invalidRequest('invalid code challenge');
  const scopes = grantedScopes(app.scopes, parameters.get('scope'));
  // No browser stays signed in here, so that nothing works without showing a page.
  if (parameters.get('immediate') === 'true' || parameters.get('prompt') === 'none')
    throw new OAuthError('immediate_unsuccessful', 'immediate unsuccessful');
  return {
    clientId: app.clientId,
    redirectUri,
    scopes,
    state: parameters.get('state'),
    nonce: parameters.get('nonce'),
    codeChallenge,
    userId: null,
  };
}

async function logIn(
  org: Org,
  browser: string,
  open: OpenSignIn,
  app: App,
  form: URLSearchParams,
): Promise<Answer> {
  const username = form.get('username') ?? '';
  const userId = await userOfPassword(org, username, form.get('password') ?? '');
  if (userId === undefined) return loginPage(await openSignIn(org, browser, open), username, true);
  if (!isLetIn(app, userId)) {
    const refused = new OAuthError('OAUTH_APP_ACCESS_DENIED', notAdminApproved);
    return sentBack(open.redirectUri, errorFields(refused, open.state));
  }
  return askConsent(org, browser, { ...open, userId }, app);
}

type KnownSignIn = OpenSignIn & { userId: string };

async function askConsent(org: Org, browser: string, open: KnownSignIn, app: App): Promise<Answer> {
  const person = await personOf(org, open.userId);
  return consentPage(await openSignIn(org, browser, open), app, open.scopes, person?.Username ?? '');
}

async function decide(
  org: Org,
  browser: string,
  open: KnownSignIn,
  app: App,
  decision: string | null,
): Promise<Answer> {
  const { redirectUri, state } = open;
  if (decision === 'deny') {
    const denied = new OAuthError('access_denied', 'end-user denied authorization');
    return sentBack(redirectUri, errorFields(denied, state));
  }
  if (decision !== 'allow') return askConsent(org, browser, open, app);
  return sentBack(redirectUri, { code: await issueCode(org, open), state });
}

const errorFields = ({ code, description }: OAuthError, state: string | null) => ({
  error: code,
  error_description: description,
  state,
});

/** The address stands as the app registered it; the answer is added. */
function sentBack(redirectUri: string, fields: Readonly<Record<string, string | null>>): Answer {
  const given = Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== null);
  const separator = redirectUri.includes('?') ? '&' : '?';
  const location = `${redirectUri}${separator}${new URLSearchParams(given).toString()}`;
  return {
    status: 302,
    headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' },
    body: null,
  };
}

const refusedHere = ({ code, description }: OAuthError): Answer =>
  plainText(400, `error=${code}&error_description=${encodeURIComponent(description)}`);
