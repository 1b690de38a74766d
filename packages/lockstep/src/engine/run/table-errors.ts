/** What a database error means when it concerns one table of the mirror. */

import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { concernsOneTable, isLockTimeout, isTableChanged } from '../../postgres/index.ts';
import { withProblem } from './problems.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { StreamState } from './sync-state.ts';

export class TableLocked extends Error {
  override readonly name = 'TableLocked';
}

/**
 * The stream after a database error in its table. An error that concerns more than one table is thrown again.
 */
export async function afterTableError(
  deps: SyncDeps,
  stream: StreamState,
  error: unknown,
): Promise<StreamState> {
  const fault = await tableFault(deps, stream, error);
  if (!fault) throw error;
  const { sobject } = stream.table.stream;
  deps.log.warn('a table refuses its pages', { stream: sobject, sqlState: sqlState(error) ?? 'locked' });
  return {
    ...withProblem(stream, 'table', fault, deps.clock.now()),
    isTableChanged: fault.code === 'SCH-04',
  };
}

/** The fault of one table that a database error shows; null if it concerns more than that table. */
export async function tableFault(
  { mirror }: SyncDeps,
  { table }: StreamState,
  error: unknown,
): Promise<Fault | null> {
  const stream = table.stream.sobject;
  if (error instanceof TableLocked || isLockTimeout(error)) {
    const holders = await mirror.lockHolders(table).catch(() => null);
    return new Fault('DB-16', { stream, reason: holders ?? 'the session is unknown' });
  }
  if (!concernsOneTable(error)) return null;
  const code = sqlState(error) ?? '';
  return isTableChanged(error)
    ? new Fault('SCH-04', { stream, reason: `the database reported ${code}` })
    : new Fault('DB-15', { stream, reason: code });
}
