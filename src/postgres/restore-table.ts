import { Fault } from '../core/faults.ts';
import type { Database, Tx } from '../lib/database.ts';
import { ident, sql } from '../lib/sql.ts';
import type { ColumnPlan, SqlType } from './plan-table.ts';
import { planForWholeTable } from './planner.ts';
import { countRows } from './read-ids.ts';
import * as statements from './sql.ts';
import { deleteBackfillCursor, restartStream } from './stream-sql.ts';
import {
  addColumn,
  columnOf,
  cursorColumn,
  keyOf,
  makeCursorIndex,
  makePrimaryKey,
  makeTable,
} from './table-ddl.ts';
import type { Stream } from './tables.ts';

/** A reader's query must not make a page, or other readers behind it, wait for long. */
const lockWaitMs = 100;

/**
 * Makes a stream's table again as it is planned, where somebody has changed it by hand: a table, column or primary key
 * that is gone, a column of another type. Then the stream is read again from its first record on. What is missing is
 * made; what is in the way of it goes: the values of a column of another type, rows without an Id, all but one of the
 * rows with the same Id. Anything that was added stays. An index that is gone is made again too, for which no row has
 * to be read. Costs a look into the catalog where nothing has
 * changed, so that a start may look too: some changes raise no error and alter what is stored, such as a column that
 * now rounds its numbers.
 *
 * What the stream has besides its rows stays, because rows stay too:
 * - head, tail and the log of deletions go on from where they stood. A start behind that would miss what was deleted
 *   since, and a first copy does not see deletions. Only the first copy's own cursor goes.
 * - Marks stay: somebody may wait for the record, or it may be one that is gone in Salesforce.
 * - Fences stay: a reading that is older than one of them may still be under way, and would undo it. A reading that
 *   begins after this is newer than all of them.
 *
 * For the holder of the sync, between its requests: a cursor that one of them brings could complete the first copy
 * that begins here. The stream has to be loaded again afterwards, because its plan has a new version.
 *
 * @returns what was found, for a person; null: nothing that rows have to be read again for
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one; `DB-15`: a view or something else that is no table
 *         stands in its place. Database errors as they come: 55P03, a query holds the table, to be tried again later;
 *         2BP01, a view that somebody made needs what has to go; 42501, the table belongs to somebody else; 3F000, its
 *         schema is gone, and with it what readers may do there.
 */
export function restoreTable(db: Database, stream: Stream): Promise<Fault | null> {
  const { streamNo, sobject } = stream;
  return db.transaction(async (tx) => {
    await statements.limitLockWait(tx, lockWaitMs);
    await statements.lockStream(tx, streamNo);
    const [current] = await statements.selectPlanVersion(tx, streamNo);
    if (current?.plan_version !== stream.planVersion) throw new Fault('SYS-09');
    await planForWholeTable(tx);

    const found = await mend(tx, stream);
    if (found.length === 0) return null;
    await restartStream(tx, streamNo, await countRows(tx, stream));
    await deleteBackfillCursor(tx, streamNo);
    return new Fault('SCH-04', { stream: sobject, reason: found.join(', ') });
  });
}

/** What was found, part by part, each mended. Not the index: rows are the same without it. */
async function mend(tx: Tx, stream: Stream): Promise<string[]> {
  const { schema, table, sobject } = stream;
  const [relation] = await tx.query<{ kind: string; oid: number }>(sql`
    SELECT c.relkind AS kind, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${schema} AND c.relname = ${table}`);
  if (!relation) {
    await makeTable(tx, schema, stream);
    return ['it was dropped'];
  }
  if (relation.kind !== 'r') throw new Fault('DB-15', { stream: sobject, sqlState: wrongObjectType });
  const columns = await mendColumns(tx, stream, relation.oid);
  const key = await mendPrimaryKey(tx, stream, relation.oid);
  await mendCursorIndex(tx, stream, relation.oid);
  return [...columns, ...key];
}

const wrongObjectType = '42809';

async function mendColumns(tx: Tx, stream: Stream, oid: number): Promise<string[]> {
  const { schema, table } = stream;
  const actual = await tx.query<{ name: string; type: string }>(sql`
    SELECT a.attname AS name,
           pg_catalog.format_type(a.atttypid, a.atttypmod)
             || coalesce((SELECT ' COLLATE ' || c.collname FROM pg_catalog.pg_collation c
                           WHERE c.oid = a.attcollation AND c.collname <> 'default'), '')
             || CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' THEN ' GENERATED' ELSE '' END AS type
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`);
  const types = new Map(actual.map(({ name, type }) => [name, type]));
  const found: string[] = [];
  for (const column of stream.columns) {
    const type = types.get(column.column);
    if (type === typeOf(column)) continue;
    // Rows that have lost their Id are nobody's, and a column that is the key cannot be added to them.
    if (column.field === 'Id') await tx.query(sql`TRUNCATE ${ident(schema, table)}`);
    if (type !== undefined) {
      await tx.query(sql`ALTER TABLE ${ident(schema, table)} DROP COLUMN ${ident(column.column)}`);
    }
    await addColumn(tx, schema, stream, column);
    found.push(`column ${column.column} ${type === undefined ? 'is missing' : 'has another type'}`);
  }
  return found;
}

/** As `format_type` writes them. */
const typeNames: Partial<Record<SqlType, string>> = {
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
};

const typeOf = ({ sqlType, byBytes }: ColumnPlan) =>
  byBytes ? 'text COLLATE C' : (typeNames[sqlType] ?? sqlType);

/** A page finds its rows by a primary key of the Id alone that is checked at once. */
async function mendPrimaryKey(tx: Tx, stream: Stream, oid: number): Promise<string[]> {
  const keys = await tx.query<{ name: string; fits: boolean }>(sql`
    SELECT k.conname AS name, k.conkey = ARRAY[a.attnum] AND NOT k.condeferrable AS fits
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attname = ${columnOf(stream, 'Id')?.column}
     WHERE k.conrelid = ${oid} AND k.contype = 'p'`);
  const [key] = keys;
  if (key?.fits) return [];
  const [table, id] = [ident(stream.schema, stream.table), keyOf(stream)];
  if (key) await tx.query(sql`ALTER TABLE ${table} DROP CONSTRAINT ${ident(key.name)}`);
  await tx.query(sql`DELETE FROM ${table} WHERE ${id} IS NULL`);
  await tx.query(sql`
    DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY ${id}) AS nth FROM ${table}) AS numbered
       WHERE nth > 1))`);
  await makePrimaryKey(tx, stream.schema, stream);
  return [key ? 'its primary key is another' : 'its primary key is missing'];
}

async function mendCursorIndex(tx: Tx, stream: Stream, oid: number): Promise<void> {
  const column = cursorColumn(stream);
  if (!column) return;
  const indexes = await tx.query(sql`
    SELECT FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attname = ${column.column}
     WHERE i.indrelid = ${oid} AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid`);
  if (indexes.length === 0) await makeCursorIndex(tx, stream.schema, stream);
}
