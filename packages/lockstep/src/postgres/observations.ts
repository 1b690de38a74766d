import type { Database } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import * as statements from './sql.ts';

/**
 * One reading of Salesforce, from before its request to after its answer. Registered before the request is sent: while
 * it is open, every newer reading of the same record that is stored leaves a fence against it.
 */
export interface Observation {
  lo: number;
  /** Distinguishes it from a later one with the same number, in a database that was restored from a backup meanwhile. */
  nonce: string;
}

/** The holder of the sync's lease, which the readings belong to; identified by its epoch. */
export interface Holder {
  owner: string;
  epoch: number;
}

/** @throws {@link Fault} SYS-09 if the lease has a newer holder: the older one may not read any more. */
export async function openTickObservation(
  db: Database,
  holder: Holder,
  streams: readonly number[],
  lastsMs: number,
): Promise<Observation> {
  const [opened] = await statements.insertTickObservation(db, { ...holder, streams, lastsMs });
  if (!opened) throw new Fault('SYS-09');
  return opened;
}

/** A read-back belongs to a proxied write, not to the lease; a takeover leaves it open. */
export async function openReadBackObservation(
  db: Database,
  owner: string,
  streams: readonly number[],
  lastsMs: number,
): Promise<Observation> {
  const [opened] = await statements.insertReadBackObservation(db, { owner, streams, lastsMs });
  if (!opened) throw new Fault('SYS-09');
  return opened;
}

/** For a reading that ends without an apply, because its request failed or its plan was refused. */
export const closeObservation = async (db: Database, observation: Observation): Promise<void> => {
  await statements.deleteObservation(db, observation);
};
