import type { Answer } from '../http/answer.ts';
import type { Org } from '../org.ts';
import { isAdminApproved } from './approvals.ts';
import { type App, appOf } from './apps.ts';
import { type AuthRequest, cookieOf, formOf } from './auth-request.ts';
import { issueCode } from './authorization-codes.ts';
import { decideDevice } from './device-codes.ts';
import { deniedByUser, notAdminApproved, OAuthError } from './oauth-error.ts';
import { type OpenSignIn, openSignIn, takeSignIn } from './open-sign-ins.ts';
import { consentPage, devicePage, loginPage, lostPage } from './pages.ts';
import { userOfPassword } from './passwords.ts';
import { personOf } from './people.ts';
import { randomSecret } from './secrets.ts';

/**
 * The steps of a browser from its first page on: the user logs in, decides, and is redirected to the app with a code
 * or an error. If a device waits, the last page says so, and the device learns the result by polling.
 */
const cookieName = 'authorize';

/** The login page, and the cookie that binds its form to this browser. */
export async function showLogin(
  org: Org,
  request: AuthRequest,
  open: OpenSignIn,
  username: string,
): Promise<Answer> {
  const known = cookieOf(request, cookieName) ?? '';
  const browser = /^[\w-]{43}$/.test(known) ? known : randomSecret();
  const key = await openSignIn(org, browser, open);
  return loginPage(key, username, false, `${cookieName}=${browser}; Path=/; HttpOnly; SameSite=Lax`);
}

/** Handles a form that one of the pages posts. */
export async function continueSignIn(org: Org, request: AuthRequest): Promise<Answer> {
  const form = formOf(request);
  const browser = cookieOf(request, cookieName) ?? '';
  const open = await takeSignIn(org, browser, form.get('request') ?? '');
  if (!open) return lostPage();
  const app = await appOf(org, open.clientId);
  if (open.userId === null) return logIn(org, browser, open, app, form);
  return decide(org, browser, { ...open, userId: open.userId }, app, form.get('decision'));
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
  if (!isAdminApproved(app, userId))
    return endWithError(open, new OAuthError('OAUTH_APP_ACCESS_DENIED', notAdminApproved));
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
  if (decision !== 'allow' && decision !== 'deny') return askConsent(org, browser, open, app);
  const isAllowed = decision === 'allow';
  if (open.userCode !== null && !(await decideDevice(org, open.userCode, open.userId, isAllowed)))
    return lostPage();
  if (!isAllowed) return endWithError(open, deniedByUser());
  const { redirectUri, state } = open;
  if (redirectUri === null) return devicePage("You've connected the device. You can close this page.");
  return sentBack(redirectUri, { code: await issueCode(org, { ...open, redirectUri }), state });
}

/** The app gets the error; without a redirect URI, the user does. */
function endWithError({ redirectUri, state }: OpenSignIn, error: OAuthError): Answer {
  if (redirectUri === null) return devicePage(`The device was not connected: ${error.description}.`);
  return sentBackWith(redirectUri, state, error);
}

export const sentBackWith = (
  redirectUri: string,
  state: string | null,
  { code, description }: OAuthError,
): Answer => sentBack(redirectUri, { error: code, error_description: description, state });

/** The URI stays as the app registered it; the answer is appended. */
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
