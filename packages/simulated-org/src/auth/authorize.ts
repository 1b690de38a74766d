import type { Answer } from '../http/answer.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { type App, appOf } from './apps.ts';
import { type AuthRequest, formOf } from './auth-request.ts';
import { continueSignIn, sentBackWith, showLogin } from './browser-sign-in.ts';
import { deviceOf } from './device-codes.ts';
import { plainText } from './oauth-answer.ts';
import {
  invalidRequest,
  OAuthError,
  redirectMismatch,
  redirectMissing,
  unknownResponseType,
} from './oauth-error.ts';
import type { OpenSignIn } from './open-sign-ins.ts';
import { connectPage } from './pages.ts';
import { grantedScopes } from './scopes.ts';

/** The pages to which an app or a device sends its user's browser. */

/** `/services/oauth2/authorize`: an app's request is a GET; the forms of the pages are posted here too. */
export async function authorize(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method === 'GET') return begin(org, request);
  if (request.method !== 'POST') throw methodNotAllowed(request.method, ['GET', 'HEAD', 'POST']);
  if (!formOf(request).has('request')) return refusedHere(invalidRequest('must use HTTP GET'));
  return continueSignIn(org, request);
}

async function begin(org: Org, request: AuthRequest): Promise<Answer> {
  const { parameters } = request;
  let target: { app: App; redirectUri: string };
  try {
    target = await targetOf(org, parameters);
  } catch (error) {
    // Nowhere to redirect the user: the URI may be anybody's.
    if (error instanceof OAuthError) return refusedHere(error);
    throw error;
  }
  try {
    const open = signInOf(target.app, target.redirectUri, parameters);
    return await showLogin(org, request, open, parameters.get('login_hint') ?? '');
  } catch (error) {
    if (error instanceof OAuthError) return sentBackWith(target.redirectUri, parameters.get('state'), error);
    throw error;
  }
}

/** The app that the user comes from, and the URI that leads back. */
async function targetOf(org: Org, parameters: URLSearchParams): Promise<{ app: App; redirectUri: string }> {
  const app = await appOf(org, parameters.get('client_id') ?? '');
  const redirectUri = parameters.get('redirect_uri');
  if (!redirectUri) throw redirectMissing();
  if (!app.redirectUris.includes(redirectUri)) throw redirectMismatch();
  return { app, redirectUri };
}

/** @throws {@link OAuthError} for a request that the app may not make */
function signInOf(app: App, redirectUri: string, parameters: URLSearchParams): OpenSignIn {
  if (parameters.get('response_type') !== 'code' || !app.flows.includes('authorization_code'))
    throw unknownResponseType();
  const codeChallenge = parameters.get('code_challenge');
  if ((parameters.get('code_challenge_method') ?? 'S256') !== 'S256')
    throw invalidRequest('code challenge method not supported');
  if (codeChallenge !== null && !/^[\w-]{43}$/.test(codeChallenge))
    throw invalidRequest('invalid code challenge');
  const scopes = grantedScopes(app.scopes, parameters.get('scope'));
  // No browser stays signed in here, so a sign-in without a page is impossible.
  if (parameters.get('immediate') === 'true' || parameters.get('prompt') === 'none')
    throw new OAuthError('immediate_unsuccessful', 'immediate unsuccessful');
  return {
    clientId: app.clientId,
    redirectUri,
    userCode: null,
    scopes,
    state: parameters.get('state'),
    nonce: parameters.get('nonce'),
    codeChallenge,
    userId: null,
  };
}

const refusedHere = ({ code, description }: OAuthError): Answer =>
  plainText(400, `error=${code}&error_description=${encodeURIComponent(description)}`);

/** `/setup/connect`: a device's user enters the code that the device shows. */
export async function connect(org: Org, request: AuthRequest): Promise<Answer> {
  if (request.method !== 'GET') throw methodNotAllowed(request.method, ['GET', 'HEAD']);
  const userCode = request.parameters.get('user_code');
  if (userCode === null) return connectPage(false);
  const device = await deviceOf(org, userCode);
  if (!device) return connectPage(true);
  const open = { ...device, redirectUri: null, state: null, nonce: null, codeChallenge: null, userId: null };
  return showLogin(org, request, open, '');
}
