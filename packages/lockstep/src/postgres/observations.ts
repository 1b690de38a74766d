import type { Database } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import * as statements from './sql.ts';

/**
 * One reading of Salesforce, from before its request to after its answer. Registered before the request is sent: as
 * long as it is open, whoever accepts a newer reading of the same record leaves a fence against it.
 */
export interface Observation {
  lo: number;
  /** Tells it from a later one with the same number, in a database that was restored meanwhile. */
  nonce: string;
}

/** Whose readings they are: the holder of the sync's lease, known by its epoch. */
export interface Holder {
  owner: string;
  epoch: number;
}

/** @throws {@link Fault} SYS-09 where the lease has a newer holder: nothing may be read on its behalf any more. */
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

/** For a reading that ends without an apply: a failed request, a refused plan. */
export const closeObservation = async (db: Database, observation: Observation): Promise<void> => {
  await statements.deleteObservation(db, observation);
};
