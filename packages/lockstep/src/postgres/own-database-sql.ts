/**
 * Statements that the owner of a database runs for a mirror in it, as text for people: all of them before a sync is
 * created, one of them to repair what a check has found.
 */
import { compile, ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { bookkeepingSchema } from './bookkeeping.ts';
import { readerConnections, readerSettings, writerConnections } from './role-limits.ts';

/** The roles of a mirror in a database that a person owns. */
export interface OwnRoles {
  owner: string;
  writer: string;
  readerGroup: string;
  reader: string;
}

/** @param prefix  roles belong to the whole server, so each database on it needs another one */
export const ownRoles = (prefix: string): OwnRoles => ({
  owner: `${prefix}_owner`,
  writer: `${prefix}_writer`,
  readerGroup: `${prefix}_read`,
  reader: `${prefix}_ro`,
});

/** A statement as it is typed. */
export const typed = (statement: Sql): string => `${compile(statement).text};`;

/**
 * All that a mirror needs, for the database's owner with CREATEROLE; nobody has to be a superuser.
 *
 * @param verifiers  of the passwords, see `scramVerifier`: the server's log then contains no password
 */
export function statementsBefore(
  { database, schema }: { database: string; schema: string },
  { owner, writer, readerGroup, reader }: OwnRoles,
  verifiers: { writer: string; reader: string },
): string[] {
  const [own, write, group, read] = [ident(owner), ident(writer), ident(readerGroup), ident(reader)];
  const [tables, bookkeeping] = [ident(schema), ident(bookkeepingSchema)];
  const readable = join([tables, bookkeeping]);
  return [
    sql`CREATE ROLE ${own} NOLOGIN`,
    sql`CREATE ROLE ${group} NOLOGIN`,
    sql`CREATE ROLE ${write} LOGIN PASSWORD ${literal(verifiers.writer)} ${writerConnections} IN ROLE ${own}`,
    sql`CREATE ROLE ${read} LOGIN PASSWORD ${literal(verifiers.reader)} ${readerConnections} IN ROLE ${group}`,
    sql`ALTER ROLE ${write} SET role = ${literal(owner)}`,
    ...readerSettings(schema).map((setting) => sql`ALTER ROLE ${read} SET ${setting}`),
    sql`GRANT ${own} TO CURRENT_USER`,
    sql`GRANT CONNECT ON DATABASE ${ident(database)} TO ${write}, ${group}`,
    sql`CREATE SCHEMA IF NOT EXISTS ${tables} AUTHORIZATION ${own}`,
    sql`CREATE SCHEMA ${bookkeeping} AUTHORIZATION ${own}`,
    sql`GRANT USAGE, CREATE ON SCHEMA ${tables} TO ${own}`,
    sql`GRANT USAGE ON SCHEMA ${readable} TO ${group}`,
    sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA ${readable} GRANT SELECT ON TABLES TO ${group}`,
    sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${own} IN SCHEMA ${bookkeeping} GRANT SELECT ON SEQUENCES TO ${group}`,
  ].map(typed);
}

/** Removes all that {@link statementsBefore} makes, with the mirror. What others have made there stays, or refuses it. */
export function statementsToUndo({ owner, writer, readerGroup, reader }: OwnRoles): string[] {
  const roles = [reader, readerGroup, writer, owner].map((name) => ident(name));
  return [
    sql`GRANT ${join(roles)} TO CURRENT_USER`,
    // One by one: for two roles of one default privilege a single statement fails (PostgreSQL 18).
    ...roles.map((role) => sql`DROP OWNED BY ${role}`),
    sql`DROP ROLE ${join(roles)}`,
  ].map(typed);
}

/** Another login that reads. The password is left to whoever runs them. */
export const readerStatements = (schema: string, group: string, reader: string): string[] =>
  [
    sql`CREATE ROLE ${ident(reader)} LOGIN PASSWORD '…' ${readerConnections} IN ROLE ${ident(group)}`,
    ...readerSettings(schema).map((setting) => sql`ALTER ROLE ${ident(reader)} SET ${setting}`),
  ].map(typed);

export const dropRoleStatement = (role: string) => typed(sql`DROP ROLE ${ident(role)}`);

export const makeDatabase = (database: string) =>
  typed(sql`CREATE DATABASE ${ident(database)} TEMPLATE template0 ENCODING 'UTF8'`);

export const letConnect = (database: string, role: string) =>
  typed(sql`GRANT CONNECT ON DATABASE ${ident(database)} TO ${ident(role)}`);

export const raiseLimit = (role: string) => typed(sql`ALTER ROLE ${ident(role)} ${writerConnections}`);

export const raiseAllLimits = (connections: number) =>
  typed(sql`ALTER SYSTEM SET max_connections = ${literal(String(connections))}`);

export const makeSchemaFor = (schema: string, owner: string) =>
  typed(sql`CREATE SCHEMA ${ident(schema)} AUTHORIZATION ${ident(owner)}`);

export const takeSchema = (schema: string, owner: string) =>
  typed(sql`ALTER SCHEMA ${ident(schema)} OWNER TO ${ident(owner)}`);

export const letCreate = (schema: string, role: string) =>
  typed(sql`GRANT USAGE, CREATE ON SCHEMA ${ident(schema)} TO ${ident(role)}`);

export const letSee = (schema: string, role: string) =>
  typed(sql`GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(role)}`);

export const letReadNewTables = (schema: string, owner: string, role: string) =>
  typed(
    sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(owner)} IN SCHEMA ${ident(schema)} GRANT SELECT ON TABLES TO ${ident(role)}`,
  );

export const makeNoSuperuser = (role: string) => typed(sql`ALTER ROLE ${ident(role)} NOSUPERUSER`);

export const leaveRole = (member: string, role: string) =>
  typed(sql`REVOKE ${ident(role)} FROM ${ident(member)}`);

/** @param from  null: everybody */
export const letChangeNoNewTables = (schema: string, owner: string, from: string | null) =>
  typed(
    sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(owner)} IN SCHEMA ${ident(schema)} REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON TABLES FROM ${from === null ? sql`PUBLIC` : ident(from)}`,
  );
