import { assert } from '@lockstep/foundation/assert';
import type { Tx } from '@lockstep/foundation/database';
import { type ColumnPlan, isKey, sqlTypeOf, type TablePlan } from './plan-table.ts';
import * as statements from './sql.ts';
import { insertStream, selectStreams } from './stream-sql.ts';
import { makeTable } from './table-ddl.ts';

/** One sobject of a sync, with its table as it stands in the destination. */
export interface Stream extends TablePlan {
  streamNo: number;
  schema: string;
  /** Raised with each change of the table; a page that was asked for under an older plan is refused. */
  planVersion: number;
  /** Fields that the sync's user may not see: their columns are none of `columns`, and keep what they hold. */
  hidden: readonly HiddenField[];
  /** Since that second of Salesforce's time, the newest of those fields is read again that were hidden; null: none was. */
  returnedAt: number | null;
}

export interface HiddenField {
  field: string;
  column: string;
}

export const destinationMigrations = new URL('./migrations/', import.meta.url);

/** The streams as the destination remembers them, so that a restart needs no description from Salesforce. */
export async function loadStreams(tx: Tx, schema: string): Promise<Stream[]> {
  const columns = await statements.selectColumns(tx);
  const streams = await selectStreams(tx);
  return streams.map((stream) => {
    const all = columns.filter((column) => column.stream_no === stream.stream_no);
    const own = all.filter(({ is_hidden }) => !is_hidden);
    const returned = own.flatMap(({ returned_at }) => (returned_at === null ? [] : [returned_at]));
    return {
      sobject: stream.sobject,
      table: stream.table_name,
      columns: own.map(columnPlan),
      hasIsDeleted: own.some((column) => column.field === 'IsDeleted'),
      cursorField: stream.cursor_field,
      replicateable: stream.replicateable,
      keyPrefix: stream.key_prefix,
      streamNo: stream.stream_no,
      schema,
      planVersion: stream.plan_version,
      hidden: all
        .filter(({ is_hidden }) => is_hidden)
        .map(({ field, column_name: column }) => ({ field, column })),
      returnedAt: returned.length > 0 ? Math.max(...returned) : null,
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
    refersTo: row.refers_to,
    isDetail: row.is_detail,
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
  await makeTable(tx, schema, plan, labels);
  const { stream_no: streamNo, plan_version: planVersion } = await insertStream(tx, plan);
  for (const [ordinal, column] of plan.columns.entries()) {
    await statements.insertColumn(tx, streamNo, ordinal, column);
  }
  return { ...plan, schema, streamNo, planVersion, hidden: [], returnedAt: null };
}
