import { assert } from '@lockstep/foundation/assert';
import type { Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { selectColumnTypes, selectRelation } from './catalog-sql.ts';
import { takeUpTable } from './kept-tables.ts';
import { type ColumnPlan, isKey, sqlTypeOf, type TablePlan, withoutColumn } from './plan-table.ts';
import * as statements from './sql.ts';
import { insertStream, selectStreams, setFieldsWithoutColumn } from './stream-sql.ts';
import { type Described, writeComments } from './table-comments.ts';
import { addColumn, makeTable } from './table-ddl.ts';
import { limitLockWait } from './transaction-sql.ts';

/** One sobject of a sync, with its table in the destination. */
export interface Stream extends TablePlan {
  streamNo: number;
  schema: string;
  /** Raised by each change of the table; a page that was requested under an older plan is refused. */
  planVersion: number;
  /** Fields that the sync's user may not see: their columns are not in `columns` and keep their values. */
  hidden: readonly ColumnPlan[];
  /** Fields that a person leaves out although they have a column, which keeps its values. */
  leftOut: readonly ColumnPlan[];
  /** Fields that have another type now: their columns take the place of earlier ones when they are complete. */
  replacing: readonly ReplacingColumn[];
  /** Salesforce's own Id of the object, which stays when its name changes; null: not known. */
  durableId: string | null;
  /** Those of its fields, by API name, as far as they are known. */
  durableIds: ReadonlyMap<string, string>;
  /** For which choice of fields its object was last described; null: not known. */
  describedFor: string | null;
  /** The second of Salesforce's time at which the last of the formerly hidden fields returned; null: there are none. */
  returnedAt: number | null;
  /** In how many queries all of its fields are selected. */
  queryParts: number;
}

export interface ReplacingColumn {
  field: string;
  column: string;
  /** The name of the earlier column; null: it has taken its place, and some indexes are still to be made. */
  replaces: string | null;
  isComplete: boolean;
  /** All records are being read again for it. */
  isFilling: boolean;
}

export const destinationMigrations = new URL('./migrations/', import.meta.url);

/** The streams as the destination has recorded them, so that a restart needs no description from Salesforce. */
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
      hidden: all.filter((one) => one.is_hidden && !one.is_left_out).map(columnPlan),
      leftOut: all.filter(({ is_left_out }) => is_left_out).map(columnPlan),
      replacing: all.filter((one) => one.replaces !== null || one.made_again.length > 0).map(replacingColumn),
      durableId: stream.durable_id,
      durableIds: new Map(
        all.flatMap((one) => (one.durable_id === null ? [] : [[one.field, one.durable_id]])),
      ),
      describedFor: stream.described_for,
      returnedAt: returned.length > 0 ? Math.max(...returned) : null,
      queryParts: stream.query_parts,
    };
  });
}

/**
 * From now on until the transaction ends, nobody else applies a page of the stream or changes its table. In a statement
 * of its own, because a later statement's snapshot must be taken under the lock.
 *
 * @throws {@link Fault} `SYS-09`: the table has changed since this plan of it was loaded
 */
export async function lockStream(tx: Tx, { streamNo, planVersion }: Stream): Promise<void> {
  const [current] = await statements.lockCheckpoint(tx, streamNo);
  if (current?.plan_version !== planVersion) throw new Fault('SYS-09');
}

const replacingColumn = (row: statements.ColumnRow): ReplacingColumn => ({
  field: row.field,
  column: row.column_name,
  replaces: row.replaces,
  isComplete: row.ready,
  isFilling: row.returned_at !== null,
});

function columnPlan(row: statements.ColumnRow): ColumnPlan {
  const sqlType = sqlTypeOf(row.field_type);
  assert(sqlType, 'a field type that has a column has a column type');
  return {
    field: row.field,
    column: row.column_name,
    fieldType: row.field_type,
    sqlType,
    byBytes: isKey(row.field_type),
    formula: row.formula,
    formulaText: row.formula_text,
    refersTo: row.refers_to,
    isDetail: row.is_detail,
  };
}

/**
 * Creates a stream's table, its index, its comments and its rows in `_lockstep`. Idempotent: a table of the stream that
 * exists stays, also if this mirror kept it when its object was removed, and gets the columns that it lacks.
 * Runs as the owner role, so that the tables belong to it and its default privileges apply to the reader.
 *
 * @throws {@link Fault} `DB-10`: something else has the table's name. Database errors unchanged: 55P03, a query uses the
 *         table
 */
export async function createTable(
  tx: Tx,
  schema: string,
  plan: TablePlan,
  described?: Described,
  describedFor: string | null = null,
): Promise<Stream> {
  await takeUpTable(tx, schema, plan);
  await makeTable(tx, schema, plan);
  await addMissingColumns(tx, schema, plan);
  await writeComments(tx, schema, plan, described);
  const { stream_no: streamNo, plan_version: planVersion } = await insertStream(tx, plan, describedFor);
  for (const [ordinal, column] of plan.columns.entries()) {
    await statements.insertColumn(tx, streamNo, ordinal, column);
  }
  if (described) await setFieldsWithoutColumn(tx, streamNo, withoutColumn(described));
  const nothing = { hidden: [], leftOut: [], replacing: [], durableId: null, durableIds: new Map() };
  return {
    ...plan,
    ...nothing,
    schema,
    streamNo,
    planVersion,
    describedFor,
    returnedAt: null,
    queryParts: 1,
  };
}

/** How long a query that uses a kept table is waited for; later ones queue behind that. */
const lockWaitMs = 1_000;

/** A table that was kept lacks fields that were made or taken in since. */
async function addMissingColumns(tx: Tx, schema: string, plan: TablePlan): Promise<void> {
  const [relation] = await selectRelation(tx, { schema, table: plan.table });
  const columns = relation ? await selectColumnTypes(tx, relation.oid) : [];
  const there = new Set(columns.map(({ name }) => name));
  const missing = plan.columns.filter(({ column }) => !there.has(column));
  if (missing.length > 0) await limitLockWait(tx, lockWaitMs);
  for (const column of missing) await addColumn(tx, schema, plan, column);
}
