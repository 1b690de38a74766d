/**
 * The private database of a sync and its four roles, on a server where we are superuser or have CREATEROLE and
 * CREATEDB (PostgreSQL 13 or newer):
 *
 *   owner   no login; owns database, schemas and tables
 *   writer  the sync's login, a member of owner. Its sessions begin as owner, so that what it creates belongs to owner
 *           and the default privileges apply. `SET ROLE NONE` returns to the login itself, which is necessary to end
 *           another session of the writer (pg_terminate_backend).
 *   read    no login; every grant to readers goes to it
 *   ro      the reader's login, a member of read
 *
 * The grants protect. A reader's settings only guard against accidents: it may change them itself.
 * On PostgreSQL 13 and 14 only a superuser can revoke CREATE on schema `public` from PUBLIC.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { assert } from '@lockstep/foundation/assert';
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { ident, literal, type Sql, sql } from '@lockstep/foundation/sql';

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

/** For a few pools of the sync, and for many readers: a leak in either must not use up the server's connections. */
const writerConnections = sql`CONNECTION LIMIT 40`;
const readerConnections = sql`CONNECTION LIMIT 20`;

const readerSettings = [
  sql`default_transaction_read_only = on`,
  sql`statement_timeout = '60s'`,
  sql`idle_in_transaction_session_timeout = '60s'`,
  sql`lock_timeout = '10s'`,
  sql`search_path = salesforce`,
];

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
  await createDatabase(admin, names);
  const inside = openAsAdmin(names.database);
  try {
    await inside.transaction((tx) => grantInside(tx, names));
  } finally {
    await inside.end();
  }
  return names;
}

/** Drops database and roles, even if somebody is connected; what does not exist is skipped. */
export async function dropPrivateDatabase(admin: Database, syncId: string): Promise<void> {
  const { database, ...roles } = destinationNames(syncId);
  const existing: string[] = [];
  for (const role of [...Object.values(roles), `${roles.reader}_b`]) {
    if (await roleExists(admin, role)) existing.push(role);
  }
  // Ending a role's sessions and dropping what it owns both need its privileges.
  for (const role of existing) await joinRole(admin, role);
  await admin.query(sql`DROP DATABASE IF EXISTS ${ident(database)} WITH (FORCE)`);
  for (const role of existing) await admin.query(sql`DROP ROLE IF EXISTS ${ident(role)}`);
}

/** Lets the reader see the progress of the sync, and what is wrong with it. Run by the owner of the views. */
export async function grantStatus(tx: Tx, names: Pick<DestinationNames, 'readerGroup'>): Promise<void> {
  await tx.query(sql`
    GRANT SELECT ON _lockstep.status, _lockstep.set_aside, _lockstep.problems, _lockstep.hidden_fields
      TO ${ident(names.readerGroup)}`);
}

/**
 * Revokes what PostgreSQL grants to PUBLIC in each new database: CONNECT and TEMPORARY. For our own databases on the
 * server of the mirrors, so that a mirror's reader cannot connect to them.
 */
export async function revokePublicConnect(admin: Database, database: string): Promise<void> {
  await admin.query(sql`REVOKE ALL ON DATABASE ${ident(database)} FROM PUBLIC`);
}

async function createRoles(
  admin: Database,
  { owner, writer, readerGroup, reader }: DestinationNames,
  secrets: { writerPassword: string; readerPassword: string },
): Promise<void> {
  const login = (password: string) => sql`LOGIN INHERIT PASSWORD ${literal(scramVerifier(password))}`;
  await ensureRole(admin, owner, sql`NOLOGIN`);
  await ensureRole(admin, readerGroup, sql`NOLOGIN`);
  await ensureRole(admin, writer, sql`${login(secrets.writerPassword)} ${writerConnections}`);
  await ensureRole(admin, reader, sql`${login(secrets.readerPassword)} ${readerConnections}`);
  await admin.query(sql`GRANT ${ident(owner)} TO ${ident(writer)}`);
  await admin.query(sql`GRANT ${ident(readerGroup)} TO ${ident(reader)}`);
  await admin.query(sql`ALTER ROLE ${ident(writer)} SET role = ${literal(owner)}`);
  for (const setting of readerSettings) await admin.query(sql`ALTER ROLE ${ident(reader)} SET ${setting}`);
  await joinRole(admin, owner);
}

async function ensureRole(admin: Database, role: string, attributes: Sql): Promise<void> {
  const verb = (await roleExists(admin, role)) ? sql`ALTER` : sql`CREATE`;
  await admin.query(sql`${verb} ROLE ${ident(role)} ${attributes}`);
}

async function roleExists(admin: Database, role: string): Promise<boolean> {
  return (await admin.query(sql`SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}`)).length > 0;
}

/** Superusers may act as any role. Others need membership to give objects to a role and to act as it. */
async function joinRole(admin: Database, role: string): Promise<void> {
  const rows = await admin.query<{ superuser: boolean }>(
    sql`SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  if (!rows[0]?.superuser) await admin.query(sql`GRANT ${ident(role)} TO CURRENT_USER`);
}

async function createDatabase(admin: Database, { database, owner }: DestinationNames): Promise<void> {
  const rows = await admin.query<{ owner: string }>(
    sql`SELECT pg_catalog.pg_get_userbyid(datdba) AS owner FROM pg_catalog.pg_database WHERE datname = ${database}`,
  );
  if (rows[0]) {
    assert(
      rows[0].owner === owner,
      'a database with the name of the private database belongs to another role',
    );
    return;
  }
  // template1 may contain anything, and cannot be copied while somebody is connected to it.
  await admin.query(
    sql`CREATE DATABASE ${ident(database)} OWNER ${ident(owner)} TEMPLATE template0 ENCODING 'UTF8'`,
  );
}

async function grantInside(tx: Tx, names: DestinationNames): Promise<void> {
  const [database, owner, read] = [ident(names.database), ident(names.owner), ident(names.readerGroup)];
  await tx.query(sql`SET LOCAL ROLE ${owner}`);
  await tx.query(sql`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  await tx.query(sql`GRANT CONNECT ON DATABASE ${database} TO ${ident(names.writer)}, ${read}`);
  await tx.query(sql`CREATE SCHEMA IF NOT EXISTS salesforce`);
  await tx.query(sql`CREATE SCHEMA IF NOT EXISTS _lockstep`);
  await tx.query(sql`GRANT USAGE ON SCHEMA _lockstep TO ${read}`);
  await grantSchema(tx, 'salesforce', names.readerGroup);
  await tx.query(sql`RESET ROLE`);
  await revokePublicSchema(tx);
}

/** Lets readers see the tables of a mirror's schema, including those created later. Run by its owner. */
export async function grantSchema(tx: Tx, schema: string, readerGroup: string): Promise<void> {
  const [name, read] = [ident(schema), ident(readerGroup)];
  await tx.query(sql`GRANT USAGE ON SCHEMA ${name} TO ${read}`);
  await tx.query(sql`ALTER DEFAULT PRIVILEGES IN SCHEMA ${name} GRANT SELECT ON TABLES TO ${read}`);
  await tx.query(sql`GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO ${read}`);
}

/** Skipped if not allowed: a superuser may do it, and since version 15 the database's owner. */
async function revokePublicSchema(tx: Tx): Promise<void> {
  await tx.query(sql`SAVEPOINT before_public`);
  try {
    await tx.query(sql`REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT before_public`);
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
