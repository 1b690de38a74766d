/** The DDL of a stream's table: of the whole table when it is created, of parts that somebody has dropped or changed. */

import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { postgresName } from '../core/names.ts';
import type { ColumnPlan, SqlType, TablePlan } from './plan-table.ts';

export const createSchema = (tx: Tx, schema: string) =>
  tx.query(sql`CREATE SCHEMA IF NOT EXISTS ${ident(schema)}`);

export async function makeTable(tx: Tx, schema: string, plan: TablePlan): Promise<void> {
  const columns = plan.columns.map(columnDefinition);
  await tx.query(
    sql`CREATE TABLE IF NOT EXISTS ${ident(schema, plan.table)} (${join(columns)}, PRIMARY KEY (${keyOf(plan)}))`,
  );
  const cursor = cursorColumn(plan);
  if (cursor) await makeIndex(tx, schema, plan, cursor, 'at once');
}

/** @param way  `concurrently` for a table that is in use; not in a transaction */
export async function makeIndex(
  tx: Tx,
  schema: string,
  plan: TablePlan,
  { column, field }: ColumnPlan,
  way: 'at once' | 'concurrently',
): Promise<void> {
  const concurrently = way === 'concurrently' ? sql`CONCURRENTLY` : sql``;
  // Most references of most rows are empty, and an entry less is an entry that a page need not write.
  const those = field === plan.cursorField ? sql`` : sql`WHERE ${ident(column)} IS NOT NULL`;
  await tx.query(sql`
    CREATE INDEX ${concurrently} IF NOT EXISTS ${ident(indexName(plan, { column, field }))}
        ON ${ident(schema, plan.table)} (${ident(column)}) ${those}`);
}

/** Not in a transaction. Waits for transactions that use the table, however long they take. */
export const dropIndex = (tx: Tx, schema: string, plan: TablePlan, column: ColumnPlan) =>
  tx.query(sql`DROP INDEX CONCURRENTLY IF EXISTS ${ident(schema, indexName(plan, column))}`);

const indexName = (plan: TablePlan, { column, field }: Pick<ColumnPlan, 'column' | 'field'>): string =>
  postgresName(field === plan.cursorField ? `${plan.table}_stamp` : `${plan.table}_${column}_idx`, new Set());

export const foreignKeyName = ({ table }: TablePlan, { column }: ColumnPlan): string =>
  postgresName(`${table}_${column}_fkey`, new Set());

/** For tools that draw relations: it refuses no row. Needs PostgreSQL 18. */
export const addForeignKey = (
  tx: Tx,
  schema: string,
  plan: TablePlan,
  column: ColumnPlan,
  parent: TablePlan,
) =>
  tx.query(sql`
  ALTER TABLE ${ident(schema, plan.table)} ADD CONSTRAINT ${ident(foreignKeyName(plan, column))}
    FOREIGN KEY (${ident(column.column)}) REFERENCES ${ident(schema, parent.table)} (${keyOf(parent)}) NOT ENFORCED`);

export const makePrimaryKey = (tx: Tx, schema: string, plan: TablePlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, plan.table)} ADD PRIMARY KEY (${keyOf(plan)})`);

export const addColumn = (tx: Tx, schema: string, { table }: TablePlan, column: ColumnPlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} ADD COLUMN ${columnDefinition(column)}`);

export const dropColumn = (tx: Tx, schema: string, { table }: TablePlan, { column }: ColumnPlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} DROP COLUMN ${ident(column)}`);

export const dropConstraint = (tx: Tx, schema: string, { table }: { table: string }, name: string) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} DROP CONSTRAINT ${ident(name)}`);

export const commentOnTable = (tx: Tx, schema: string, { table }: TablePlan, text: string) =>
  tx.query(sql`COMMENT ON TABLE ${ident(schema, table)} IS ${literal(text)}`);

export const commentOnColumn = (
  tx: Tx,
  schema: string,
  { table }: TablePlan,
  { column }: ColumnPlan,
  text: string,
) => tx.query(sql`COMMENT ON COLUMN ${ident(schema, table, column)} IS ${literal(text)}`);

export const columnOf = ({ columns }: TablePlan, field: string | null): ColumnPlan | undefined =>
  columns.find((column) => column.field === field);

export const cursorColumn = (plan: TablePlan) => columnOf(plan, plan.cursorField);

export const keyOf = (plan: TablePlan) => ident(columnOf(plan, 'Id')?.column ?? '');

const columnDefinition = (column: ColumnPlan) => sql`${ident(column.column)} ${columnType(column)}`;

const sqlTypes: Record<SqlType, Sql> = {
  text: sql`text`,
  boolean: sql`boolean`,
  integer: sql`integer`,
  bigint: sql`bigint`,
  numeric: sql`numeric`,
  date: sql`date`,
  timestamptz: sql`timestamptz`,
  time: sql`time`,
  jsonb: sql`jsonb`,
};

export const columnType = ({ sqlType, byBytes }: ColumnPlan) =>
  byBytes ? sql`text COLLATE "C"` : sqlTypes[sqlType];
