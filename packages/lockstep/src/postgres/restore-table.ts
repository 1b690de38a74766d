import type { Database, Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { Fault } from '../core/faults.ts';
import type { ColumnPlan, SqlType } from './plan-table.ts';
import { planForWholeTable } from './planner.ts';
import { countRows } from './read-ids.ts';
import { destinationNames, grantSchema } from './roles.ts';
import * as statements from './sql.ts';
import { deleteBackfillCursor, restartStream } from './stream-sql.ts';
import {
  addColumn,
  columnOf,
  cursorColumn,
  cursorIndexName,
  keyOf,
  makeCursorIndex,
  makePrimaryKey,
  makeTable,
} from './table-ddl.ts';
import type { Stream } from './tables.ts';

/**
 * Whether a stream's table is as planned. Reads only the catalog and waits for nobody. This is needed because some
 * changes raise no error but alter what is stored, such as a column that now rounds its numbers.
 */
export async function isAsPlanned(db: Database, stream: Stream): Promise<boolean> {
  const relation = await relationOf(db, stream);
  if (relation?.kind !== 'r') return false;
  const columns = await changedColumns(db, stream, relation.oid);
  return columns.length === 0 && (await keyIn(db, stream, relation.oid))?.fits === true;
}

/**
 * Restores a stream's table to its plan after somebody has changed it by hand: a schema, table, column or primary key
 * is missing, or a column has another type. Then the stream is read again from its first record on. What is missing is
 * created; what is in its way is removed: the values of a column of another type, rows without an Id, all but one of the
 * rows with the same Id. Anything that was added stays.
 *
 * The stream's bookkeeping stays, because its rows stay too:
 * - Head, recheck and the deleted log go on from where they were. If they began at a later time, they would miss what
 *   was deleted before it, and a backfill does not see deletions. Only the backfill's own cursor is deleted.
 * - Marks stay: somebody may wait for the record, or it may have been deleted in Salesforce.
 * - Fences stay: a reading that is older than one of them may still be under way, and would undo the newer one. A
 *   reading that begins after this is newer than all of them.
 *
 * Only for the holder of the sync, while no page of the stream is under way: a cursor move of such a page could complete
 * the backfill that begins here. The stream has to be loaded again afterwards, because its plan has a new version.
 *
 * @param lockWaitMs  how long it waits for readers of the table; later readers queue behind it
 * @returns what was found, as a text for people; null: nothing for which rows have to be read again
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one; `SCH-05`: a view or something else that is not a
 *         table is in its place. Database errors unchanged: 55P03, a query uses the table, try again later; 2BP01, a
 *         view that somebody made depends on what must be removed; 42501, the table belongs to somebody else.
 */
export function restoreTable(db: Database, stream: Stream, lockWaitMs: number): Promise<string | null> {
  const { streamNo } = stream;
  return db.transaction(async (tx) => {
    await statements.limitLockWait(tx, lockWaitMs);
    await statements.lockStream(tx, streamNo);
    const [current] = await statements.selectPlanVersion(tx, streamNo);
    if (current?.plan_version !== stream.planVersion) throw new Fault('SYS-09');
    await planForWholeTable(tx);

    const { found, rows } = await repair(tx, stream);
    if (found.length === 0) return null;
    await restartStream(tx, streamNo, rows);
    await deleteBackfillCursor(tx, streamNo);
    return found.join(', ');
  });
}

/** What was repaired, part by part, and how many rows the table has afterwards; null: as many as before. */
interface Repaired {
  found: readonly string[];
  rows: number | null;
}

async function repair(tx: Tx, stream: Stream): Promise<Repaired> {
  const { schema, table, sobject } = stream;
  const relation = await relationOf(tx, stream);
  if (!relation) {
    await makeSchema(tx, schema);
    await makeTable(tx, schema, stream);
    return { found: ['it was dropped'], rows: 0 };
  }
  if (relation.kind !== 'r') {
    throw new Fault('SCH-05', { stream: sobject, reason: `${schema}.${table} is not a table` });
  }
  const columns = await repairColumns(tx, stream, relation.oid);
  const key = await repairPrimaryKey(tx, stream, relation.oid);
  return { found: [...columns.found, ...key.found], rows: key.rows ?? columns.rows };
}

async function relationOf(tx: Tx, { schema, table }: Stream) {
  const [relation] = await tx.query<{ kind: string; oid: number }>(sql`
    SELECT c.relkind AS kind, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${schema} AND c.relname = ${table}`);
  return relation;
}

/** With the privileges of its readers, which were dropped with it. */
async function makeSchema(tx: Tx, schema: string): Promise<void> {
  const [exists] = await tx.query(sql`SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${schema}`);
  if (exists) return;
  await tx.query(sql`CREATE SCHEMA ${ident(schema)}`);
  const [sync] = await statements.selectSync(tx);
  const readers = destinationNames(sync?.sync_id ?? '').readerGroup;
  const [group] = await tx.query(sql`SELECT FROM pg_catalog.pg_roles WHERE rolname = ${readers}`);
  if (group) await grantSchema(tx, schema, readers);
}

async function changedColumns(
  tx: Tx,
  stream: Stream,
  oid: number,
): Promise<{ column: ColumnPlan; isMissing: boolean }[]> {
  const actual = await tx.query<{ name: string; type: string }>(sql`
    SELECT a.attname AS name,
           pg_catalog.format_type(a.atttypid, a.atttypmod)
             || coalesce((SELECT ' COLLATE ' || c.collname FROM pg_catalog.pg_collation c
                           WHERE c.oid = a.attcollation AND c.collname <> 'default'), '')
             || CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' THEN ' GENERATED' ELSE '' END AS type
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`);
  const types = new Map(actual.map(({ name, type }) => [name, type]));
  return stream.columns
    .filter((column) => types.get(column.column) !== typeOf(column))
    .map((column) => ({ column, isMissing: !types.has(column.column) }));
}

async function repairColumns(tx: Tx, stream: Stream, oid: number): Promise<Repaired> {
  const { schema, table } = stream;
  const found: string[] = [];
  let rows: number | null = null;
  for (const { column, isMissing } of await changedColumns(tx, stream, oid)) {
    // Rows that have lost their Id belong to no record, and a key column cannot be added while there are rows.
    if (column.field === 'Id') {
      await tx.query(sql`TRUNCATE ${ident(schema, table)}`);
      rows = 0;
    }
    if (!isMissing) {
      await tx.query(sql`ALTER TABLE ${ident(schema, table)} DROP COLUMN ${ident(column.column)}`);
    }
    await addColumn(tx, schema, stream, column);
    found.push(`column ${column.column} ${isMissing ? 'is missing' : 'has another type'}`);
  }
  return { found, rows };
}

/** Type names as `format_type` writes them. */
const typeNames: Partial<Record<SqlType, string>> = {
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
};

const typeOf = ({ sqlType, byBytes }: ColumnPlan) =>
  byBytes ? 'text COLLATE C' : (typeNames[sqlType] ?? sqlType);

async function keyIn(tx: Tx, stream: Stream, oid: number) {
  const [key] = await tx.query<{ name: string; fits: boolean }>(sql`
    SELECT k.conname AS name, k.conkey = ARRAY[a.attnum] AND NOT k.condeferrable AS fits
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attname = ${columnOf(stream, 'Id')?.column}
     WHERE k.conrelid = ${oid} AND k.contype = 'p'`);
  return key;
}

/** A page needs a primary key on the Id alone that is not deferrable. */
async function repairPrimaryKey(tx: Tx, stream: Stream, oid: number): Promise<Repaired> {
  const key = await keyIn(tx, stream, oid);
  if (key?.fits) return { found: [], rows: null };
  const [table, id] = [ident(stream.schema, stream.table), keyOf(stream)];
  if (key) await tx.query(sql`ALTER TABLE ${table} DROP CONSTRAINT ${ident(key.name)}`);
  await tx.query(sql`DELETE FROM ${table} WHERE ${id} IS NULL`);
  await tx.query(sql`
    DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY ${id}) AS nth FROM ${table}) AS numbered
       WHERE nth > 1))`);
  await makePrimaryKey(tx, stream.schema, stream);
  // Whoever dropped the key may have added rows that were not counted.
  return {
    found: [key ? 'its primary key is different' : 'its primary key is missing'],
    rows: await countRows(tx, stream),
  };
}

/** Whether the stream's cursor field has an index, whoever created it; true if there is no cursor field. */
export async function hasCursorIndex(db: Database, stream: Stream): Promise<boolean> {
  const column = cursorColumn(stream);
  if (!column) return true;
  const [index] = await db.query(sql`
    SELECT FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attname = ${column.column}
     WHERE n.nspname = ${stream.schema} AND t.relname = ${stream.table}
       AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid LIMIT 1`);
  return index !== undefined;
}

/**
 * Creates that index while readers and pages go on. It waits for transactions that use the table, however long they
 * take. An interrupted attempt leaves an invalid index, which is dropped first.
 */
export async function restoreCursorIndex(db: Database, stream: Stream): Promise<void> {
  await db.query(sql`DROP INDEX CONCURRENTLY IF EXISTS ${ident(stream.schema, cursorIndexName(stream))}`);
  await makeCursorIndex(db, stream.schema, stream, 'concurrently');
}
