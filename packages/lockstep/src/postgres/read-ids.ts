/** What the mirror has of a stream, for comparison with Salesforce: its Ids, and its counts by day. */

import type { Database, Tx } from '@lockstep/foundation/database';
import type { RecordId } from '../core/ids.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { wholeTableLockWaitMs } from './planner.ts';
import {
  type DayCount,
  type DayRange,
  selectCountsByDay,
  selectIdsAfter,
  selectRowCount,
} from './table-sql.ts';
import type { Stream } from './tables.ts';
import { limitLockWait, planForWholeTable } from './transaction-sql.ts';

/**
 * The mirror's next Ids after `after`, in byte order; null: from the first on.
 *
 * @param limit  fewer are returned only if there are no more
 * @param day    only records that were created on this day (UTC); none if the stream has no CreatedDate
 */
export async function idsAfter(
  db: Tx,
  stream: Stream,
  after: RecordId | null,
  limit: number,
  day?: string,
): Promise<RecordId[]> {
  const rows = await selectIdsAfter(db, stream, after, limit, day);
  return rows.map(({ id }) => id);
}

/**
 * How many records were created on each day, and the newest of their times; days without records are absent. Gives the
 * same result as this query in Salesforce, whose DAY_ONLY is a day in UTC:
 *
 *   SELECT DAY_ONLY(CreatedDate) d, COUNT(Id) n, MAX(SystemModstamp) newest FROM X
 *    WHERE SystemModstamp < before AND CreatedDate >= … AND CreatedDate < … GROUP BY DAY_ONLY(CreatedDate)
 *
 * A stream without CreatedDate is one group, which exists even if it is empty, as in a query without GROUP BY.
 * If the stream has no cursor field, all records count. Scans the whole table.
 *
 * @param before  only records with an older time count
 */
export function countByDay(
  db: Database,
  stream: Stream,
  range: DayRange,
  before: ServerSeconds,
): Promise<DayCount[]> {
  return db.transaction(async (tx) => {
    await limitLockWait(tx, wholeTableLockWaitMs);
    await planForWholeTable(tx);
    return selectCountsByDay(tx, stream, range, before);
  });
}

/** The actual number of rows, not the recorded one. Scans the whole table. */
export function countTableRows(db: Database, stream: Stream): Promise<number> {
  return db.transaction(async (tx) => {
    await planForWholeTable(tx);
    return countRows(tx, stream);
  });
}

/** For a transaction that is already planned for whole tables. */
export async function countRows(tx: Tx, stream: Stream): Promise<number> {
  const [counted] = await selectRowCount(tx, stream);
  return counted?.rows ?? 0;
}
