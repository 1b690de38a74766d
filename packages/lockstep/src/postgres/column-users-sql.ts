/** Statements on one column of a stream's table: what uses it, and how another column takes its place. */
import { createHash } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';

interface TableName {
  schema: string;
  table: string;
}

/** Something that uses a column. */
export interface ColumnUser {
  /** As PostgreSQL names it: `view public.scores`; of an ordinary index its name alone. */
  name: string;
  /** Of an ordinary index: how it is made. Null: it is something else. */
  definition: string | null;
}

/**
 * What uses the column, by PostgreSQL's dependencies. An index is ordinary if it has plain columns only, holds all rows
 * or those that have a value, and refuses none.
 */
export const selectColumnUsers = (tx: Tx, { schema, table }: TableName, column: string) =>
  tx.query<ColumnUser>(sql`
  SELECT DISTINCT
         CASE WHEN i.indexrelid IS NULL
              THEN coalesce(pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, w.ev_class, 0),
                            pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid))
              ELSE x.relname::text END AS name,
         pg_catalog.pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = ${column} AND NOT a.attisdropped
    JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
     AND d.deptype IN ('n', 'a')
    LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_catalog.pg_index i
      ON d.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = d.objid
     AND i.indexprs IS NULL AND NOT i.indisunique AND NOT i.indisexclusion
     AND coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid)
                    = pg_catalog.format('(%I IS NOT NULL)', a.attname), true)
    LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
   WHERE n.nspname = ${schema} AND c.relname = ${table}
   ORDER BY 1`);

/** So that nothing comes to use the column until the transaction ends. */
export const lockExclusively = (tx: Tx, { schema, table }: TableName) =>
  tx.query(sql`LOCK TABLE ${ident(schema, table)} IN ACCESS EXCLUSIVE MODE`);

export const renameColumn = (tx: Tx, { schema, table }: TableName, from: string, to: string) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} RENAME COLUMN ${ident(from)} TO ${ident(to)}`);

export const renameIndex = (tx: Tx, schema: string, from: string, to: string) =>
  tx.query(sql`ALTER INDEX ${ident(schema, from)} RENAME TO ${ident(to)}`);

/** The names of all tables, indexes and views of the schema. */
export const selectNames = (tx: Tx, schema: string) =>
  tx.query<{ name: string }>(sql`
  SELECT c.relname::text AS name FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${schema}`);

/** Whoever has a privilege on the one column has it on the other too. Those on the whole table include both. */
export async function copyColumnGrants(
  tx: Tx,
  { schema, table }: TableName,
  from: string,
  to: string,
): Promise<void> {
  const grants = await tx.query<{ privilege: string; role: string | null; grantable: boolean }>(sql`
    SELECT g.privilege_type AS privilege, r.rolname::text AS role, g.is_grantable AS grantable
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = ${from}
     CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) g
      LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
     WHERE n.nspname = ${schema} AND c.relname = ${table}`);
  for (const { privilege, role, grantable } of grants) {
    const what = privileges[privilege];
    if (!what) continue;
    const whom = role === null ? sql`PUBLIC` : ident(role);
    const how = grantable ? sql`WITH GRANT OPTION` : sql``;
    await tx.query(sql`GRANT ${what} (${ident(to)}) ON ${ident(schema, table)} TO ${whom} ${how}`);
  }
}

const privileges: Partial<Record<string, Sql>> = {
  SELECT: sql`SELECT`,
  INSERT: sql`INSERT`,
  UPDATE: sql`UPDATE`,
  REFERENCES: sql`REFERENCES`,
};

/** What an interrupted attempt to make this index has left. Not in a transaction. */
export async function dropInvalidIndex(
  tx: Tx,
  { schema, table }: TableName,
  definition: string,
): Promise<void> {
  const invalid = await tx.query<{ name: string }>(sql`
    SELECT x.relname::text AS name
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${schema} AND c.relname = ${table} AND NOT i.indisvalid
       AND pg_catalog.pg_get_indexdef(i.indexrelid) = ${definition}`);
  for (const { name } of invalid) await tx.query(sql`DROP INDEX CONCURRENTLY ${ident(schema, name)}`);
}

/**
 * Not in a transaction. Waits for transactions that use the table, however long they take.
 *
 * @param definition  as `pg_get_indexdef` wrote it
 */
export const makeIndexAgain = (tx: Tx, definition: string) =>
  tx.query({
    name: `index ${createHash('sha256').update(definition).digest('hex').slice(0, 40)}`,
    text: definition.replace(/^CREATE INDEX /, 'CREATE INDEX CONCURRENTLY IF NOT EXISTS '),
    values: [],
  });
