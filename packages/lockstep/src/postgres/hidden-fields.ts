/**
 * Fields that the sync's user may not see for a while. Their columns keep their values and are not written: that a
 * value cannot be read is no reason to delete it.
 */

import type { Database } from '@lockstep/foundation/database';
import type { ServerSeconds } from '../core/stamps.ts';
import { hideFields, raisePlanVersion, returnFields } from './stream-sql.ts';
import { lockStream, type Stream } from './tables.ts';

/** How the visibility of a stream's fields has changed, by API name. */
export interface FieldVisibilityChange {
  hidden: readonly string[];
  /** Hidden before, and visible again. */
  returned: readonly string[];
}

/**
 * Removes hidden fields from the stream's plan, and adds back those that have returned. Pages that were requested
 * before are refused, and the stream's tables have to be loaded again.
 *
 * @param at  Salesforce's time: the returned fields are complete after a pass over all records that begins later
 * @throws {@link Fault} `SYS-09`: the plan is not the newest one
 */
export const updateVisibleFields = (
  db: Database,
  stream: Stream,
  { hidden, returned }: FieldVisibilityChange,
  at: ServerSeconds,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { streamNo } = stream;
    await lockStream(tx, stream);
    await hideFields(tx, streamNo, hidden);
    await returnFields(tx, streamNo, returned, at);
    await raisePlanVersion(tx, streamNo);
  });
