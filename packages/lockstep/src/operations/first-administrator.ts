/** How the one who runs the server becomes its administrator: by a token that only they can read, or by a file. */
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

/** Holds the address of the set-up, with the token, until that is used. */
export const setupTokenFile = (dataDir: string): string => join(dataDir, 'setup-token');

/** After `#`, so that a browser sends it to no server and no server logs it. */
export const setupUrl = (apiUrl: string, token: string): string => `${pageUrl(apiUrl)}/setup#token=${token}`;

/** A page is opened by a name that browsers take for this machine. */
const pageUrl = (apiUrl: string): string =>
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
 * administrator. Returns what to say about it.
 *
 * @throws Fault `CFG-01`: the file cannot be read, or the password in it is too short
 */
export async function prepareAdministrator(
  control: Control,
  { dataDir, apiUrl, isSeen, passwordFile }: Asked,
): Promise<string | null> {
  if (passwordFile !== undefined && !(await hasAdministrator(control))) {
    if (await createAdministrator(control, await passwordIn(passwordFile))) await recordOwn(control, 'setUp');
  }
  const made = await makeSetupToken(control);
  await forgetSetupToken(dataDir);
  if (!made) return null;
  const line = `Open ${setupUrl(apiUrl, made.token)}`;
  if (isSeen) return `No administrator yet. ${line}`;
  const path = setupTokenFile(dataDir);
  await writeFile(`${path}.${process.pid}`, `${line}\n`, { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
  return `No administrator yet. The set-up token is in ${path}`;
}

/** It is used, or replaced. */
export const forgetSetupToken = (dataDir: string): Promise<void> =>
  rm(setupTokenFile(dataDir), { force: true });

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
