/** What an error of the database means that one table of the mirror has met. */
import { Fault } from '../core/faults.ts';
import { sqlState } from '../lib/database.ts';
import { isLockTimeout, isOfOneTable, isTableChanged } from '../postgres/index.ts';
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
  const { sobject } = stream.table.stream;
  const isLocked = error instanceof TableLocked || isLockTimeout(error);
  if (!isLocked && !isOfOneTable(error)) throw error;
  const code = sqlState(error);
  const isChanged = !isLocked && isTableChanged(error);
  deps.log.warn('a table refuses its pages', { stream: sobject, sqlState: code ?? 'locked' });
  const fault = isLocked
    ? new Fault('DB-16', { stream: sobject, reason: await lockedBy(deps, stream) })
    : isChanged
      ? new Fault('SCH-04', { stream: sobject, reason: `the database said ${code}` })
      : new Fault('DB-15', { stream: sobject, sqlState: code ?? '' });
  return { ...withProblem(stream, 'table', fault, deps.clock.now()), isTableChanged: isChanged };
}

const lockedBy = async ({ mirror }: SyncDeps, { table }: StreamState): Promise<string> =>
  (await mirror.lockHolders(table).catch(() => null)) ?? 'its holder is not known';
