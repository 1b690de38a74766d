/** The credential that a person gives for a sync, in whichever form, before it belongs to the sync. */
import { createPrivateKey } from 'node:crypto';
import { unreachable } from '@lockstep/foundation/assert';
import type { Clock } from '@lockstep/foundation/clock';
import type { z } from 'zod';
import type { newCredentialSchema } from '../contract/credentials.ts';
import {
  type Control,
  findSuccessor,
  holdSuccessor,
  openHeldCredential,
  openJwtKey,
  renewHeldCredential,
} from '../control/index.ts';
import type { Credential } from '../core/credential.ts';
import type { Fault } from '../core/faults.ts';
import type { OrgId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { RequestError, usageError } from '../core/request-error.ts';
import { about, refusalOf } from '../core/wrong-members.ts';
import { openSalesforce, ownSessionStore, type Salesforce } from '../salesforce/index.ts';

type GivenForm = z.infer<typeof newCredentialSchema>;
type DirectForm = Exclude<GivenForm, { flow: 'web server' }>;

const help = 'lockstep help jwt-key create';

export interface GivenCredential {
  loginUrl: string;
  credential: Credential;
  /** Where it is held; null: its owner has just given it. */
  signIn: string | null;
}

export interface TryDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
}

/**
 * @param loginUrl  may be left out for a sign-in, which has its own
 * @throws {@link RequestError}: the private key cannot be used, the sign-in is not done, the address is missing
 */
export async function openGivenCredential(
  control: Control,
  loginUrl: string | undefined,
  form: GivenForm,
): Promise<GivenCredential> {
  if (form.flow === 'web server') return openHeld(control, form.sign_in, loginUrl);
  const held = form.flow === 'refresh token' ? await findSuccessor(control, form.refresh_token) : null;
  if (held !== null) return openHeld(control, held, loginUrl);
  const missing = () => usageError('login_url is missing', "Give the org's My Domain address.");
  if (loginUrl === undefined) throw refusalOf('login_url', missing());
  const credential = await about('credential', () => credentialOf(control, form));
  return { loginUrl: new URL(loginUrl).origin, credential, signIn: null };
}

async function openHeld(
  control: Control,
  signIn: string,
  loginUrl: string | undefined,
): Promise<GivenCredential> {
  const held = await openHeldCredential(control, signIn);
  if (held) return { ...held, loginUrl: loginUrl ?? held.loginUrl, signIn };
  const unknown = new RequestError('The sign-in is not done, or was done more than an hour ago', {
    kind: 'not found',
    next: 'Sign in again.',
  });
  throw refusalOf('credential.sign_in', unknown);
}

async function credentialOf(control: Control, form: DirectForm): Promise<Credential> {
  const { flow, client_id: clientId } = form;
  switch (flow) {
    case 'client credentials':
      return { flow, clientId, clientSecret: form.client_secret };
    case 'jwt bearer':
      return { flow, clientId, username: form.username, privateKey: await privateKeyOf(control, form) };
    case 'refresh token':
      return {
        flow,
        clientId,
        clientSecret: form.client_secret ?? null,
        refreshToken: form.refresh_token,
      };
    default:
      return unreachable(flow);
  }
}

async function privateKeyOf(
  control: Control,
  { private_key: pem, key: name }: Extract<GivenForm, { flow: 'jwt bearer' }>,
): Promise<string> {
  if (pem !== undefined && name === undefined) return about('private_key', () => usableKey(pem));
  if (pem !== undefined || name === undefined)
    throw refusalOf('private_key', usageError('A signed assertion needs either private_key or key', help));
  const made = await openJwtKey(control, name);
  if (made !== null) return made;
  const unknown = new RequestError(`There is no key ${JSON.stringify(name)}`, {
    kind: 'not found',
    next: 'All keys: lockstep jwt-key list',
  });
  throw refusalOf('key', unknown);
}

/** In PKCS #8. */
function usableKey(pem: string): string {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    // the reason may quote what was given
  }
  throw usageError(
    'The private key cannot be used: it must be an RSA key in PEM, without a passphrase',
    `To have one made: ${help}`,
  );
}

/**
 * Signs in with the credential and works with the org. A refresh token that Salesforce replaces meanwhile is kept at
 * once: whatever comes of the work, the credential can be given again.
 *
 * @returns also the credential as it is then
 * @throws RequestError about `login_url` or `credential`: `SF-nn`, `ORG-01`, `ORG-04`, `NET-01`; what the work throws
 */
export async function withCredential<Result>(
  { control, clock, log }: TryDeps,
  given: GivenCredential,
  { allowHosts, apiVersion }: { allowHosts: readonly string[]; apiVersion: string },
  signal: AbortSignal,
  work: (salesforce: Salesforce, identity: { orgId: OrgId; instanceUrl: string }) => Promise<Result>,
): Promise<{ result: Result; credential: Credential }> {
  const store = ownSessionStore(given, (renewed, session) => keepNewest(control, given, renewed, session));
  const salesforce = openSalesforce({ store, allowHosts, apiVersion, clock, log });
  try {
    const result = await about(memberOfSignIn, async () =>
      work(salesforce, await salesforce.identity(signal)),
    );
    return { result, credential: (await store.read()).credential };
  } finally {
    await salesforce.close();
  }
}

/** In a request that gives an address and a credential for it. */
function memberOfSignIn(error: Fault | RequestError): 'login_url' | 'credential' | null {
  const code = error instanceof RequestError ? error.label : error.code;
  if (['ORG-04', 'NET-01', 'NET-04', 'SF-09'].includes(code)) return 'login_url';
  return /^SF-|^ORG-01$/.test(code) ? 'credential' : null;
}

async function keepNewest(
  control: Control,
  given: GivenCredential,
  credential: Credential,
  { orgId, instanceUrl }: { orgId: OrgId; instanceUrl: string },
): Promise<void> {
  if (given.credential.flow !== 'refresh token') return;
  const held = given.signIn ?? (await findSuccessor(control, given.credential.refreshToken));
  if (held !== null) return renewHeldCredential(control, held, credential);
  const { loginUrl } = given;
  await holdSuccessor(control, given.credential.refreshToken, { loginUrl, credential, orgId, instanceUrl });
}

/** The sign-in that holds it, which goes when it belongs to a sync. */
export const holderOf = async (
  control: Control,
  { credential, signIn }: GivenCredential,
): Promise<string | null> =>
  signIn ??
  (credential.flow === 'refresh token' ? await findSuccessor(control, credential.refreshToken) : null);
