/** Statements on PostgreSQL's catalog: what a stream's table is in fact, and who uses it. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

interface TableName {
  schema: string;
  table: string;
}

/** No row: there is no such schema. */
export const selectSchema = (tx: Tx, schema: string) =>
  tx.query(sql`SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${schema}`);

/** What has the table's name: `kind` is `r` for a table, `v` for a view. No row: nothing. */
export const selectRelation = (tx: Tx, { schema, table }: TableName) =>
  tx.query<{ kind: string; oid: number }>(sql`
  SELECT c.relkind AS kind, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${schema} AND c.relname = ${table}`);

/** What has the table's name, and whether it belongs to this login's role. No row: nothing. */
export const selectRelationOwner = (tx: Tx, { schema, table }: TableName) =>
  tx.query<{ is_own: boolean; comment: string | null }>(sql`
  SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_own,
         pg_catalog.obj_description(c.oid, 'pg_class') AS comment
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${schema} AND c.relname = ${table}`);

/** Those who may use the schema besides its owner: the readers of a mirror, for that of its bookkeeping. */
export const selectSchemaUsers = (tx: Tx, schema: string) =>
  tx.query<{ role: string }>(sql`
  SELECT r.rolname::text AS role
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
   WHERE n.nspname = ${schema} AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner ORDER BY 1`);

/** The columns, with types as `format_type` writes them, a collation that is not the default one, and `GENERATED`. */
export const selectColumnTypes = (tx: Tx, oid: number) =>
  tx.query<{ name: string; type: string }>(sql`
  SELECT a.attname AS name,
         pg_catalog.format_type(a.atttypid, a.atttypmod)
           || coalesce((SELECT ' COLLATE ' || c.collname FROM pg_catalog.pg_collation c
                         WHERE c.oid = a.attcollation AND c.collname <> 'default'), '')
           || CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' THEN ' GENERATED' ELSE '' END AS type
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`);

/** The comments on the table, whose `column` is null, and on its columns; `text` is null where there is none. */
export const selectComments = (tx: Tx, schema: string, table: string) =>
  tx.query<{ column: string | null; text: string | null }>(sql`
  SELECT a.attname AS column, pg_catalog.col_description(c.oid, a.attnum) AS text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE n.nspname = ${schema} AND c.relname = ${table}
   UNION ALL
  SELECT NULL, pg_catalog.obj_description(c.oid, 'pg_class')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${schema} AND c.relname = ${table}`);

/**
 * What would be lost with an object's table, as PostgreSQL names it: views, others' foreign keys, functions. Foreign keys
 * between tables of the mirror are not counted.
 */
export const selectDependents = (tx: Tx, sobject: string | null) =>
  tx.query<{ name: string }>(sql`
  WITH mirrored AS (
    SELECT to_regclass(format('%I.%I', s.table_schema, c.table_name)) AS oid, c.sobject
      FROM _lockstep.checkpoint c, _lockstep.sync s),
  leaving AS (SELECT c.oid, c.reltype FROM pg_catalog.pg_class c JOIN mirrored m USING (oid)
               WHERE m.sobject = ${sobject} OR (${sobject}::text IS NULL AND c.relkind = 'r'
                                                AND pg_catalog.pg_has_role(c.relowner, 'USAGE')))
  SELECT DISTINCT coalesce(pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, w.ev_class, 0),
                           pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)) AS name
    FROM leaving l
    JOIN pg_catalog.pg_depend d
      ON d.deptype = 'n' AND (d.refclassid, d.refobjid) IN (('pg_catalog.pg_class'::regclass, l.oid),
                                                            ('pg_catalog.pg_type'::regclass, l.reltype))
    LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid
   WHERE k.oid IS NULL OR k.conrelid NOT IN (SELECT oid FROM mirrored WHERE oid IS NOT NULL)
   ORDER BY 1`);

/** The primary key, and whether it is one on this column alone that is not deferrable. No row: there is none. */
export const selectPrimaryKey = (tx: Tx, oid: number, column: string | undefined) =>
  tx.query<{ name: string; fits: boolean }>(sql`
  SELECT k.conname AS name, k.conkey = ARRAY[a.attnum] AND NOT k.condeferrable AS fits
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attname = ${column}
   WHERE k.conrelid = ${oid} AND k.contype = 'p'`);

/**
 * The columns with which a valid index begins, whoever created it. An index that leaves out NULL counts: no search for
 * a value needs those rows.
 */
export const selectIndexedColumns = (tx: Tx, { schema, table }: TableName) =>
  tx.query<{ column: string }>(sql`
  SELECT a.attname::text AS column FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
   WHERE n.nspname = ${schema} AND t.relname = ${table} AND i.indisvalid
     AND coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid) = pg_catalog.format('(%I IS NOT NULL)', a.attname), true)`);

/** Foreign keys that PostgreSQL does not enforce, of the table (`isOwn`) or of others that refer to it. */
export const selectForeignKeys = (tx: Tx, { schema, table }: TableName) =>
  tx.query<{ name: string; table: string; isOwn: boolean }>(sql`
  SELECT k.conname::text AS name, child.relname::text AS table, k.conrelid = t.oid AS "isOwn"
    FROM pg_catalog.pg_class t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_catalog.pg_constraint k ON t.oid IN (k.conrelid, k.confrelid)
    JOIN pg_catalog.pg_class child ON child.oid = k.conrelid AND child.relnamespace = n.oid
   WHERE n.nspname = ${schema} AND t.relname = ${table} AND k.contype = 'f'
     AND pg_catalog.pg_get_constraintdef(k.oid) LIKE '% NOT ENFORCED'`);

/** The locks that other sessions hold on the table. */
export const selectLocks = (tx: Tx, { schema, table }: TableName, limit: number) =>
  tx.query<{ pid: number; user: string | null; mode: string }>(sql`
  SELECT l.pid, a.usename AS user, l.mode
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE n.nspname = ${schema} AND c.relname = ${table} AND l.granted AND l.pid <> pg_backend_pid()
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
   ORDER BY l.pid, l.mode LIMIT ${limit}`);
