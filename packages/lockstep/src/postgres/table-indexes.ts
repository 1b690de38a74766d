/**
 * What a table has besides its columns and its key so that queries are fast and tools can draw relations: an index on
 * the field that its changes are followed by, indexes on its references, and foreign keys if the sync wants them.
 */
import type { Database } from '@lockstep/foundation/database';
import { selectForeignKeys, selectIndexedColumns } from './catalog-sql.ts';
import type { ColumnPlan } from './plan-table.ts';
import {
  addForeignKey,
  cursorColumn,
  dropConstraint,
  dropIndex,
  foreignKeyName,
  makeIndex,
} from './table-ddl.ts';
import type { Stream } from './tables.ts';
import { limitLockWait } from './transaction-sql.ts';

/** Every row has them, they are hardly ever joined, and the second changes with every change of a record. */
const authors = new Set(['CreatedById', 'LastModifiedById']);

/** References to objects that the mirror has, by which queries join. */
const joinedBy = ({ columns }: Stream, mirrored: ReadonlySet<string>): ColumnPlan[] =>
  columns.filter(
    ({ field, refersTo }) => !authors.has(field) && refersTo.some((sobject) => mirrored.has(sobject)),
  );

/**
 * The columns that should have an index and have none, whoever created it.
 *
 * @param mirrored  the objects that are in the mirror
 */
export async function missingIndexes(
  db: Database,
  stream: Stream,
  mirrored: ReadonlySet<string>,
): Promise<ColumnPlan[]> {
  const indexed = new Set((await selectIndexedColumns(db, stream)).map(({ column }) => column));
  const cursor = cursorColumn(stream);
  const wanted = [...(cursor ? [cursor] : []), ...joinedBy(stream, mirrored)];
  return wanted.filter(({ column }) => !indexed.has(column));
}

/**
 * Creates an index while readers and pages go on. It waits for transactions that use the table, however long they take.
 * An interrupted attempt leaves an invalid index, which is dropped first.
 */
export async function restoreIndex(db: Database, stream: Stream, column: ColumnPlan): Promise<void> {
  await dropIndex(db, stream.schema, stream, column);
  await makeIndex(db, stream.schema, stream, column, 'concurrently');
}

/** Pages of both tables queue behind a lock that is waited for. */
const foreignKeyLockMs = 100;

/**
 * Gives the table a foreign key for each reference to one object of the mirror, or removes those that it has. They are
 * NOT ENFORCED, so they tell tools how tables relate and refuse no row; before version 18 PostgreSQL has none of that
 * kind.
 *
 * @param parents  the tables to refer to, by object; none: the table is to have no foreign key
 * @throws a database error: 55P03, a query uses one of the tables, try again later
 */
export async function alignForeignKeys(
  db: Database,
  stream: Stream,
  parents: ReadonlyMap<string, Stream>,
): Promise<void> {
  const wanted = stream.columns.flatMap((column) => {
    const [sobject, ...others] = column.refersTo;
    const parent = parents.get(sobject ?? '');
    return parent && others.length === 0 ? [{ column, parent, name: foreignKeyName(stream, column) }] : [];
  });
  const ours = new Set(stream.columns.map((column) => foreignKeyName(stream, column)));
  const present = (await selectForeignKeys(db, stream))
    .filter(({ isOwn, name }) => isOwn && ours.has(name))
    .map(({ name }) => name);
  for (const name of present)
    if (!wanted.some((key) => key.name === name))
      await locked(db, (tx) => dropConstraint(tx, stream.schema, stream, name));
  for (const { column, parent, name } of wanted)
    if (!present.includes(name))
      await locked(db, (tx) => addForeignKey(tx, stream.schema, stream, column, parent));
}

const locked = (db: Database, work: Parameters<Database['transaction']>[0]) =>
  db.transaction(async (tx) => {
    await limitLockWait(tx, foreignKeyLockMs);
    await work(tx);
  });
