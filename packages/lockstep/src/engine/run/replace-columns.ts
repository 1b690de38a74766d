/** Columns of fields with another type take the place of the earlier ones when they are complete. */
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { failureFields, type ReplacingColumn, type Stream, type StreamTable } from '../../postgres/index.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import { isBackingOff, withoutProblem, withProblem } from './problems.ts';
import type { BackgroundRun, Run } from './run.ts';
import { type StreamState, type SyncState, withStreams } from './sync-state.ts';

/** The table as its plan is now; undefined: the object has left the sync. */
export const currentTable = ({ tables }: Run, { sobject }: Stream): StreamTable | undefined =>
  tables.get(sobject.toLowerCase());

/** Begins what is due: a column at a time, and then the indexes that the earlier column had. */
export function beginReplacements(run: BackgroundRun, background: BackgroundWork, state: SyncState): void {
  for (const stream of state.streams) {
    const { replacing, streamNo } = stream.table.stream;
    const isDue = ({ replaces, isComplete, isFilling }: ReplacingColumn) =>
      replaces === null || isComplete || (isFilling && isReadAgain(stream));
    const column = replacing.toSorted((a, b) => rank(a) - rank(b)).find(isDue);
    if (!column || stream.isTableChanged || isBackingOff(stream, 'schema', run.clock.now())) continue;
    background.begin(
      `replace ${streamNo}`,
      async () => {
        if (column.replaces !== null) return (now) => replace(run, stream, column, now);
        await run.mirror.makeIndexesAgain(stream.table);
        return (now) => run.reload(now);
      },
      (error) => waiting(run, stream, error),
    );
  }
}

/** Since the last of its fields has to be filled, a pass has read all records; the plan was loaded before. */
const isReadAgain = ({ cursors: { content, backfill }, table: { stream } }: StreamState): boolean =>
  backfill === null &&
  content !== null &&
  stream.returnedAt !== null &&
  content.position.lastAt >= stream.returnedAt;

/** Columns first: indexes take long. */
const rank = ({ replaces }: ReplacingColumn) => (replaces === null ? 1 : 0);

async function replace(
  run: BackgroundRun,
  { table: { stream } }: StreamState,
  column: ReplacingColumn,
  now: SyncState,
): Promise<SyncState> {
  const { sobject, streamNo } = stream;
  const table = currentTable(run, stream);
  if (table?.stream.planVersion !== stream.planVersion) return now;
  try {
    if (!(await run.mirror.replaceColumn(table, column)))
      throw new Fault('SCH-11', { stream: sobject, reason: 'its values are not complete' });
  } catch (error) {
    const isWaiting = error instanceof Fault ? error.code.startsWith('SCH-') : sqlState(error) === '55P03';
    if (!isWaiting) throw error;
    const fault = await schemaFault(run, table, error);
    return withStreams(now, [streamNo], (one) => withProblem(one, 'schema', fault, run.clock.now()));
  }
  run.log.info('a column took the place of another', { stream: sobject });
  run.onActivity?.({ kind: 'schema', event: 'column replaced', sobject, detail: column.field });
  return run.reload(withStreams(now, [streamNo], (one) => withoutProblem(one, 'schema')));
}

const waiting =
  (run: Run, { table }: StreamState, error: unknown): Effect =>
  async (now) => {
    run.log.warn('indexes cannot be made again', { stream: table.stream.sobject, ...failureFields(error) });
    const fault = await schemaFault(run, table, error);
    return withStreams(now, [table.stream.streamNo], (one) =>
      withProblem(one, 'schema', fault, run.clock.now()),
    );
  };

/** Why the table cannot follow a change of its fields now. */
export async function schemaFault({ mirror }: Run, table: StreamTable, error: unknown): Promise<Fault> {
  if (error instanceof Fault) return error;
  const holders = await mirror.lockHolders(table).catch(() => null);
  const code = sqlState(error);
  const reason = code === '55P03' ? (holders ?? 'by a session that has ended') : `the database says ${code}`;
  return new Fault('SCH-11', { stream: table.stream.sobject, reason });
}
