/**
 * Statements on records that the mirror cannot store as they are: a value does not fit its column, or breaks a
 * constraint that somebody has added. Each is kept as Salesforce's text, holds back the time up to which the stream
 * claims to be settled, and is read again now and then, so that it is stored without help once the obstacle is gone.
 */

import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { stampSlackSeconds } from '../core/merge-rule.ts';
import { secondsOf } from '../core/stamps.ts';
import { settledTime } from './mark-sql.ts';

export interface RefusedRecord {
  id: string;
  /** The column that cannot store its value; null if the record as a whole was refused. */
  column: string | null;
  /** `misfit`, `lone surrogate`, or the SQLSTATE of the refusal. */
  code: string;
  /** SystemModstamp as Salesforce prints it; null if there is none. */
  stamp: string | null;
  text: string;
}

/** How many refused records got which verdict. */
export interface SetAsideCounts {
  quarantined: number;
  stale: number;
  dirty: number;
}

/**
 * Sets records aside as a reading shows them, by the merge rule: a record that is older than the stored one is dropped,
 * and one that is set aside leaves a fence, so that an older reading can neither bring back its own values nor release
 * the record. A mark is cleared as by any other reading, because reading the record again would find the same.
 */
export async function setAside(
  tx: Tx,
  streamNo: number,
  { lo, hi }: { lo: number; hi: number },
  records: readonly RefusedRecord[],
): Promise<SetAsideCounts> {
  const [found] = await tx.query<SetAsideCounts>(sql`
  WITH refused AS MATERIALIZED (
    SELECT DISTINCT ON (r.id) r.*,
           CASE WHEN f.id IS NULL OR ${lo} >= f.hi THEN 'store'
                WHEN ${hi} <= f.lo THEN CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END
                WHEN r.stamp > f.stamp + ${slack} THEN 'store'
                WHEN r.stamp < f.stamp - ${slack} THEN CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END
                ELSE 'dirty'
           END AS verdict
      FROM (SELECT id, column_name, code, to_timestamp(seconds) AS stamp, record
              FROM unnest(${records.map(({ id }) => id)}::text[] COLLATE "C",
                          ${records.map(({ column }) => column)}::text[],
                          ${records.map(({ code }) => code)}::text[],
                          ${records.map(({ stamp }) => secondsIn(stamp))}::bigint[],
                          ${records.map(({ text }) => text)}::text[]) AS given (id, column_name, code, seconds, record)
           ) r
      LEFT JOIN _lockstep.fence f ON f.stream_no = ${streamNo} AND f.id = r.id
     ORDER BY r.id, r.stamp DESC NULLS LAST
  ),
  stored AS (
    INSERT INTO _lockstep.quarantine AS q (stream_no, id, column_name, code, record, stamped_at, retry_at)
    SELECT ${streamNo}, id, column_name, code, record, coalesce(stamp - ${slack}, ${settledTime(streamNo)}),
           clock_timestamp() + ${retryAfter(sql`1`)}
      FROM refused WHERE verdict = 'store'
    ON CONFLICT (stream_no, id) DO UPDATE
       SET column_name = EXCLUDED.column_name, code = EXCLUDED.code, record = EXCLUDED.record,
           stamped_at = least(q.stamped_at, EXCLUDED.stamped_at), last_seen_at = clock_timestamp(),
           tries = q.tries + 1, retry_at = clock_timestamp() + ${retryAfter(sql`q.tries + 1`)}
  ),
  fenced AS (
    INSERT INTO _lockstep.fence (stream_no, id, lo, hi, stamp, deleted)
    SELECT ${streamNo}, id, ${lo}, ${hi}, stamp, false FROM refused
     WHERE verdict = 'store'
       AND EXISTS (SELECT FROM _lockstep.observation o
                    WHERE o.streams @> ARRAY[${streamNo}::smallint] AND o.lo < ${hi} AND o.lo <> ${lo})
    ON CONFLICT (stream_no, id) DO UPDATE
       SET lo = EXCLUDED.lo, hi = EXCLUDED.hi, stamp = EXCLUDED.stamp, deleted = false, partial = false
  ),
  unmarked AS (
    DELETE FROM _lockstep.dirty
     WHERE stream_no = ${streamNo} AND since_ticket < ${lo}
       AND id = ANY (ARRAY(SELECT id FROM refused WHERE verdict = 'store'))
  ),
  marked AS (
    INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
    SELECT ${streamNo}, id, ${hi}, ${hi}, false, 'overlap', coalesce(stamp - ${slack}, ${settledTime(streamNo)})
      FROM refused WHERE verdict = 'dirty'
    ON CONFLICT (stream_no, id) DO UPDATE
       SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at),
           reason = 'overlap'
  )
  SELECT count(*) FILTER (WHERE verdict = 'store') AS quarantined,
         count(*) FILTER (WHERE verdict = 'dirty') AS dirty,
         ${records.length} - count(*) FILTER (WHERE verdict IN ('store', 'dirty')) AS stale
    FROM refused`);
  return found ?? { quarantined: 0, stale: 0, dirty: 0 };
}

