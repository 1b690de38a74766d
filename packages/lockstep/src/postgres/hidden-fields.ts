/**
 * Fields that change while their table is in use.
 *
 * A field that is not read for a while, because the sync's user may not see it or a person leaves it out, keeps its
 * column and its values: that a value cannot be read is no reason to delete it. A field that comes later gets a column,
 * and is complete once all records have been read again. So is one that has another type now: its column is a new one
 * beside the earlier one, which keeps its values until the new one takes its place (`replaced-columns.ts`).
 */

import { assert } from '@lockstep/foundation/assert';
import type { Database, Tx } from '@lockstep/foundation/database';
import type { ServerSeconds } from '../core/stamps.ts';
import { selectColumnTypes, selectRelation } from './catalog-sql.ts';
import { type Renamed, renameField, retypeField, setFieldFacts } from './changed-field-sql.ts';
import { type ColumnPlan, withoutColumn } from './plan-table.ts';
import { freeName } from './replaced-columns.ts';
import { retrySetAsideNow } from './set-aside-sql.ts';
import {
  hideFields,
  insertNewColumn,
  raisePlanVersion,
  refillFields,
  returnFields,
  setDescribedFor,
  setFieldsWithoutColumn,
} from './stream-sql.ts';
import { type Described, writeComments } from './table-comments.ts';
import { addColumn } from './table-ddl.ts';
import { lockStream, type Stream } from './tables.ts';
import { limitLockWait } from './transaction-sql.ts';

/** How the fields of a stream have changed, by API name. */
export interface FieldChange {
  hidden: readonly string[];
  /** Left out from now on. */
  leftOut: readonly string[];
  /** Hidden or left out before, and read again. */
  returned: readonly string[];
  /** They have another name in Salesforce now. Their columns keep theirs. */
  renamed: readonly Renamed[];
  /** They have no column yet. */
  added: readonly ColumnPlan[];
  /** Their values need another column. `column` is the present one. */
  retyped: readonly ColumnPlan[];
  /** What is known of them has changed, but not what their columns hold. */
  adjusted: readonly ColumnPlan[];
  /** Their values have changed in all records without a stamp: their formulas are others. */
  refilled: readonly string[];
  /** The choice of fields that the object was described for. */
  describedFor: string;
  described: Described;
}

/** How long readers of the table are waited for; later readers queue behind that. */
const lockWaitMs = 100;

export const changesNothing = (change: FieldChange): boolean =>
  [
    change.hidden,
    change.leftOut,
    change.returned,
    change.renamed,
    change.added,
    change.retyped,
    change.adjusted,
    change.refilled,
  ].every(({ length }) => length === 0);

/** Whether it waits for readers of the table. */
export const changesTable = ({ added, retyped }: FieldChange): boolean => added.length + retyped.length > 0;

/**
 * Changes the stream's plan, and adds columns. If anything changes, pages that were requested before are refused. The
 * stream's tables have to be loaded again.
 *
 * @param at  Salesforce's time: what has to be filled is complete after a pass over all records that begins later
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one. Database errors unchanged: 55P03, a query uses the
 *         table; 42701, somebody has added a column of this name. Nothing is changed then.
 */
export const updateFields = (
  db: Database,
  stream: Stream,
  change: FieldChange,
  at: ServerSeconds,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { streamNo } = stream;
    if (changesTable(change)) await limitLockWait(tx, lockWaitMs);
    await lockStream(tx, stream);
    await setDescribedFor(tx, streamNo, change.describedFor);
    await setFieldsWithoutColumn(tx, streamNo, withoutColumn(change.described));
    if (changesNothing(change)) return;
    await hideFields(tx, streamNo, change.hidden, false);
    await hideFields(tx, streamNo, change.leftOut, true);
    for (const one of change.renamed) await renameField(tx, streamNo, one);
    await returnFields(tx, streamNo, change.returned, at);
    for (const column of change.adjusted) await setFieldFacts(tx, streamNo, column);
    await refillFields(tx, streamNo, change.refilled, at);
    await addColumns(tx, stream, change, at);
    await retypeColumns(tx, stream, change, at);
    await raisePlanVersion(tx, streamNo);
  });

async function addColumns(
  tx: Tx,
  stream: Stream,
  { added, adjusted, renamed, described }: FieldChange,
  at: ServerSeconds,
): Promise<void> {
  for (const column of added) {
    await addColumn(tx, stream.schema, stream, column);
    await insertNewColumn(tx, stream.streamNo, column, at);
  }
  const columns = [...added, ...adjusted, ...renamed.map(({ to }) => to)];
  if (columns.length > 0) await writeComments(tx, stream.schema, { ...stream, columns }, described);
}

async function retypeColumns(
  tx: Tx,
  stream: Stream,
  { retyped, described }: FieldChange,
  at: ServerSeconds,
): Promise<void> {
  if (retyped.length === 0) return;
  const { schema, streamNo } = stream;
  const [relation] = await selectRelation(tx, stream);
  assert(relation, 'a table that is in use exists');
  const taken = new Set((await selectColumnTypes(tx, relation.oid)).map(({ name }) => name));
  const columns: ColumnPlan[] = [];
  for (const column of retyped) {
    const earlier = stream.replacing.find(({ field }) => field === column.field)?.replaces ?? column.column;
    const beside = { ...column, column: freeName(`${earlier}_new`, taken) };
    taken.add(beside.column);
    await addColumn(tx, schema, stream, beside);
    await retypeField(tx, streamNo, beside, at);
    columns.push(beside);
  }
  await writeComments(tx, schema, { ...stream, columns }, described);
  // What the earlier column could not hold may fit now.
  await retrySetAsideNow(tx, streamNo);
}
