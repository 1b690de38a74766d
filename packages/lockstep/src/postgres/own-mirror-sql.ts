/** Statements that remove a mirror from a database that a person owns, and nothing else from it. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import { bookkeepingSchema } from './bookkeeping.ts';

/** The tables of the streams that are there and belong to this login's role. */
export const selectOwnTables = (tx: Tx, schema: string) =>
  tx.query<{ name: string }>(sql`
  SELECT c.relname::text AS name
    FROM pg_catalog.pg_class c JOIN _lockstep.checkpoint s ON s.table_name = c.relname
   WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${schema})
     AND c.relkind = 'r' AND pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1`);

/** @throws 2BP01: something else depends on one of them; then none is dropped */
export const dropTables = (tx: Tx, schema: string, tables: readonly string[]) =>
  tx.query(sql`DROP TABLE ${join(tables.map((table) => ident(schema, table)))}`);

/** What others have in the bookkeeping's schema, and their views elsewhere that read it; by name. */
export const selectStrangers = (tx: Tx) =>
  tx.query<{ name: string }>(sql`
  SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE (n.nspname = ${bookkeepingSchema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
          AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE'))
      OR (n.nspname <> ${bookkeepingSchema} AND c.oid IN (
          SELECT w.ev_class FROM pg_catalog.pg_rewrite w
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
            JOIN pg_catalog.pg_class used ON used.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::regclass
           WHERE used.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${bookkeepingSchema})))
   ORDER BY 1`);

/** With all that is in it. */
export const dropBookkeeping = (tx: Tx) => tx.query(sql`DROP SCHEMA ${ident(bookkeepingSchema)} CASCADE`);

/** @throws 2BP01: something is in it */
export const dropEmptySchema = (tx: Tx, schema: string) => tx.query(sql`DROP SCHEMA ${ident(schema)}`);

/** One row if the schema belongs to this login's role. */
export const selectOwnSchema = (tx: Tx, schema: string) =>
  tx.query(sql`
  SELECT FROM pg_catalog.pg_namespace
   WHERE nspname = ${schema} AND nspname <> 'public' AND pg_catalog.pg_has_role(nspowner, 'USAGE')`);
