import type { Tx } from '@lockstep/foundation/database';
import { markDirty } from './mark-sql.ts';
import * as statements from './sql.ts';

/** What is known about a proxied write. */
export type Outcome = 'applied' | 'pending' | 'refused' | 'unknown';

export interface Intent {
  /** The process that forwards it. If it dies, others recover the writes that it left open. */
  owner: string;
  method: string;
  /** The records that the request names, with the API name in lower case; no Id if only the sobject is known. */
  named: readonly { sobject: string; id: string | null }[];
}

/** Committed before anything is sent, so that a crash in between leaves a trace: one row per named record. */
export async function recordIntent(db: Tx, { owner, method, named }: Intent): Promise<readonly number[]> {
  const rows = await statements.insertIntents(db, owner, method, named);
  return rows.map((row) => row.intent_no);
}

/** A refused write leaves nothing behind: anybody can send as many as they like. */
export const recordOutcome = async (db: Tx, intents: readonly number[], outcome: Outcome): Promise<void> => {
  if (outcome === 'refused') await statements.deleteIntents(db, intents);
  else await statements.setOutcome(db, intents, outcome);
};

/**
 * Recovers writes that were cut off: their process is dead. What they may have changed is marked to be read again; a
 * record whose Id is not known is among the newest of its object.
 *
 * @param living     the owners that are alive
 * @param streamNos  by the sobject's API name in lower case
 * @param isStart    also marks the open writes of living owners, and leaves them open: the database may have been down
 *                   when their outcome should have been recorded
 * @returns how many were cut off, and for records without a known Id the objects, in lower case, with the age of the
 *          oldest such write in seconds
 */
export async function recoverIntents(
  tx: Tx,
  living: readonly string[],
  streamNos: ReadonlyMap<string, number>,
  isStart: boolean,
): Promise<{ recovered: number; withoutId: ReadonlyMap<string, number> }> {
  const cutOff = await statements.takeCutOffIntents(tx, living);
  const open = isStart ? await statements.selectOpenIntents(tx) : [];
  const withoutId = new Map<string, number>();
  for (const { sobject, id, age } of [...cutOff, ...open]) {
    const name = sobject.toLowerCase();
    const streamNo = streamNos.get(name);
    if (streamNo === undefined) continue;
    if (id === null) withoutId.set(name, Math.max(age, withoutId.get(name) ?? 0));
    else await markDirty(tx, streamNo, [id], { urgent: true, reason: 'cut off' });
  }
  return { recovered: cutOff.length, withoutId };
}

/** Whether any proxied write is under way or was cut off. Cheap to call. */
export const hasOpenIntents = async (db: Tx): Promise<boolean> =>
  (await statements.selectOpenIntents(db)).length > 0;
