/**
 * Fields that are not read for a while, because the sync's user may not see them or a person leaves them out. Their
 * columns keep their values and are not written: that a value cannot be read is no reason to delete it. A field that
 * comes later gets a column, and is complete once all records have been read again.
 */

import type { Database } from '@lockstep/foundation/database';
import type { ServerSeconds } from '../core/stamps.ts';
import { type ColumnPlan, withoutColumn } from './plan-table.ts';
import {
  hideFields,
  insertNewColumn,
  raisePlanVersion,
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
  /** They have no column yet. */
  added: readonly ColumnPlan[];
  /** The choice of fields that the object was described for. */
  describedFor: string;
  described: Described;
}

/** How long readers of the table are waited for; later readers queue behind that. */
const lockWaitMs = 100;

export const changesNothing = ({ hidden, leftOut, returned, added }: FieldChange): boolean =>
  hidden.length + leftOut.length + returned.length + added.length === 0;

/**
 * Removes fields from the stream's plan, and adds others. If anything changes, pages that were requested before are
 * refused. The stream's tables have to be loaded again.
 *
 * @param at  Salesforce's time: the returned fields are complete after a pass over all records that begins later
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
    const { streamNo, schema } = stream;
    if (change.added.length > 0) await limitLockWait(tx, lockWaitMs);
    await lockStream(tx, stream);
    await setDescribedFor(tx, streamNo, change.describedFor);
    await setFieldsWithoutColumn(tx, streamNo, withoutColumn(change.described));
    if (changesNothing(change)) return;
    await hideFields(tx, streamNo, change.hidden, false);
    await hideFields(tx, streamNo, change.leftOut, true);
    await returnFields(tx, streamNo, change.returned, at);
    for (const column of change.added) {
      await addColumn(tx, schema, stream, column);
      await insertNewColumn(tx, streamNo, column, at);
    }
    if (change.added.length > 0)
      await writeComments(tx, schema, { ...stream, columns: change.added }, change.described);
    await raisePlanVersion(tx, streamNo);
  });
