/**
 * How the one who runs the server comes into its console: a link that only they can read makes them its administrator;
 * in the demo, which has none, a link signs them in.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLongEnough, passwordMin } from '../contract/sessions.ts';
import {
  type Control,
  createAdministrator,
  hasAdministrator,
  makeSetupToken,
  recordAudit,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { signInLinkMinutes } from './sign-in-link.ts';

/** Holds the address of the set-up, with the token, until that is used. */
export const setupTokenFile = (dataDir: string): string => join(dataDir, 'setup-token');

/** After `#`, so that a browser sends it to no server and no server logs it. */
export const setupUrl = (apiUrl: string, token: string): string => `${pageUrl(apiUrl)}/setup#token=${token}`;

/** The console, by a name that browsers take for this machine. */
export const pageUrl = (apiUrl: string): string =>
  apiUrl.replace(/\/\/(?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:|$)/, '//localhost');

interface Asked {
  dataDir: string;
  apiUrl: string;
  /** What is said is seen on a terminal, and kept nowhere. */
  isSeen: boolean;
  /** Undefined: a token is made. */
  passwordFile: string | undefined;
}

/**
 * At a start: makes the administrator from the file with its password, or a new set-up token, unless there is an
 * administrator. Returns the line that says where the console is.
 *
 * @throws Fault `CFG-01`: the file cannot be read, or the password in it is too short
 */
export async function prepareAdministrator(
  control: Control,
  { dataDir, apiUrl, isSeen, passwordFile }: Asked,
): Promise<string> {
  if (passwordFile !== undefined && !(await hasAdministrator(control))) {
    if (await createAdministrator(control, await passwordIn(passwordFile))) await recordOwn(control, 'setUp');
  }
  const made = await makeSetupToken(control);
  await forgetSetupToken(dataDir);
  if (!made) return `The console: ${pageUrl(apiUrl)}`;
  const line = `Open ${setupUrl(apiUrl, made.token)}`;
  if (isSeen) return `No administrator yet. ${line}`;
  const path = setupTokenFile(dataDir);
  await writeSecret(path, line);
  return `No administrator yet. The set-up token is in ${path}`;
}

/** It is used, or replaced. */
export const forgetSetupToken = (dataDir: string): Promise<void> =>
  rm(setupTokenFile(dataDir), { force: true });

/** Holds the link that signs in, until that is used. */
const signInLinkFile = (dataDir: string): string => join(dataDir, 'sign-in-link');

/** Returns the line that says where the console is. The secret is of a {@link SignInLink}. */
export async function showSignInLink(
  secret: string,
  { dataDir, apiUrl, isSeen }: Omit<Asked, 'passwordFile'>,
): Promise<string> {
  const line = `Open ${pageUrl(apiUrl)}/sign-in#link=${secret}`;
  await forgetSignInLink(dataDir);
  if (isSeen) return `The console, signed in (once, for the next ${signInLinkMinutes} minutes): ${line}`;
  const path = signInLinkFile(dataDir);
  await writeSecret(path, line);
  return `The console: ${pageUrl(apiUrl)}. A link that signs in, once, is in ${path}`;
}

/** It is used, or no server takes it any more. */
export const forgetSignInLink = (dataDir: string): Promise<void> =>
  rm(signInLinkFile(dataDir), { force: true });

async function writeSecret(path: string, line: string): Promise<void> {
  await writeFile(`${path}.${process.pid}`, `${line}\n`, { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}

/** An entry of the audit log for what is done on the server itself, without the API. */
export const recordOwn = (control: Control, operation: string): Promise<void> =>
  recordAudit(control, { who: 'this machine', address: null, operation, requestId: null });

async function passwordIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: { code?: unknown }) => {
    throw wrong(`names ${file}, which cannot be read (${String(error.code)}).`);
  });
  const password = text.trim();
  if (isLongEnough(password)) return password;
  throw wrong(`names ${file}, whose password has fewer than ${passwordMin} characters.`);
}

const wrong = (reason: string) => new Fault('CFG-01', { reason: `LOCKSTEP_ADMIN_PASSWORD_FILE ${reason}` });
