import type { Database, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { Fault } from '../core/faults.ts';
import type { Holder } from './observations.ts';
import * as statements from './sql.ts';

/**
 * Takes a destination over from whoever held the sync before: from here on only readings of this epoch are accepted.
 * A page of a former holder either committed before this returns or is refused.
 *
 * @throws {@link Fault} SYS-09 where somebody newer has taken over already
 */
export async function takeOver(db: Database, holder: Holder): Promise<void> {
  const raised = await db.transaction(async (tx: Tx) => {
    await statements.limitLockWait(tx, waitMs);
    return statements.raiseEpoch(tx, holder.epoch);
  });
  if (raised.length === 0) throw new Fault('SYS-09');
  await db.transaction(async (tx) => {
    // A writer's sessions begin as the owner role, which may end no session; the login itself may end its own.
    await tx.query(sql`SET LOCAL ROLE NONE`);
    await statements.endFormerSessions(tx, holder.epoch);
  });
  await db.transaction(async (tx) => {
    await statements.limitLockWait(tx, waitMs);
    await statements.closeFormerObservations(tx, holder.epoch);
  });
}

/** A page of the former holder that is about to commit keeps both waiting. */
const waitMs = 30_000;
