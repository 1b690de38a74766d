/**
 * The logins of applications that read a mirror, each with a password of its own that nobody stores: PostgreSQL keeps
 * what verifies it. To change a password without a gap, make a second reader, move the application to it, and drop
 * the first.
 */
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import {
  disableLogin,
  dropRole,
  endSessions,
  joinRole,
  roleExists,
  selectRolesWithPrefix,
  selectSession,
} from './role-sql.ts';
import { ensureReader } from './roles.ts';
import { tryOnly } from './try-only.ts';

/** Whose readers they are, and what each of them gets. */
export interface ReaderNames {
  readerGroup: string;
  /** Lockstep's own login that reads; the names of the others begin with it. */
  reader: string;
  /** Of the tables. */
  schema: string;
}

const prefixOf = ({ reader }: ReaderNames) => `${reader}_`;

/** In the order of their names. */
export const listReaders = async (admin: Tx, names: ReaderNames): Promise<{ name: string; role: string }[]> =>
  (await selectRolesWithPrefix(admin, prefixOf(names))).map(({ role }) => ({
    name: role.slice(prefixOf(names).length),
    role,
  }));

export const roleOf = (names: ReaderNames, name: string): string => `${prefixOf(names)}${name}`;

/** @returns its role; null: there is one of this name already */
export async function createReader(
  admin: Database,
  names: ReaderNames,
  name: string,
  password: string,
): Promise<string | null> {
  const role = roleOf(names, name);
  try {
    return await admin.transaction(async (tx) => {
      if (await roleExists(tx, role)) return null;
      await ensureReader(tx, names, role, password);
      return role;
    });
  } catch (error) {
    if (sqlState(error) === '23505') return null; // somebody makes the same one at the same time
    throw error;
  }
}

/**
 * Makes the reader and takes it back in the same transaction, so that everything that would refuse it does.
 *
 * @returns as {@link createReader}
 */
export async function checkReader(admin: Database, names: ReaderNames, name: string): Promise<string | null> {
  const role = roleOf(names, name);
  return tryOnly(admin, async (tx) => {
    if (await roleExists(tx, role)) return null;
    await ensureReader(tx, names, role, 'tried');
    return role;
  });
}

/** Ends its sessions too. @returns false if there is none of this name */
export async function dropReader(admin: Database, names: ReaderNames, name: string): Promise<boolean> {
  const role = roleOf(names, name);
  if (!(await roleExists(admin, role))) return false;
  await joinRole(admin, role);
  await disableLogin(admin, role); // committed first, so that none of its sessions begins after the others have ended
  await endSessions(admin, role);
  await untilEnded(admin, role);
  await dropRole(admin, role);
  return true;
}

/**
 * A session that is still ending when its role is dropped belongs to no role: nobody but a superuser may end it, and
 * dropping its database fails meanwhile.
 */
async function untilEnded(admin: Database, role: string): Promise<void> {
  const giveUpAt = systemClock.now() + 5_000;
  while ((await selectSession(admin, role)).length > 0 && systemClock.now() < giveUpAt)
    await systemClock.sleep(20);
}
