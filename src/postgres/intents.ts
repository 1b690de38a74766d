import type { RecordId } from '../core/ids.ts';
import type { Tx } from '../lib/database.ts';
import * as statements from './sql.ts';

/** What is known of a proxied write. */
export type Outcome = 'applied' | 'pending' | 'refused' | 'unknown';

export interface Intent {
  /** The process that forwards it. Whoever outlives it heals what it left open. */
  owner: string;
  method: string;
  sobject: string;
  id: string | null;
}

/** Committed before anything is sent, so that a crash in between leaves a trace. */
export async function recordIntent(db: Tx, intent: Intent): Promise<number> {
  const { intent_no: intentNo } = await statements.insertIntent(db, intent);
  return intentNo;
}

export const recordOutcome = async (db: Tx, intentNo: number, outcome: Outcome): Promise<void> => {
  await statements.setOutcome(db, intentNo, outcome);
};

/**
 * Settles writes that were cut off: their process is not among the living. What they may have changed is marked to
 * be read again; a record whose Id is not known comes with the next poll of its object. Writes of the living are
 * marked too and stay open: the database may have been away when their outcome was to be recorded.
 *
 * @param streamNos  by the sobject's API name in lower case
 */
export async function healIntents(
  tx: Tx,
  living: readonly string[],
  streamNos: ReadonlyMap<string, number>,
): Promise<number> {
  const cutOff = await statements.takeCutOffIntents(tx, living);
  const open = await statements.selectOpenIntents(tx);
  for (const { sobject, id } of [...cutOff, ...open]) {
    const streamNo = streamNos.get(sobject.toLowerCase());
    if (streamNo !== undefined && id !== null) await statements.markDirty(tx, streamNo, id, true, 'cut off');
  }
  return cutOff.length;
}

/** For retention; cheap where nothing is old. */
export const purgeIntents = async (db: Tx): Promise<void> => {
  await statements.purgeIntents(db);
};

/** Marks a record to be read again, first of all. */
export const markDirty = async (db: Tx, streamNo: number, id: RecordId, reason: string): Promise<void> => {
  await statements.markDirty(db, streamNo, id, true, reason);
};

export const areDirty = async (db: Tx, streamNo: number, ids: readonly string[]): Promise<boolean> =>
  (await statements.areDirty(db, streamNo, ids)).length > 0;

/** A read-back must not wait longer than its caller does. */
export const limitLockWait = async (tx: Tx, ms: number): Promise<void> => {
  await statements.limitLockWait(tx, ms);
};
