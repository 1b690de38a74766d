import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the lock on changes of a mirror (change-lock.ts). */

/** First key of the lock; the second is the hash of the sync's id. */
const changeLock = 78;

export const limitWaiting = (tx: Tx, waitMaxMs: number) =>
  tx.query(sql`SELECT set_config('lock_timeout', ${String(waitMaxMs)}, false)`);

/** For the life of the session. @throws 55P03: another session has held it for too long */
export const takeChangeLock = (tx: Tx, syncId: SyncId) =>
  tx.query(sql`SELECT pg_advisory_lock(${changeLock}, hashtext(${syncId}))`);
