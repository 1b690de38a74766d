/** Statements on problems: why a stream, or one of the activities for it, is backing off. */
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

/** One for each activity that is backing off. */
export const selectProblems = (tx: Tx) =>
  tx.query<ProblemRow>(sql`SELECT stream_no, kind, code, explanation, next, tries FROM _lockstep.problem`);

export const deleteProblem = (tx: Tx, streamNo: number, kind: string) =>
  tx.query(sql`DELETE FROM _lockstep.problem WHERE stream_no = ${streamNo} AND kind = ${kind}`);

/** `since` stays the same while the code does. */
export const upsertProblem = (tx: Tx, p: ProblemRow & { waitMs: number }) =>
  tx.query(sql`
  INSERT INTO _lockstep.problem AS known (stream_no, kind, code, explanation, next, tries, retry_at)
  VALUES (${p.stream_no}, ${p.kind}, ${p.code}, ${p.explanation}, ${p.next}, ${p.tries},
          clock_timestamp() + ${Math.round(p.waitMs)}::bigint * interval '1 ms')
  ON CONFLICT (stream_no, kind) DO UPDATE
     SET since = CASE WHEN known.code = excluded.code THEN known.since ELSE excluded.since END,
         code = excluded.code, explanation = excluded.explanation, next = excluded.next,
         tries = excluded.tries, retry_at = excluded.retry_at`);
