/**
 * The logins of applications that read a mirror, each with a password of its own that nobody stores: PostgreSQL keeps
 * what verifies it. To change a password without a gap, make a second reader, move the application to it, and drop
 * the first.
 */
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import {
  disableLogin,
  dropRole,
  endSessions,
  joinRole,
  roleExists,
  selectRolesWithPrefix,
} from './role-sql.ts';
import { destinationNames, ensureReader, privateSchema } from './roles.ts';

const prefixOf = (syncId: string) => `${destinationNames(syncId).reader}_`;

/** In the order of their names. */
export const listReaders = async (admin: Tx, syncId: string): Promise<{ name: string; role: string }[]> =>
  (await selectRolesWithPrefix(admin, prefixOf(syncId))).map(({ role }) => ({
    name: role.slice(prefixOf(syncId).length),
    role,
  }));

/** @returns its role; null: there is one of this name already */
export async function createReader(
  admin: Database,
  syncId: string,
  name: string,
  password: string,
): Promise<string | null> {
  const role = `${prefixOf(syncId)}${name}`;
  try {
    return await admin.transaction(async (tx) => {
      if (await roleExists(tx, role)) return null;
      const { readerGroup } = destinationNames(syncId);
      await ensureReader(tx, { readerGroup, schema: privateSchema }, role, password);
      return role;
    });
  } catch (error) {
    if (sqlState(error) === '23505') return null; // somebody makes the same one at the same time
    throw error;
  }
}

/** Ends its sessions too. @returns false if there is none of this name */
export async function dropReader(admin: Database, syncId: string, name: string): Promise<boolean> {
  const role = `${prefixOf(syncId)}${name}`;
  if (!(await roleExists(admin, role))) return false;
  await joinRole(admin, role);
  await disableLogin(admin, role); // committed first, so that none of its sessions begins after the others have ended
  await endSessions(admin, role);
  await dropRole(admin, role);
  return true;
}
