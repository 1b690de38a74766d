/**
 * Fields that the sync's user may not see for a while. Their columns stay with what they hold, and nothing is written
 * there: a value that cannot be read is no reason to forget it.
 */

import type { Database, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { Fault } from '../core/faults.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import * as statements from './sql.ts';
import { raisePlanVersion } from './stream-sql.ts';
import type { Stream } from './tables.ts';

/** What has changed of a stream's fields, by API name. */
export interface FieldsSeen {
  hidden: readonly string[];
  /** Hidden before, and seen again. */
  returned: readonly string[];
}

/**
 * Takes hidden fields out of the stream's plan, and those that have returned into it again. Pages that were asked for
 * before are refused, and the stream's tables have to be loaded again.
 *
 * @param at  Salesforce's time: a pass over all records that begins later makes what has returned complete
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one
 */
export const showFields = (
  db: Database,
  { streamNo, planVersion }: Stream,
  { hidden, returned }: FieldsSeen,
  at: ServerSeconds,
): Promise<void> =>
  db.transaction(async (tx) => {
    await statements.lockStream(tx, streamNo);
    const [current] = await statements.selectPlanVersion(tx, streamNo);
    if (current?.plan_version !== planVersion) throw new Fault('SYS-09');
    await tx.query(sql`
      UPDATE _lockstep.column
         SET hidden_since = coalesce(hidden_since, clock_timestamp()), returned_at = NULL
       WHERE stream_no = ${streamNo} AND field = ANY (${hidden}::text[])`);
    await tx.query(sql`
      UPDATE _lockstep.column SET returned_at = to_timestamp(${at})
       WHERE stream_no = ${streamNo} AND field = ANY (${returned}::text[]) AND hidden_since IS NOT NULL`);
    await raisePlanVersion(tx, streamNo);
  });

/** All records have been read in full by a pass that began at this second of Salesforce's time. */
export const completeReturned = (tx: Tx, streamNo: number, at: ServerSeconds) =>
  tx.query(sql`
  UPDATE _lockstep.column SET hidden_since = NULL, returned_at = NULL
   WHERE stream_no = ${streamNo} AND returned_at <= to_timestamp(${at})`);
