import type { Database, Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { bookkeepingSchema } from './bookkeeping.ts';
import { closeForgottenBulk } from './bulk-sql.ts';
import {
  selectColumnTypes,
  selectForeignKeys,
  selectPrimaryKey,
  selectRelation,
  selectSchema,
  selectSchemaUsers,
} from './catalog-sql.ts';
import type { ColumnPlan, SqlType } from './plan-table.ts';
import { countRows } from './read-ids.ts';
import { grantSchema } from './roles.ts';
import { deleteBackfillCursors, restartStream } from './stream-sql.ts';
import { writeComments } from './table-comments.ts';
import {
  addColumn,
  columnOf,
  createSchema,
  dropColumn,
  dropConstraint,
  makePrimaryKey,
  makeTable,
} from './table-ddl.ts';
import { deleteAllRows, deleteRepeatedRows, deleteRowsWithoutId } from './table-sql.ts';
import { lockStream, type Stream } from './tables.ts';
import { limitLockWait, planForWholeTable } from './transaction-sql.ts';

/**
 * Whether a stream's table is as planned. Reads only the catalog and waits for nobody. This is needed because some
 * changes raise no error but alter what is stored, such as a column that now rounds its numbers.
 */
export async function isAsPlanned(db: Database, stream: Stream): Promise<boolean> {
  const [relation] = await selectRelation(db, stream);
  if (relation?.kind !== 'r') return false;
  const columns = await changedColumns(db, stream, relation.oid);
  const [key] = await primaryKeyOf(db, stream, relation.oid);
  return columns.length === 0 && key?.fits === true;
}

/**
 * Restores a stream's table to its plan after somebody has changed it by hand: a schema, table, column or primary key
 * is missing, or a column has another type. Then the stream is read again from its first record on. What is missing is
 * created; what is in its way is removed: the values of a column of another type, rows without an Id, all but one of
 * the rows with the same Id. Anything that was added stays.
 *
 * The stream's bookkeeping stays, because its rows stay too:
 * - Head, recheck and the deleted log go on from where they were. If they began at a later time, they would miss what
 *   was deleted before it, and a backfill does not see deletions. Only the backfill's own cursor is deleted.
 * - Marks stay: somebody may wait for the record, or it may have been deleted in Salesforce.
 * - Fences stay: a reading that is older than one of them may still be under way, and would undo the newer one. A
 *   reading that begins after this is newer than all of them.
 *
 * Only for the holder of the sync, while no page of the stream is under way: a cursor move of such a page could
 * complete the backfill that begins here. The stream has to be loaded again afterwards, because its plan has a new
 * version.
 *
 * @param lockWaitMs  how long it waits for readers of the table; later readers queue behind it
 * @returns what was found, as a text for people; null: nothing for which rows have to be read again
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one; `SCH-05`: a view or something else that is not a
 *         table is in its place. Database errors unchanged: 55P03, a query uses the table, try again later; 2BP01, a
 *         view that somebody made depends on what must be removed; 42501, the table belongs to somebody else.
 */
export async function restoreTable(db: Database, stream: Stream, lockWaitMs: number): Promise<string | null> {
  const { streamNo } = stream;
  const restored = await db.transaction(async (tx) => {
    await limitLockWait(tx, lockWaitMs);
    await lockStream(tx, stream);
    await planForWholeTable(tx);

    const { found, rows } = await restoreParts(tx, stream);
    if (found.length === 0) return null;
    await restartStream(tx, streamNo, rows);
    await deleteBackfillCursors(tx, streamNo);
    return found.join(', ');
  });
  // Apart, because slices lock their reading before the stream.
  if (restored !== null) await closeForgottenBulk(db);
  return restored;
}

/** What was repaired, part by part, and how many rows the table has afterwards; null: as many as before. */
interface Repaired {
  found: readonly string[];
  rows: number | null;
}

async function restoreParts(tx: Tx, stream: Stream): Promise<Repaired> {
  const { schema, table, sobject } = stream;
  const [relation] = await selectRelation(tx, stream);
  if (!relation) {
    await makeSchema(tx, schema);
    await makeTable(tx, schema, stream);
    await writeComments(tx, schema, stream);
    return { found: ['it was dropped'], rows: 0 };
  }
  if (relation.kind !== 'r') {
    throw new Fault('SCH-05', { stream: sobject, reason: `${schema}.${table} is not a table` });
  }
  const columns = await repairColumns(tx, stream, relation.oid);
  const key = await repairPrimaryKey(tx, stream, relation.oid);
  await writeComments(tx, schema, stream);
  return { found: [...columns.found, ...key.found], rows: key.rows ?? columns.rows };
}

/** With the privileges of its readers, which were dropped with it. */
async function makeSchema(tx: Tx, schema: string): Promise<void> {
  const [exists] = await selectSchema(tx, schema);
  if (exists) return;
  await createSchema(tx, schema);
  for (const { role } of await selectSchemaUsers(tx, bookkeepingSchema)) await grantSchema(tx, schema, role);
}

async function changedColumns(
  tx: Tx,
  stream: Stream,
  oid: number,
): Promise<{ column: ColumnPlan; isMissing: boolean }[]> {
  const actual = await selectColumnTypes(tx, oid);
  const types = new Map(actual.map(({ name, type }) => [name, type]));
  return stream.columns
    .filter((column) => types.get(column.column) !== typeOf(column))
    .map((column) => ({ column, isMissing: !types.has(column.column) }));
}

async function repairColumns(tx: Tx, stream: Stream, oid: number): Promise<Repaired> {
  const found: string[] = [];
  let rows: number | null = null;
  for (const { column, isMissing } of await changedColumns(tx, stream, oid)) {
    // Rows that have lost their Id belong to no record, and a key column cannot be added while there are rows.
    if (column.field === 'Id') {
      await dropForeignKeys(tx, stream);
      await deleteAllRows(tx, stream);
      rows = 0;
    }
    if (!isMissing) await dropColumn(tx, stream.schema, stream, column);
    await addColumn(tx, stream.schema, stream, column);
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

const primaryKeyOf = (tx: Tx, stream: Stream, oid: number) =>
  selectPrimaryKey(tx, oid, columnOf(stream, 'Id')?.column);

/** A page needs a primary key on the Id alone that is not deferrable. */
async function repairPrimaryKey(tx: Tx, stream: Stream, oid: number): Promise<Repaired> {
  const [key] = await primaryKeyOf(tx, stream, oid);
  if (key?.fits) return { found: [], rows: null };
  await dropForeignKeys(tx, stream);
  if (key) await dropConstraint(tx, stream.schema, stream, key.name);
  await deleteRowsWithoutId(tx, stream);
  await deleteRepeatedRows(tx, stream);
  await makePrimaryKey(tx, stream.schema, stream);
  // Whoever dropped the key may have added rows that were not counted.
  return {
    found: [key ? 'its primary key is different' : 'its primary key is missing'],
    rows: await countRows(tx, stream),
  };
}

/** They hold on to the key that has to be made again. The next look at the tables makes them again. */
async function dropForeignKeys(tx: Tx, stream: Stream): Promise<void> {
  for (const { name, table } of await selectForeignKeys(tx, stream))
    await dropConstraint(tx, stream.schema, { table }, name);
}