const slack = sql`${stampSlackSeconds}::integer * interval '1 second'`;

/** A minute after the first try, then twice as long after each, up to an hour. */
const retryAfter = (tries: ReturnType<typeof sql>) =>
  sql`least(interval '1 hour', interval '30 seconds' * 2 ^ least(${tries}, 10))`;

/** Null if the stamp is missing or invalid: then the time up to which the stream is settled takes its place. */
function secondsIn(stamp: string | null): number | null {
  const seconds = stamp === null ? Number.NaN : secondsOf(stamp);
  return Number.isFinite(seconds) ? Math.floor(seconds) : null;
}

/**
 * Sets aside records that were read again {@link triesMax} times and stayed marked: their readings contradict each
 * other, and more readings would too. The row in the mirror may be out of date.
 */
export const setAsideUnsettled = (tx: Tx, streamNo: number) =>
  tx.query(sql`
  WITH hopeless AS (
    DELETE FROM _lockstep.dirty
     WHERE stream_no = ${streamNo} AND tries >= ${triesMax} AND reason NOT IN ('absent', 'kept')
    RETURNING id, stamped_at
  )
  INSERT INTO _lockstep.quarantine AS q (stream_no, id, code, record, stamped_at, retry_at)
  SELECT ${streamNo}, id, 'unsettled', '{}', stamped_at, clock_timestamp() + ${retryAfter(sql`1`)} FROM hopeless
  ON CONFLICT (stream_no, id) DO UPDATE
     SET column_name = NULL, code = EXCLUDED.code, stamped_at = least(q.stamped_at, EXCLUDED.stamped_at),
         last_seen_at = clock_timestamp(), tries = q.tries + 1,
         retry_at = clock_timestamp() + ${retryAfter(sql`q.tries + 1`)}`);

const triesMax = 30;

/** How many records of a stream are read again at once. */
const retriesMax = 1_000;

/** Marks the records whose retry is due, so that they are read again. */
export const retrySetAside = (tx: Tx) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT stream_no, id, ticket, ticket, false, 'set aside', stamped_at
    FROM (SELECT due.*, nextval('_lockstep.ticket') AS ticket
            FROM (SELECT c.stream_no, q.id, q.stamped_at
                    FROM _lockstep.checkpoint c
                   CROSS JOIN LATERAL (
                         SELECT id, stamped_at FROM _lockstep.quarantine
                          WHERE stream_no = c.stream_no AND retry_at <= clock_timestamp()
                          ORDER BY retry_at LIMIT ${retriesMax}) q
                   WHERE c.state <> 'stopped'
                   ORDER BY c.stream_no, q.id) due) AS marked
  ON CONFLICT (stream_no, id) DO NOTHING`);

/** The retry of all records of a stream is due now. */
export const retrySetAsideNow = (tx: Tx, streamNo: number) =>
  tx.query(sql`UPDATE _lockstep.quarantine SET retry_at = clock_timestamp() WHERE stream_no = ${streamNo}`);

/** How many records of an object were set aside for the same reason. */
export interface SetAsideCount {
  sobject: string;
  column: string | null;
  code: string;
  rows: number;
}

/** One for each object, column and reason. */
export const selectSetAside = (tx: Tx) =>
  tx.query<SetAsideCount>(sql`
  SELECT c.sobject, q.column_name AS column, q.code, count(*) AS rows
    FROM _lockstep.quarantine q JOIN _lockstep.checkpoint c USING (stream_no)
   GROUP BY c.sobject, q.column_name, q.code ORDER BY c.sobject, q.column_name, q.code`);
