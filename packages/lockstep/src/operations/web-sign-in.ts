/** Signing in to Salesforce in a browser: the link, the way to Salesforce, and the way back. */
import type { Clock } from '@lockstep/foundation/clock';
import {
  beginAttempt,
  type Control,
  endAttempt,
  enterAttempt,
  leaveAttempt,
  type SignIn,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { about } from '../core/wrong-members.ts';
import {
  allowedOrigin,
  authorizationUrl,
  declinedFault,
  exchangeCode,
  newVerifier,
} from '../salesforce/index.ts';

export interface WebSignInDeps {
  control: Control;
  clock: Clock;
  allowHosts: readonly string[];
}

/** @returns its id, and the ticket for {@link toSalesforce}. @throws RequestError about `login_url`: `ORG-04` */
export async function beginWebSignIn(
  { control, allowHosts }: WebSignInDeps,
  wanted: { loginUrl: string; clientId: string; clientSecret: string | null; redirectUri: string },
): Promise<{ id: string; ticket: string }> {
  const { loginUrl, ...app } = wanted;
  const { origin } = await about('login_url', () => allowedOrigin(loginUrl, allowHosts));
  return beginAttempt(control, origin, { ...app, verifier: newVerifier() });
}

/**
 * The browser that has followed the link: where it goes, and the secret that it brings back as a cookie.
 * @throws Fault `SF-06`, `ORG-04`
 */
export async function toSalesforce(
  { control, allowHosts }: WebSignInDeps,
  ticket: string,
): Promise<{ location: string; browser: string }> {
  const { attempt, loginUrl, browser, state } = await enterAttempt(control, ticket);
  return { location: authorizationUrl(loginUrl, { ...attempt, state }, allowHosts), browser };
}

/** What a browser brings back: a code, or why there is none. */
export interface BroughtBack {
  browser: string;
  state: string;
  code?: string | undefined;
  error?: string | undefined;
}

/** @throws Fault `SF-nn`, `ORG-04`, `NET-01`; whoever waits for the sign-in is told too */
export async function backFromSalesforce(
  { control, allowHosts, clock }: WebSignInDeps,
  { code, error = '', ...from }: BroughtBack,
): Promise<void> {
  const { id, attempt, loginUrl } = await leaveAttempt(control, from);
  try {
    if (code === undefined) throw declinedFault(error);
    const granted = await exchangeCode(loginUrl, { ...attempt, code }, { allowHosts, clock });
    const { clientId, clientSecret } = attempt;
    const { orgId, instanceUrl, refreshToken } = granted;
    const credential = { flow: 'refresh token' as const, clientId, clientSecret, refreshToken };
    await endAttempt(control, id, { credential, orgId, instanceUrl });
  } catch (cause) {
    const fault =
      cause instanceof Fault ? cause : new Fault('SYS-15', { reason: 'the exchange of the code' });
    await endAttempt(control, id, { fault });
    throw fault;
  }
}

/** As programs get it: without what makes it valid. */
export const signInView = ({ id, loginUrl, granted, fault, expiresAt }: SignIn) => ({
  id,
  login_url: loginUrl,
  state: fault ? ('failed' as const) : granted ? ('done' as const) : ('waiting' as const),
  org_id: granted?.orgId ?? null,
  instance_url: granted?.instanceUrl ?? null,
  fault,
  expires_at: inRfc3339(expiresAt),
});
