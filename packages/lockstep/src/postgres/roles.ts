/**
 * The private database of a sync and its roles, on a server where we are superuser or have CREATEROLE and
 * CREATEDB (PostgreSQL 13 or newer):
 *
 *   owner   no login; owns database, schemas and tables
 *   writer  the sync's login, a member of owner. Its sessions begin as owner, so that what it creates belongs to owner
 *           and the default privileges apply. `SET ROLE NONE` returns to the login itself, which is necessary to end
 *           another session of the writer (pg_terminate_backend).
 *   read    no login; every grant to readers goes to it
 *   ro      Lockstep's own login that reads, a member of read. Those of applications are called ro_ and their name.
 *
 * The grants protect. A reader's settings only guard against accidents: it may change them itself.
 * On PostgreSQL 13 and 14 only a superuser can revoke CREATE on schema `public` from PUBLIC, and on any version only a
 * superuser can keep readers from making large objects and bound their temporary files.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { literal, sql } from '@lockstep/foundation/sql';
import { Fault } from '../core/faults.ts';
import { bookkeepingSchema } from './bookkeeping.ts';
import { readerConnections, readerSettings, writerConnections } from './role-limits.ts';
import {
  dropRole,
  ensureRole,
  grantConnect,
  grantFutureSequences,
  grantFutureTables,
  grantRole,
  grantTables,
  grantUsage,
  joinRole,
  loginWith,
  revokeLargeObjects,
  revokePublicConnect,
  revokePublicSchema,
  roleExists,
  selectRolePlaces,
  selectRolesWithPrefix,
  selectUnboundReaders,
  setForRole,
} from './role-sql.ts';
import { createDatabase, dropDatabase, selectDatabase } from './server-sql.ts';
import { createSchema } from './table-ddl.ts';
import { resetRole, rollbackToSavepoint, setRole, setSavepoint } from './transaction-sql.ts';

export interface DestinationNames {
  database: string;
  owner: string;
  writer: string;
  readerGroup: string;
  reader: string;
}

export const destinationNames = (syncId: string): DestinationNames => ({
  database: `lockstep_${syncId}`,
  owner: `lockstep_${syncId}_owner`,
  writer: `lockstep_${syncId}_writer`,
  readerGroup: `lockstep_${syncId}_read`,
  reader: `lockstep_${syncId}_ro`,
});

/** The schema of the tables in a private database. */
export const privateSchema = 'salesforce';

/** For each session; without it one query could fill the disk. Only a superuser may change it. */
const readerTempFiles = sql`temp_file_limit = '2GB'`;

/**
 * Creates database and roles, or completes what an earlier call began, and sets the passwords.
 *
 * @param admin        on any database of the server
 * @param openAsAdmin  the same login on the new database; closed here
 * @throws an error of the server: 42501 if the login lacks CREATEROLE or CREATEDB
 */
export async function createPrivateDatabase(
  admin: Database,
  syncId: string,
  secrets: { writerPassword: string; readerPassword: string },
  openAsAdmin: (database: string) => Database,
): Promise<DestinationNames> {
  const names = destinationNames(syncId);
  await createRoles(admin, names, secrets);
  await makeDatabase(admin, names);
  const inside = openAsAdmin(names.database);
  try {
    await inside.transaction((tx) => grantInside(tx, names));
  } finally {
    await inside.end();
  }
  return names;
}

/**
 * Restricts the readers of syncs that an older version made as those of new ones are: no large objects, bounded
 * temporary files. Does nothing for a login that is not a superuser.
 *
 * @param openAsAdmin  the same login on the database of a mirror; closed here
 */
export async function restrictReaders(
  admin: Database,
  syncIds: readonly string[],
  openAsAdmin: (database: string) => Database,
): Promise<void> {
  const databases = new Map(syncIds.map(destinationNames).map((names) => [names.reader, names.database]));
  for (const { reader } of await selectUnboundReaders(admin, [...databases.keys()])) {
    const inside = openAsAdmin(databases.get(reader) ?? '');
    try {
      await revokeLargeObjects(inside);
    } finally {
      await inside.end();
    }
    await setForRole(admin, reader, readerTempFiles); // last: it says that both are done
  }
}

/** Whether something of it is there: a role may have refused to go with its database. */
export async function hasPrivateDatabase(admin: Database, syncId: string): Promise<boolean> {
  const { database } = destinationNames(syncId);
  const [existing] = await selectDatabase(admin, database);
  return existing !== undefined || (await selectRolesWithPrefix(admin, `${database}_`)).length > 0;
}

/**
 * Drops database and roles, even if somebody is connected; what does not exist is skipped.
 *
 * @throws Fault `DB-24`: somebody has given rights in another database to one of the roles
 */
