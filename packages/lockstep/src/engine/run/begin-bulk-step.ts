/** Begins the steps of reading tables by Bulk, in the background. */
import { Fault } from '../../core/faults.ts';
import { bulkPurpose } from '../cursors/bulk.ts';
import type { BulkStep, BulkUnderWay } from '../plan/bulk-step.ts';
import type { BackgroundWork } from './background-work.ts';
import { takeBulkStep } from './bulk-steps.ts';
import { withoutProblem } from './problems.ts';
import type { BackgroundRun } from './run.ts';
import { withProblems } from './stream-problems.ts';
import { type StreamState, type SyncState, withStreams } from './sync-state.ts';

const jobOf = (streamNo: number) => `bulk ${streamNo}`;
const pageOf = (streamNo: number, pageNo: number) => `bulk ${streamNo} page ${pageNo}`;

/** Which steps are under way. */
export function bulkUnderWay(background: BackgroundWork, streams: readonly StreamState[]): BulkUnderWay {
  const numbers = streams.map(({ table }) => table.stream.streamNo);
  return {
    jobs: new Set(numbers.filter((streamNo) => background.isUnderWay(jobOf(streamNo)))),
    pages: new Map(
      streams.map(({ table: { stream }, bulkPages }) => [
        stream.streamNo,
        new Set(
          bulkPages
            .map(({ page_no: pageNo }) => pageNo)
            .filter((pageNo) => background.isUnderWay(pageOf(stream.streamNo, pageNo))),
        ),
      ]),
    ),
  };
}

/** A step has its effect in the destination: afterwards the state is loaded from there. */
export function beginBulkStep(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  { index, step }: { index: number; step: BulkStep },
): void {
  const stream = state.streams[index];
  if (!stream) return;
  const { streamNo } = stream.table.stream;
  const purpose = step.do === 'begin' ? step.purpose : (bulkPurpose(stream.cursors.bulk) ?? 'backfill');
  background.begin(
    step.do === 'read' ? pageOf(streamNo, step.pageNo) : jobOf(streamNo),
    async (signal) => {
      await takeBulkStep(run, stream, step, state, signal);
      return async (now) => run.reload(withStreams(now, [streamNo], (one) => withoutProblem(one, purpose)));
    },
    (error) => async (now) => {
      // The table or the job has changed under the step, or the lease is lost, which the next reading shows.
      if (error instanceof Fault && error.code === 'SYS-09') return run.reload(now);
      return run.reload(await withProblems(run, [streamNo], purpose, error)(now));
    },
  );
}
