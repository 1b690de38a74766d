/** What an error of the database means that one table of the mirror has met. */

import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { isLockTimeout, isOfOneTable, isTableChanged } from '../../postgres/index.ts';
import { withProblem } from './problems.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { StreamState } from './sync-state.ts';

export class TableLocked extends Error {
  override readonly name = 'TableLocked';
}

/**
 * What an error of the database means for the stream whose table it met. What concerns more than a table is thrown on.
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

/** The fault of one table that an error of the database shows; null where it concerns more than that. */
export async function tableFault(
  { mirror }: SyncDeps,
  { table }: StreamState,
  error: unknown,
): Promise<Fault | null> {
  const stream = table.stream.sobject;
  if (error instanceof TableLocked || isLockTimeout(error)) {
    const holders = await mirror.lockHolders(table).catch(() => null);
    return new Fault('DB-16', { stream, reason: holders ?? 'its holder is not known' });
  }
  if (!isOfOneTable(error)) return null;
  const code = sqlState(error) ?? '';
  return isTableChanged(error)
    ? new Fault('SCH-04', { stream, reason: `the database said ${code}` })
    : new Fault('DB-15', { stream, sqlState: code });
}