export async function dropPrivateDatabase(admin: Database, syncId: string): Promise<void> {
  const { database, owner, writer, readerGroup, reader } = destinationNames(syncId);
  const readers = await selectRolesWithPrefix(admin, reader);
  const existing = readers.map(({ role }) => role);
  for (const role of [owner, writer, readerGroup]) {
    if (await roleExists(admin, role)) existing.push(role);
  }
  // Ending a role's sessions and dropping what it owns both need its privileges.
  for (const role of existing) await joinRole(admin, role);
  await dropWhenSessionsEnd(admin, database);
  for (const role of existing) await dropUnusedRole(admin, role);
}

/** A session that is just ending belongs to no role: only a superuser could end it, and nobody has to for long. */
async function dropWhenSessionsEnd(admin: Database, database: string): Promise<void> {
  const giveUpAt = systemClock.now() + 5_000;
  for (;;) {
    try {
      return void (await dropDatabase(admin, database));
    } catch (error) {
      if (sqlState(error) !== '42501' || systemClock.now() > giveUpAt) throw error;
    }
    await systemClock.sleep(50);
  }
}

async function dropUnusedRole(admin: Database, role: string): Promise<void> {
  try {
    await dropRole(admin, role);
  } catch (error) {
    if (sqlState(error) !== '2BP01') throw error;
    const places = (await selectRolePlaces(admin, role)).map(({ database }) => database);
    throw new Fault(
      'DB-24',
      { reason: `The role ${role} has rights in ${places.join(', ')}` },
      { cause: error },
    );
  }
}

async function createRoles(
  admin: Database,
  { owner, writer, readerGroup, reader }: DestinationNames,
  secrets: { writerPassword: string; readerPassword: string },
): Promise<void> {
  await ensureRole(admin, owner, sql`NOLOGIN`);
  await ensureRole(admin, readerGroup, sql`NOLOGIN`);
  await ensureRole(admin, writer, sql`${login(secrets.writerPassword)} ${writerConnections}`);
  await grantRole(admin, owner, writer);
  await setForRole(admin, writer, sql`role = ${literal(owner)}`);
  await admin.transaction((tx) =>
    ensureReader(tx, { readerGroup, schema: privateSchema }, reader, secrets.readerPassword),
  );
  await joinRole(admin, owner);
}

const login = (password: string) => sql`INHERIT ${loginWith(scramVerifier(password))}`;

/** A login that may read, with the limits of all readers; an existing one gets this password. */
export async function ensureReader(
  tx: Tx,
  { readerGroup: group, schema }: { readerGroup: string; schema: string },
  reader: string,
  password: string,
): Promise<void> {
  await ensureRole(tx, reader, sql`${login(password)} ${readerConnections}`);
  await grantRole(tx, group, reader);
  for (const setting of readerSettings(schema)) await setForRole(tx, reader, setting);
  await ifAllowed(tx, () => setForRole(tx, reader, readerTempFiles)); // a superuser may
}

async function makeDatabase(admin: Database, { database, owner }: DestinationNames): Promise<void> {
  const [existing] = await selectDatabase(admin, database);
  if (!existing) return void (await createDatabase(admin, database, owner));
  assert(
    existing.owner === owner,
    'a database with the name of the private database belongs to another role',
  );
}

async function grantInside(
  tx: Tx,
  { database, owner, writer, readerGroup }: DestinationNames,
): Promise<void> {
  await setRole(tx, owner);
  await revokePublicConnect(tx, database);
  await grantConnect(tx, database, writer, readerGroup);
  await createSchema(tx, privateSchema);
  await createSchema(tx, bookkeepingSchema);
  await grantSchema(tx, privateSchema, readerGroup);
  // pg_dump reads every table and sequence of a database. The bookkeeping tells nothing that the tables do not.
  await grantSchema(tx, bookkeepingSchema, readerGroup);
  await grantFutureSequences(tx, bookkeepingSchema, readerGroup);
  await resetRole(tx);
  await ifAllowed(tx, () => revokePublicSchema(tx)); // a superuser may, and since version 15 the database's owner
  await ifAllowed(tx, () => revokeLargeObjects(tx)); // a superuser may
}

/** Lets readers see the tables of a schema, including those created later. Run by its owner. */
export async function grantSchema(tx: Tx, schema: string, readerGroup: string): Promise<void> {
  await grantUsage(tx, schema, readerGroup);
  await grantFutureTables(tx, schema, readerGroup);
  await grantTables(tx, schema, readerGroup);
}

/** Skips what only some logins may do, and what protects even without it. */
async function ifAllowed(tx: Tx, work: () => Promise<unknown>): Promise<void> {
  await setSavepoint(tx, 'before');
  try {
    await work();
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    await rollbackToSavepoint(tx, 'before');
  }
}

/**
 * What PostgreSQL stores for a password (RFC 5803). A statement takes no parameter for a password, and the server may
 * log the statement: it then logs this, with which nobody can log in.
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  assert(
    /^[\x21-\x7e]+$/.test(password),
    'a generated password has plain characters, so SASLprep changes nothing',
  );
  const iterations = 4096; // PostgreSQL's own default
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${keyOf('Server Key').toString('base64')}`;
}
