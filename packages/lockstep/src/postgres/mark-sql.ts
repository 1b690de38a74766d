/** Statements on marks: the records to read again, and why. */
import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';

/** Why a record must be read again. */
export type MarkReason =
  /** Two readings overlap, and nothing tells which is newer. */
  | 'overlap'
  /** A proxied write, whose own reading did not come in time. */
  | 'written'
  /** A master or a child of a record that was written, deleted or merged. */
  | 'related'
  /** A proxied write whose outcome is unknown. */
  | 'cut off'
  /** A check read other values than the row has. */
  | 'differs'
  /** It changed between the queries that select its fields. */
  | 'torn'
  /** A check did not find it. */
  | 'absent'
  /** A person decided that missing rows may go. */
  | 'accepted'
  /** A person decided that missing rows stay. */
  | 'kept'
  /** Salesforce's log of deletions names it. */
  | 'deleted log'
  /** PostgreSQL refuses it as it was. */
  | 'set aside'
  /** Somebody asked for it by its Id. */
  | 'asked';

/** What changes in a stream besides its cursors: its number of rows, and the marks that may be read now. */
export interface StreamFigures {
  stream_no: number;
  rows: number;
  /** Whether a proxied write waits for one of the marked records; null if none may be read now. */
  urgent: boolean | null;
  /** The ticket of the oldest mark among them. */
  oldest: number | null;
}

/** Marks that wait only for their turn. Written like the predicate of the partial indexes, so that those are used. */
const isOpenMark = sql`d.reason NOT IN ('absent', 'kept')`;

/** Rows that a check did not find may go once the check is over, unless they are too many: then a person decides. */
const mayAbsentGo = (streamNo: Sql) => sql`
  (SELECT NOT m.is_checking AND NOT m.is_held FROM _lockstep.missing m WHERE m.stream_no = ${streamNo})`;

/**
 * The figures of each stream, in time that does not depend on the number of marks: each part takes the first entry of
 * an index. A stopped stream's marks wait until it is read again.
 */
export const selectFigures = (tx: Tx) =>
  tx.query<StreamFigures>(sql`
  SELECT c.stream_no, c.rows,
         CASE WHEN next.urgent IS NOT NULL OR absent.first_since_ticket IS NOT NULL
              THEN coalesce(next.urgent, false)
         END AS urgent,
         least(oldest.first_since_ticket, absent.first_since_ticket) AS oldest
    FROM _lockstep.checkpoint c
    LEFT JOIN LATERAL (
         SELECT d.urgent FROM _lockstep.dirty d
          WHERE c.state <> 'stopped' AND d.stream_no = c.stream_no AND ${isOpenMark}
          ORDER BY d.urgent DESC, d.since_ticket LIMIT 1) next ON true
    LEFT JOIN LATERAL (
         SELECT d.first_since_ticket FROM _lockstep.dirty d
          WHERE next.urgent IS NOT NULL AND d.stream_no = c.stream_no AND ${isOpenMark}
          ORDER BY d.first_since_ticket LIMIT 1) oldest ON true
    LEFT JOIN LATERAL (
         SELECT d.first_since_ticket FROM _lockstep.dirty d
          WHERE c.state <> 'stopped' AND c.absent_rows > 0 AND ${mayAbsentGo(sql`c.stream_no`)}
            AND d.stream_no = c.stream_no AND d.reason = 'absent'
          ORDER BY d.first_since_ticket LIMIT 1) absent ON true
   ORDER BY c.stream_no`);

/** The next records of a stream to read again, first those that a proxied write waits for. */
export const selectMarked = (tx: Tx, streamNo: number, limit: number) =>
  tx.query<{ id: string }>(sql`
  (SELECT d.id FROM _lockstep.dirty d
    WHERE d.stream_no = ${streamNo} AND ${isOpenMark}
    ORDER BY d.urgent DESC, d.since_ticket LIMIT ${limit})
  UNION ALL
  (SELECT d.id FROM _lockstep.dirty d
    WHERE ${mayAbsentGo(sql`${streamNo}::smallint`)} AND d.stream_no = ${streamNo} AND d.reason = 'absent'
    ORDER BY d.first_since_ticket LIMIT ${limit})
  LIMIT ${limit}`);

/** The last ticket taken: every mark so far has this one or an older one. */
export const selectLastTicket = (tx: Tx) =>
  tx.query<{ ticket: number }>(sql`SELECT last_value AS ticket FROM _lockstep.ticket`);

/**
 * For marks that know nothing about the record: what the mirror misses of it is not older than the time up to which the
 * stream is settled now.
 */
export const settledTime = (streamNo: number) => sql`
  (SELECT to_timestamp((position ->> 'at')::bigint) FROM _lockstep.cursor WHERE stream_no = ${streamNo} AND kind = 'recheck')`;

/**
 * A later mark raises `since_ticket`, so that a reading under way at that moment does not clear it. If two marks come
 * at the same time, the one with the earlier ticket may get the row last, and must not lower it.
 */
export const markDirty = (
  tx: Tx,
  streamNo: number,
  ids: readonly string[],
  { urgent, reason }: { urgent: boolean; reason: MarkReason },
) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT ${streamNo}, id, ticket, ticket, ${urgent}, ${reason}, ${settledTime(streamNo)}
    FROM (SELECT id, nextval('_lockstep.ticket') AS ticket
            FROM unnest(${ids}::text[] COLLATE "C") AS id ORDER BY id) AS marked
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), urgent = dirty.urgent OR EXCLUDED.urgent,
         reason = EXCLUDED.reason, stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at)`);

/**
 * Marks records that a reading of some of their columns could not store: the reading of all columns decides.
 *
 * @param hi  the ticket at which that reading ended
 */
export const markRefused = (tx: Tx, streamNo: number, ids: readonly string[], hi: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT ${streamNo}, id, ${hi}, ${hi}, false, 'differs', ${settledTime(streamNo)}
    FROM (SELECT DISTINCT id FROM unnest(${ids}::text[] COLLATE "C") AS id ORDER BY id) AS refused
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), reason = EXCLUDED.reason,
         stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at)`);

/** Decides on rows that a sweep did not find: they are removed, or kept until a sweep finds them again. */
export const decideOnAbsent = (tx: Tx, streamNo: number, decision: 'accepted' | 'kept') =>
  tx.query(sql`
  UPDATE _lockstep.dirty SET reason = ${decision} WHERE stream_no = ${streamNo} AND reason = 'absent'`);

/** More are not counted: a graph only has to show whether the number rises or falls. */
const openRepairsMax = 10_000;

/** Records that are marked to be read again, without those that a check or a person has yet to decide on. */
export async function countOpenMarks(db: Tx): Promise<number> {
  const [row] = await db.query<{ repairs: number }>(sql`
    SELECT count(*)::integer AS repairs
      FROM (SELECT FROM _lockstep.dirty WHERE reason NOT IN ('absent', 'kept') LIMIT ${openRepairsMax}) AS open`);
  return row?.repairs ?? 0;
}
