/** Statements on roles, and on what they may do in a database. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';

export const roleExists = async (tx: Tx, role: string): Promise<boolean> =>
  (await tx.query(sql`SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}`)).length > 0;

export const selectRolesWithPrefix = (tx: Tx, prefix: string) =>
  tx.query<{ role: string }>(
    sql`SELECT rolname::text AS role FROM pg_catalog.pg_roles WHERE starts_with(rolname, ${prefix}) ORDER BY 1`,
  );

/** Those that other roles opened go on. Needs the privileges of the role, see {@link joinRole}. */
export const endSessions = (tx: Tx, role: string) =>
  tx.query(sql`SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = ${role}`);

/** One row: it still has some, which may be ending. */
export const selectSession = (tx: Tx, role: string) =>
  tx.query(sql`SELECT FROM pg_catalog.pg_stat_activity WHERE usename = ${role} LIMIT 1`);

/** Creates the role, or gives an existing one these attributes. */
export const ensureRole = async (tx: Tx, role: string, attributes: Sql): Promise<void> => {
  const verb = (await roleExists(tx, role)) ? sql`ALTER` : sql`CREATE`;
  await tx.query(sql`${verb} ROLE ${ident(role)} ${attributes}`);
};

/** The attributes of a login. @param verifier  of its password, see `scramVerifier` */
export const loginWith = (verifier: string): Sql => sql`LOGIN PASSWORD ${literal(verifier)}`;

/** The databases in which the role owns something or has been given rights. */
export const selectRolePlaces = (tx: Tx, role: string) =>
  tx.query<{ database: string }>(sql`
  SELECT DISTINCT coalesce(b.datname::text, 'this server') AS database
    FROM pg_catalog.pg_shdepend d
    JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_authid'::regclass
    LEFT JOIN pg_catalog.pg_database b ON b.oid = d.dbid
   WHERE r.rolname = ${role} ORDER BY 1`);

export const disableLogin = (tx: Tx, role: string) => tx.query(sql`ALTER ROLE ${ident(role)} NOLOGIN`);

export const dropRole = (tx: Tx, role: string) => tx.query(sql`DROP ROLE IF EXISTS ${ident(role)}`);

/** One row. */
const selectIsSuperuser = (tx: Tx) =>
  tx.query<{ superuser: boolean }>(
    sql`SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );

/** One row: which of the attributes that making a mirror needs the login lacks. */
export const selectMissingAttributes = (tx: Tx) =>
  tx.query<{ login: string; missing: string[] }>(sql`
  SELECT rolname::text AS login,
         array_remove(ARRAY[CASE WHEN NOT rolcreatedb THEN 'CREATEDB' END,
                            CASE WHEN NOT rolcreaterole THEN 'CREATEROLE' END], NULL) AS missing
    FROM pg_catalog.pg_roles WHERE rolname = current_user AND NOT rolsuper`);

/** Superusers may act as any role. Others need membership to give objects to a role and to act as it. */
export const joinRole = async (tx: Tx, role: string): Promise<void> => {
  const [login] = await selectIsSuperuser(tx);
  if (!login?.superuser) await tx.query(sql`GRANT ${ident(role)} TO CURRENT_USER`);
};

export const grantRole = (tx: Tx, role: string, to: string) =>
  tx.query(sql`GRANT ${ident(role)} TO ${ident(to)}`);

/** For sessions that the role opens from now on. */
export const setForRole = (tx: Tx, role: string, setting: Sql) =>
  tx.query(sql`ALTER ROLE ${ident(role)} SET ${setting}`);

/**
 * Revokes what PostgreSQL grants to PUBLIC in each new database: CONNECT and TEMPORARY. For our own databases on the
 * server of the mirrors, so that a mirror's reader cannot connect to them.
 */
export const revokePublicConnect = (tx: Tx, ...databases: string[]) =>
  tx.query(sql`REVOKE ALL ON DATABASE ${join(databases.map((name) => ident(name)))} FROM PUBLIC`);

/** The databases that everybody who may log in to this server may connect to. */
export const selectPublicDatabases = (tx: Tx) =>
  tx.query<{ name: string }>(sql`
  SELECT d.datname::text AS name FROM pg_catalog.pg_database d
   WHERE d.datallowconn
     AND EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                  WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')
   ORDER BY 1`);

/**
 * One row: whether others may use this database. It is not used if it holds nothing but `schema`, is not the database
 * that clients connect to by default, and there is no other login that is not a superuser or one of our own.
 */
export const selectOtherUse = (tx: Tx, schema: string) =>
  tx.query<{ used: boolean }>(sql`
  SELECT d.datname = 'postgres'
      OR pg_catalog.pg_get_userbyid(d.datdba) <> current_user
      OR EXISTS (SELECT FROM pg_catalog.pg_roles r
                  WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user
                    AND r.rolname !~ '^lockstep_')
      OR EXISTS (SELECT FROM pg_catalog.pg_namespace n
                  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', ${schema}))
      OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace) AS used
    FROM pg_catalog.pg_database d WHERE d.datname = current_database()`);

export const grantConnect = (tx: Tx, database: string, ...roles: string[]) =>
  tx.query(sql`GRANT CONNECT ON DATABASE ${ident(database)} TO ${join(roles.map((role) => ident(role)))}`);

export const revokePublicSchema = (tx: Tx) => tx.query(sql`REVOKE ALL ON SCHEMA public FROM PUBLIC`);

/** What makes or fills large objects: whoever may execute it can fill the disk without any right on a table. */
export const revokeLargeObjects = (tx: Tx) =>
  tx.query(sql`
  REVOKE EXECUTE ON FUNCTION
    pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid), pg_catalog.lo_from_bytea(oid, bytea),
    pg_catalog.lo_put(oid, bigint, bytea), pg_catalog.lowrite(integer, bytea),
    pg_catalog.lo_truncate(integer, integer), pg_catalog.lo_truncate64(integer, bigint)
    FROM PUBLIC`);

/** Those of these readers whose temporary files have no bound. None for a login that may not bound them. */
export const selectUnboundReaders = (tx: Tx, readers: readonly string[]) =>
  tx.query<{ reader: string }>(sql`
  SELECT r.rolname::text AS reader FROM pg_catalog.pg_roles r
   WHERE r.rolname = ANY(${readers})
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS setting
                      WHERE s.setrole = r.oid AND setting ~ '^temp_file_limit=')
     AND (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`);

export const grantUsage = (tx: Tx, schema: string, role: string) =>
  tx.query(sql`GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(role)}`);

/** The tables that are there; for those to come see {@link grantFutureTables}. */
export const grantTables = (tx: Tx, schema: string, role: string) =>
  tx.query(sql`GRANT SELECT ON ALL TABLES IN SCHEMA ${ident(schema)} TO ${ident(role)}`);

export const grantFutureTables = (tx: Tx, schema: string, role: string) =>
  tx.query(sql`ALTER DEFAULT PRIVILEGES IN SCHEMA ${ident(schema)} GRANT SELECT ON TABLES TO ${ident(role)}`);

export const grantFutureSequences = (tx: Tx, schema: string, role: string) =>
  tx.query(
    sql`ALTER DEFAULT PRIVILEGES IN SCHEMA ${ident(schema)} GRANT SELECT ON SEQUENCES TO ${ident(role)}`,
  );
