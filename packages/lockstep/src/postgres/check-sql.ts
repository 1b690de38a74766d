/** What the checks of a person's database ask of it, and the tables that they make and drop again. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

export interface ServerFacts {
  version: number;
  version_text: string;
  is_replica: boolean;
  encoding: string;
  /** The role that the login's sessions begin as: it owns what they create. */
  acts_as: string;
  /** Connections of the whole server that are free for ordinary logins. */
  free: number;
  limit: number;
  /** Of the login and of the database; -1: none. */
  login_limit: number;
  database_limit: number;
}

/** One row. */
export const selectServerFacts = (tx: Tx) =>
  tx.query<ServerFacts>(sql`
  SELECT current_setting('server_version_num')::integer AS version,
         current_setting('server_version') AS version_text,
         pg_catalog.pg_is_in_recovery() AS is_replica,
         current_setting('server_encoding') AS encoding,
         current_user::text AS acts_as,
         current_setting('max_connections')::integer AS limit,
         current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
           - coalesce(current_setting('reserved_connections', true)::integer, 0)
           - (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database)::integer AS free,
         (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = session_user) AS login_limit,
         (SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = current_database()) AS database_limit`);

/** What the server's clock says, in milliseconds since 1970, and in which zone its sessions show times. */
export const selectServerTime = (tx: Tx) =>
  tx.query<{ now_ms: number; zone: string }>(sql`
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, current_setting('TimeZone') AS zone`);

/** No row: there is no such schema. */
export const selectSchemaRights = (tx: Tx, schema: string) =>
  tx.query<{ may_create: boolean; is_own: boolean }>(sql`
  SELECT pg_catalog.pg_has_role(nspowner, 'USAGE') AS is_own,
         pg_catalog.has_schema_privilege(oid, 'USAGE') AND pg_catalog.has_schema_privilege(oid, 'CREATE') AS may_create
    FROM pg_catalog.pg_namespace WHERE nspname = ${schema}`);

/** Tables, views and sequences in the schema that no check has left behind, by name. */
export const selectRelations = (tx: Tx, schema: string) =>
  tx.query<{ name: string }>(sql`
  SELECT c.relname::text AS name FROM pg_catalog.pg_class c
   WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${schema})
     AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relname !~ ${`^${checkTable}`} ORDER BY 1`);

/** Tables of this name are made by a check. */
const checkTable = 'lockstep_check_';

export const checkTableName = (nonce: string) => `${checkTable}${nonce}`;

export const makeCheckTable = (tx: Tx, schema: string, table: string) =>
  tx.query(sql`CREATE TABLE ${ident(schema, table)} (id text)`);

export const insertCheckRow = (tx: Tx, schema: string, table: string, id: string) =>
  tx.query(sql`INSERT INTO ${ident(schema, table)} (id) VALUES (${id})`);

/** The rows that were deleted. */
export const deleteCheckRow = (tx: Tx, schema: string, table: string, id: string) =>
  tx.query<{ id: string }>(sql`DELETE FROM ${ident(schema, table)} WHERE id = ${id} RETURNING id`);

export const selectCheckRows = (tx: Tx, schema: string, table: string) =>
  tx.query<{ id: string }>(sql`SELECT id FROM ${ident(schema, table)}`);

/** Those that this role has made in the schema, also in a check that was killed. */
export const selectCheckTables = (tx: Tx, schema: string) =>
  tx.query<{ name: string }>(sql`
  SELECT c.relname::text AS name FROM pg_catalog.pg_class c
   WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${schema})
     AND c.relkind = 'r' AND c.relname ~ ${`^${checkTable}`} AND pg_catalog.pg_has_role(c.relowner, 'USAGE')`);

export const dropCheckTable = (tx: Tx, schema: string, table: string) =>
  tx.query(sql`DROP TABLE IF EXISTS ${ident(schema, table)}`);

/** One row. @throws 42704: there is no such role */
export const selectReaderRights = (tx: Tx, reader: string, schema: string, table: string) =>
  tx.query<{ sees_schema: boolean; reads_table: boolean }>(sql`
  SELECT pg_catalog.has_schema_privilege(${reader}::text, ${schema}::text, 'USAGE') AS sees_schema,
         pg_catalog.has_table_privilege(${reader}::text, c.oid, 'SELECT') AS reads_table
    FROM pg_catalog.pg_class c
   WHERE c.relname = ${table}
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${schema})`);

/** The role that grants to readers go to: one without a login that this reader is a member of. No row: itself. */
export const selectReaderGroup = (tx: Tx, reader: string) =>
  tx.query<{ role: string }>(sql`
  SELECT g.rolname::text AS role FROM pg_catalog.pg_auth_members m
    JOIN pg_catalog.pg_roles g ON g.oid = m.roleid AND NOT g.rolcanlogin
   WHERE m.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${reader}) ORDER BY 1 LIMIT 1`);

/** One row: why the reader can write to the table. */
export const selectWriteReasons = (tx: Tx, reader: string, owner: string) =>
  tx.query<{ is_superuser: boolean; is_owner: boolean }>(sql`
  SELECT r.rolsuper AS is_superuser, pg_catalog.pg_has_role(r.oid, ${owner}::text, 'MEMBER') AS is_owner
    FROM pg_catalog.pg_roles r WHERE r.rolname = ${reader}`);

/** One row: to whom the right to insert was granted, the reader's group or everybody (null). */
export const selectWhoMayInsert = (tx: Tx, schema: string, table: string, owner: string) =>
  tx.query<{ role: string | null }>(sql`
  SELECT CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee)::text END AS role
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
   WHERE c.relname = ${table}
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${schema})
     AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
     AND a.grantee <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${owner}) LIMIT 1`);

export const setReadWrite = (tx: Tx) => tx.query(sql`SET TRANSACTION READ WRITE`);
