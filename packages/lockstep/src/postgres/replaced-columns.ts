/**
 * The column of a field whose type has changed takes the earlier column's place, in one transaction, once it holds the
 * values of all records. The earlier one stays under another name: nobody but a person deletes values.
 *
 * Whatever a person has built on the earlier column must not go on with its old values without a word. An ordinary
 * index is made again on the new column. Anything else (a view, a constraint, a generated column, a trigger on the
 * column) knows columns by number, not by name, and would follow the earlier one: then the change waits, and says for
 * what.
 */
import { type Database, sqlState, type Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { selectColumnTypes, selectRelation } from './catalog-sql.ts';
import { deleteMadeAgain, recordReplaced, selectFilled, selectMadeAgain } from './changed-field-sql.ts';
import {
  copyColumnGrants,
  dropInvalidIndex,
  lockExclusively,
  makeIndexAgain,
  renameColumn,
  renameIndex,
  selectColumnUsers,
  selectNames,
} from './column-users-sql.ts';
import { raisePlanVersion } from './stream-sql.ts';
import { commentOnColumn } from './table-ddl.ts';
import { lockStream, type ReplacingColumn, type Stream } from './tables.ts';
import { limitLockWait } from './transaction-sql.ts';

/** PostgreSQL truncates longer names. */
const nameBytesMax = 63;

/** `base`, with a number if it is taken; the beginning is shortened if it gets too long. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  const ending = /_(new|old)$/.exec(base)?.[0] ?? '';
  for (let nth = 1; ; nth++) {
    const end = nth === 1 ? ending : `${ending}${nth}`;
    const start = Buffer.from(base.slice(0, base.length - ending.length))
      .subarray(0, nameBytesMax - end.length)
      .toString()
      .replace(/\uFFFD+$/, '');
    if (!taken.has(start + end)) return start + end;
  }
}

/** How long readers of the table are waited for; later readers queue behind that. */
const lockWaitMs = 100;

/**
 * Gives a complete column the name of the one that it replaces. Pages that were requested before are refused, and the
 * stream's tables have to be loaded again.
 *
 * @returns false: it is not complete, and nothing is changed
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one; `SCH-10`: something of a person's uses the earlier
 *         column. Database errors unchanged: 55P03, a query uses the table. Nothing is changed then.
 */
export async function replaceColumn(db: Database, stream: Stream, column: ReplacingColumn): Promise<boolean> {
  // Looked up before any lock is taken: a view that is in the way may be there for days.
  await refuseUsers(db, stream, column);
  return db.transaction(async (tx) => {
    await limitLockWait(tx, lockWaitMs);
    await lockStream(tx, stream);
    const [filled] = await selectFilled(tx, stream.streamNo, column.field);
    if (!filled) return false;
    await lockExclusively(tx, stream);
    await takePlace(tx, stream, column);
    await raisePlanVersion(tx, stream.streamNo);
    return true;
  });
}

async function takePlace(
  tx: Tx,
  stream: Stream,
  { field, column, replaces }: ReplacingColumn,
): Promise<void> {
  const { schema, streamNo } = stream;
  const [relation] = await selectRelation(tx, stream);
  const taken = new Set(relation ? (await selectColumnTypes(tx, relation.oid)).map(({ name }) => name) : []);
  if (replaces === null || !taken.has(column)) return;
  if (!taken.has(replaces)) {
    await renameColumn(tx, stream, column, replaces);
    await recordReplaced(tx, streamNo, field, []);
    return;
  }
  const indexes = await refuseUsers(tx, stream, { field, column, replaces });
  const earlier = freeName(`${replaces}_old`, taken);
  await copyColumnGrants(tx, stream, replaces, column);
  await renameColumn(tx, stream, replaces, earlier);
  await renameColumn(tx, stream, column, replaces);
  const names = new Set((await selectNames(tx, schema)).map(({ name }) => name));
  for (const { name } of indexes) await renameIndex(tx, schema, name, freeName(`${name}_old`, names));
  const text = `${field}, as it was before its type changed. Lockstep does not use it any more: drop it when you do not need it.`;
  const plan = stream.columns.find((one) => one.field === field);
  if (plan) await commentOnColumn(tx, schema, stream, { ...plan, column: earlier }, text);
  await recordReplaced(
    tx,
    streamNo,
    field,
    indexes.map(({ definition }) => definition),
  );
}

/** @returns the ordinary indexes on the earlier column */
async function refuseUsers(
  tx: Tx,
  stream: Stream,
  { field, column, replaces }: Pick<ReplacingColumn, 'field' | 'column' | 'replaces'>,
) {
  if (replaces === null) return [];
  const users = await selectColumnUsers(tx, stream, replaces);
  const others = users.filter(({ definition }) => definition === null).map(({ name }) => name);
  if (others.length > 0) {
    const names = others.join(', ');
    throw new Fault('SCH-10', {
      stream: stream.sobject,
      field,
      reason: names,
      column: replaces,
      where: column,
    });
  }
  return users.flatMap(({ name, definition }) => (definition === null ? [] : [{ name, definition }]));
}

/**
 * Makes the indexes again that the earlier column had, while readers and pages go on. Waits for transactions that use
 * the table, however long they take. An interrupted attempt leaves an invalid index, which is dropped first. One that a
 * person has made meanwhile, or whose columns have changed, is left as it is.
 */
export async function makeIndexesAgain(db: Database, stream: Stream): Promise<void> {
  const { streamNo } = stream;
  for (const { field, definition } of await selectMadeAgain(db, streamNo)) {
    await dropInvalidIndex(db, stream, definition);
    try {
      await makeIndexAgain(db, definition);
    } catch (error) {
      if (!sqlState(error)?.startsWith('42')) throw error;
    }
    await deleteMadeAgain(db, streamNo, field, definition);
  }
}
