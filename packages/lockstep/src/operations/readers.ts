/** The logins of applications that read a mirror. */
import { randomBytes } from 'node:crypto';
import { type Control, mirrorUrl, type Sync } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { createReader, databaseFault, dropReader, listReaders } from '../postgres/index.ts';

/** In the order of their names. */
export const readersOf = async (control: Control, { id }: Sync) =>
  (await listReaders(control.db, id)).map(({ name, role }) => ({ name, login: role }));

/**
 * Makes a login with a password, which is in the result and stored nowhere.
 * @throws {@link RequestError} if there is a reader of this name
 */
export async function addReader(control: Control, sync: Sync, name: string) {
  const password = newPassword();
  const role = await fromDatabase(control, createReader(control.db, sync.id, name, password));
  if (role === null) {
    throw new RequestError(`There is a reader ${name} of ${sync.name} already`, {
      kind: 'not healthy',
      next: 'Choose another name, or drop that one first: lockstep reader drop',
    });
  }
  return { name, login: role, mirror_url: mirrorUrl(control, sync, { user: role, password }) };
}

/** Ends its sessions too. @throws {@link RequestError} if there is none of this name */
export async function removeReader(control: Control, sync: Sync, name: string): Promise<void> {
  if (await fromDatabase(control, dropReader(control.db, sync.id, name))) return;
  throw new RequestError(`There is no reader ${JSON.stringify(name)} of ${sync.name}`, {
    kind: 'not found',
    next: 'lockstep reader list',
  });
}

async function fromDatabase<Result>({ host }: Control, done: Promise<Result>): Promise<Result> {
  try {
    return await done;
  } catch (error) {
    throw databaseFault(error, host) ?? error;
  }
}

/** Letters and digits only, so that no connection string needs escaping. */
export const newPassword = () => randomBytes(24).toString('base64').replaceAll(/[+/=]/g, 'x');
