/** Problems: why a stream, or one of the activities for it, is backing off. Recorded for `status`. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

export interface ProblemRow {
  stream_no: number;
  /** The activity that it holds up. */
  kind: string;
  code: string;
  explanation: string;
  next: string;
  tries: number;
}

/** The new state of a problem; without a code it has ended. */
export type ProblemChange = { streamNo: number; kind: string } & (
  | { code: null }
  | { code: string; explanation: string; next: string; tries: number; waitMs: number }
);

export const selectProblems = (tx: Tx) =>
  tx.query<ProblemRow>(sql`SELECT stream_no, kind, code, explanation, next, tries FROM _lockstep.problem`);

/** `since` stays the same while the code does. */
export async function recordProblems(tx: Tx, changes: readonly ProblemChange[]): Promise<void> {
  for (const change of changes) {
    const { streamNo, kind } = change;
    if (change.code === null) {
      await tx.query(sql`DELETE FROM _lockstep.problem WHERE stream_no = ${streamNo} AND kind = ${kind}`);
      continue;
    }
    const { code, explanation, next, tries, waitMs } = change;
    await tx.query(sql`
      INSERT INTO _lockstep.problem AS known (stream_no, kind, code, explanation, next, tries, retry_at)
      VALUES (${streamNo}, ${kind}, ${code}, ${explanation}, ${next}, ${tries},
              clock_timestamp() + ${Math.round(waitMs)}::bigint * interval '1 ms')
      ON CONFLICT (stream_no, kind) DO UPDATE
         SET since = CASE WHEN known.code = excluded.code THEN known.since ELSE excluded.since END,
             code = excluded.code, explanation = excluded.explanation, next = excluded.next,
             tries = excluded.tries, retry_at = excluded.retry_at`);
  }
}
