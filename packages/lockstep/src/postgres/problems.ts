/** Problems: why a stream, or one of the activities for it, is backing off. Recorded for `status`. */
import type { Tx } from '@lockstep/foundation/database';
import { deleteProblem, upsertProblem } from './problem-sql.ts';

/** The new state of a problem; without a code it has ended. */
export type ProblemChange = { streamNo: number; kind: string } & (
  | { code: null }
  | { code: string; explanation: string; next: string; tries: number; waitMs: number }
);

export async function recordProblems(tx: Tx, changes: readonly ProblemChange[]): Promise<void> {
  for (const { streamNo, ...change } of changes) {
    if (change.code === null) await deleteProblem(tx, streamNo, change.kind);
    else await upsertProblem(tx, { stream_no: streamNo, ...change });
  }
}
