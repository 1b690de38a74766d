/** What a failure in the background means for the streams that it concerns. */
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { databaseFault } from '../../postgres/index.ts';
import type { Effect } from './background-work.ts';
import { type Activity, withProblem } from './problems.ts';
import type { Run } from './run.ts';
import { type StreamState, withStreams } from './sync-state.ts';
import { tableFault } from './table-errors.ts';

export const withProblems =
  (run: Run, streamNos: readonly number[], activity: Activity, error: unknown): Effect =>
  async (state) => {
    let next = state;
    for (const stream of state.streams) {
      const { streamNo } = stream.table.stream;
      if (!streamNos.includes(streamNo)) continue;
      const fault = await faultOf(run, stream, error);
      next = withStreams(next, [streamNo], (one) => withProblem(one, activity, fault, run.clock.now()));
    }
    return next;
  };

async function faultOf(run: Run, stream: StreamState, error: unknown): Promise<Fault> {
  if (error instanceof Fault) return error;
  const { sobject } = stream.table.stream;
  return (
    (await tableFault(run, stream, error)) ??
    databaseFault(error, 'the database') ??
    new Fault('DB-15', { stream: sobject, reason: sqlState(error) ?? 'no code' })
  );
}
