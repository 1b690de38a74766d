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
  await makeCursorIndex(tx, schema, plan);
}

/**
 * An index on the stream's cursor field; does nothing if it has none.
 *
 * @param way  `concurrently` for a table that is in use; not in a transaction
 */
export async function makeCursorIndex(
  tx: Tx,
  schema: string,
  plan: TablePlan,
  way: 'at once' | 'concurrently' = 'at once',
): Promise<void> {
  const column = cursorColumn(plan);
  if (!column) return;
  const concurrently = way === 'concurrently' ? sql`CONCURRENTLY` : sql``;
  await tx.query(sql`
    CREATE INDEX ${concurrently} IF NOT EXISTS ${ident(cursorIndexName(plan))}
        ON ${ident(schema, plan.table)} (${ident(column.column)})`);
}

/** Not in a transaction. Waits for transactions that use the table, however long they take. */
export const dropCursorIndex = (tx: Tx, schema: string, plan: TablePlan) =>
  tx.query(sql`DROP INDEX CONCURRENTLY IF EXISTS ${ident(schema, cursorIndexName(plan))}`);

const cursorIndexName = ({ table }: TablePlan): string => postgresName(`${table}_stamp`, new Set());

export const makePrimaryKey = (tx: Tx, schema: string, plan: TablePlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, plan.table)} ADD PRIMARY KEY (${keyOf(plan)})`);

export const addColumn = (tx: Tx, schema: string, { table }: TablePlan, column: ColumnPlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} ADD COLUMN ${columnDefinition(column)}`);

export const dropColumn = (tx: Tx, schema: string, { table }: TablePlan, { column }: ColumnPlan) =>
  tx.query(sql`ALTER TABLE ${ident(schema, table)} DROP COLUMN ${ident(column)}`);

export const dropConstraint = (tx: Tx, schema: string, { table }: TablePlan, name: string) =>
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

const columnType = ({ sqlType, byBytes }: ColumnPlan) =>
  byBytes ? sql`text COLLATE "C"` : sqlTypes[sqlType];
