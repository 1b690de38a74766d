import { postgresName } from '../core/names.ts';
import { assert } from '../lib/assert.ts';
import type { Tx } from '../lib/database.ts';
import { ident, join, literal, type Sql, sql } from '../lib/sql.ts';
import { type ColumnPlan, isKey, type SqlType, sqlTypeOf, type TablePlan } from './plan-table.ts';
import * as statements from './sql.ts';

/** One sobject of a sync, with its table as it stands in the destination. */
export interface Stream extends TablePlan {
  streamNo: number;
  schema: string;
  /** Raised with each change of the table; a page that was asked for under an older plan is refused. */
  planVersion: number;
}

export const destinationMigrations = new URL('./migrations/', import.meta.url);

/** The streams as the destination remembers them, so that a restart needs no description from Salesforce. */
export async function loadStreams(tx: Tx, schema: string): Promise<Stream[]> {
  const columns = await statements.selectColumns(tx);
  const checkpoints = await statements.selectCheckpoints(tx);
  return checkpoints.map((checkpoint) => {
    const own = columns.filter((column) => column.stream_no === checkpoint.stream_no);
    return {
      sobject: checkpoint.sobject,
      table: checkpoint.table_name,
      columns: own.map(columnPlan),
      hasIsDeleted: own.some((column) => column.field === 'IsDeleted'),
      streamNo: checkpoint.stream_no,
      schema,
      planVersion: checkpoint.plan_version,
    };
  });
}

function columnPlan(row: statements.ColumnRow): ColumnPlan {
  const sqlType = sqlTypeOf(row.field_type);
  assert(sqlType, 'a column of the mirror has a type that gets none');
  return {
    field: row.field,
    column: row.column_name,
    fieldType: row.field_type,
    sqlType,
    byBytes: isKey(row.field_type),
    formula: row.formula,
  };
}

/**
 * Makes a stream's table, its index and its entries in `_lockstep`. Repeatable: a table that is there stays.
 * Runs as the owner role, so that the tables are the owner's and its default privileges reach the reader.
 */
export async function createTable(
  tx: Tx,
  schema: string,
  plan: TablePlan,
  labels: ReadonlyMap<string, string>,
): Promise<Stream> {
  const table = ident(schema, plan.table);
  const columns = plan.columns.map((column) => sql`${ident(column.column)} ${columnType(column)}`);
  await tx.query(
    sql`CREATE TABLE IF NOT EXISTS ${table} (${join(columns)}, PRIMARY KEY (${columnOf(plan, 'Id')}))`,
  );
  await tx.query(
    sql`CREATE INDEX IF NOT EXISTS ${ident(stampIndex(plan.table))} ON ${table} (${columnOf(plan, 'SystemModstamp')})`,
  );
  for (const column of plan.columns) {
    const formula = column.formula ? ', formula' : '';
    const label = labels.get(column.field) ?? column.field;
    const comment = `${column.field} (${column.fieldType}${formula}): ${label}`;
    await tx.query(sql`COMMENT ON COLUMN ${ident(schema, plan.table, column.column)} IS ${literal(comment)}`);
  }
  const { stream_no: streamNo, plan_version: planVersion } = await statements.insertCheckpoint(
    tx,
    plan.sobject,
    plan.table,
  );
  for (const [ordinal, column] of plan.columns.entries()) {
    await statements.insertColumn(tx, streamNo, ordinal, column);
  }
  return { ...plan, schema, streamNo, planVersion };
}

const stampIndex = (table: string) => postgresName(`${table}_stamp`, new Set());

const columnOf = (plan: TablePlan, field: string) =>
  ident(plan.columns.find((column) => column.field === field)?.column ?? '');

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
