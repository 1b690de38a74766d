import type { Database, Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { closeForgottenBulk } from './bulk-sql.ts';
import type { Holder } from './observations.ts';
import * as statements from './sql.ts';
import { limitLockWait, setNoRole } from './transaction-sql.ts';

/**
 * Takes a destination over from the sync's former holder: from now on only readings of this epoch are accepted.
 * A page of a former holder is either committed before this returns, or refused.
 *
 * @throws {@link Fault} SYS-09 if a newer holder has already taken over
 */
export async function takeOver(db: Database, holder: Holder): Promise<void> {
  const raised = await db.transaction(async (tx: Tx) => {
    await limitLockWait(tx, waitMs);
    return statements.raiseEpoch(tx, holder.epoch);
  });
  if (raised.length === 0) throw new Fault('SYS-09');
  await db.transaction(async (tx) => {
    // A writer's sessions begin as the owner role, which may end no sessions; the login itself may end its own.
    await setNoRole(tx);
    await statements.endFormerSessions(tx, holder.epoch);
  });
  await db.transaction(async (tx) => {
    await limitLockWait(tx, waitMs);
    await statements.closeFormerObservations(tx, holder.epoch);
    await closeForgottenBulk(tx);
  });
}

/** Both transactions wait for a page of the former holder that is about to commit. */
const waitMs = 30_000;
