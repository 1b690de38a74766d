/**
 * Credentials that have been tried and wait to be used for a sync. Those of a sign-in in a browser begin as an attempt:
 * a ticket in a link, used once, binds it to the browser that follows the link, and that browser alone can end it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Credential } from '../core/credential.ts';
import { Fault } from '../core/faults.ts';
import type { OrgId } from '../core/ids.ts';
import { credentialSchema } from './credentials.ts';
import { type Control, keyOf } from './database.ts';
import { seal, unseal } from './sealing.ts';
import {
  insertAttempt,
  insertSuccessor,
  purgeSignIns,
  type SignInRow,
  selectSignIn,
  selectSuccessor,
  updateFailed,
  updateGranted,
  updateHeldCredential,
  useState,
  useTicket,
} from './sign-in-sql.ts';

export interface SignIn {
  id: string;
  loginUrl: string;
  /** Undefined until Salesforce has accepted it. */
  granted: { orgId: OrgId; instanceUrl: string } | undefined;
  fault: { code: string; says: string; next: string } | null;
  /** As the server prints it. */
  expiresAt: string;
}

const attemptSchema = z.object({
  clientId: z.string(),
  clientSecret: z.string().nullable(),
  /** RFC 7636: it leaves this server only with the code that it belongs to. */
  verifier: z.string(),
  redirectUri: z.string(),
});
export type Attempt = z.infer<typeof attemptSchema>;

type Held = { credential: Credential; orgId: OrgId; instanceUrl: string };

const attemptLastsMs = 600_000;
const heldForMs = 3_600_000;
const successorHeldForMs = 7 * 86_400_000;

const newSecret = () => randomBytes(24).toString('base64url');
const hashOf = (secret: string) => createHash('sha256').update(secret).digest('base64url');
const placeOf = (id: string, column: string) => ({ table: 'sign_in', column, rowId: id });

const sealed = (control: Control, id: string, column: string, value: object): string =>
  seal(keyOf(control), placeOf(id, column), Buffer.from(JSON.stringify(value)));

const opened = (control: Control, id: string, column: string, text: string): unknown =>
  JSON.parse(unseal(keyOf(control), placeOf(id, column), text).toString());

/** Begins a sign-in in a browser. @returns its id, and the ticket that its link carries */
export async function beginAttempt(
  control: Control,
  loginUrl: string,
  attempt: Attempt,
): Promise<{ id: string; ticket: string }> {
  const [id, ticket] = [newSecret(), newSecret()];
  await purgeSignIns(control.db);
  await insertAttempt(control.db, {
    id,
    loginUrl,
    sealedAttempt: sealed(control, id, 'sealed_attempt', attempt),
    ticketHash: hashOf(ticket),
    lastsMs: attemptLastsMs,
  });
  return { id, ticket };
}

/** The browser that follows the link. @throws Fault `SF-06`: the ticket is used or too old */
export async function enterAttempt(
  control: Control,
  ticket: string,
): Promise<{ attempt: Attempt; loginUrl: string; browser: string; state: string }> {
  const [browser, state] = [newSecret(), newSecret()];
  const hashes = { browserHash: hashOf(browser), stateHash: hashOf(state) };
  const [row] = await useTicket(control.db, hashOf(ticket), hashes);
  if (!row) throw new Fault('SF-06', { reason: 'the link was used before, or is older than ten minutes' });
  return { attempt: attemptOf(control, row), loginUrl: row.login_url, browser, state };
}

/** The browser comes back from Salesforce. @throws Fault `SF-06`: not in this state, or not this browser */
export async function leaveAttempt(
  control: Control,
  { browser, state }: { browser: string; state: string },
): Promise<{ id: string; attempt: Attempt; loginUrl: string }> {
  const [row] = await useState(control.db, { browserHash: hashOf(browser), stateHash: hashOf(state) });
  if (!row) throw new Fault('SF-06', { reason: 'the state is used, too old or of another browser' });
  return { id: row.sign_in_id, attempt: attemptOf(control, row), loginUrl: row.login_url };
}

/** Salesforce has accepted or refused it. */
export async function endAttempt(
  control: Control,
  id: string,
  outcome: Held | { fault: Fault },
): Promise<void> {
  if ('fault' in outcome) {
    const { code, message: says, next } = outcome.fault;
    return void (await updateFailed(control.db, id, { code, says, next }));
  }
  const { credential, ...granted } = outcome;
  const sealedCredential = sealed(control, id, 'sealed_credential', credential);
  await updateGranted(control.db, id, { sealedCredential, ...granted, lastsMs: heldForMs });
}

/**
 * Keeps the successor of a refresh token that somebody has given: Salesforce replaced it while it was tried, and takes a
 * second use of the first for a theft. Who gives the first one again means this one.
 */
export async function holdSuccessor(
  control: Control,
  given: string,
  { credential, ...granted }: Held & { loginUrl: string },
): Promise<void> {
  const id = newSecret();
  await insertSuccessor(control.db, {
    id,
    ...granted,
    sealedCredential: sealed(control, id, 'sealed_credential', credential),
    givenHash: hashOf(given),
    lastsMs: successorHeldForMs,
  });
}

/** The sign-in that holds the successor of a refresh token; null: it has none here. */
export async function findSuccessor(control: Control, given: string): Promise<string | null> {
  const [row] = await selectSuccessor(control.db, hashOf(given));
  return row?.sign_in_id ?? null;
}

/** Null: there is none, or it has expired. */
export async function readSignIn(control: Control, id: string): Promise<SignIn | null> {
  const [row] = await selectSignIn(control.db, id);
  return row ? toSignIn(row) : null;
}

/** Null: it is not done, there is none, or it has expired. */
export async function openHeldCredential(
  control: Control,
  id: string,
): Promise<{ loginUrl: string; credential: Credential } | null> {
  const [row] = await selectSignIn(control.db, id);
  if (!row || row.sealed_credential === null) return null;
  const credential = credentialSchema.parse(opened(control, id, 'sealed_credential', row.sealed_credential));
  return { loginUrl: row.login_url, credential };
}

/** Salesforce has replaced the refresh token when the credential was tried again. */
export async function renewHeldCredential(
  control: Control,
  id: string,
  credential: Credential,
): Promise<void> {
  await updateHeldCredential(control.db, id, sealed(control, id, 'sealed_credential', credential));
}

const attemptOf = (control: Control, { sign_in_id: id, sealed_attempt: attempt }: SignInRow): Attempt =>
  attemptSchema.parse(opened(control, id, 'sealed_attempt', attempt ?? ''));

const toSignIn = ({ org_id: orgId, instance_url: instanceUrl, ...row }: SignInRow): SignIn => ({
  id: row.sign_in_id,
  loginUrl: row.login_url,
  granted:
    row.sealed_credential !== null && orgId !== null && instanceUrl !== null
      ? { orgId, instanceUrl }
      : undefined,
  fault: row.fault,
  expiresAt: row.expires_at,
});
