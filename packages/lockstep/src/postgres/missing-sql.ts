/** Statements on rows whose records a reading did not find, and on how many rows were removed. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import { settledTime } from './mark-sql.ts';
import { keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/**
 * Those of the Ids that have a row, and for which nothing else says that they were deleted. `is_held` is the same for
 * all: with them, more rows would go in a day than may go unasked.
 */
export function selectUnexplained(tx: Tx, stream: Stream, ids: readonly RecordId[]) {
  const { streamNo, schema, table } = stream;
  const id = keyOf(stream);
  return tx.query<{ id: string; is_held: boolean }>(sql`
  WITH missing AS MATERIALIZED (
    SELECT t.${id} AS id, d.reason IS NOT DISTINCT FROM 'absent' AS is_counted
      FROM unnest(${ids}::text[] COLLATE "C") AS asked (id)
      JOIN ${ident(schema, table)} t ON t.${id} = asked.id
      LEFT JOIN _lockstep.dirty d ON d.stream_no = ${streamNo} AND d.id = asked.id
     WHERE coalesce(d.reason, '') NOT IN ('accepted', 'deleted log')
  )
  SELECT missing.id,
         m.rows + m.removed + (SELECT count(*) FROM missing WHERE NOT is_counted) > m.rows_max AS is_held
    FROM missing JOIN _lockstep.missing m ON m.stream_no = ${streamNo}`);
}

/** Adds to this hour's count. */
export const countRemoved = (tx: Tx, streamNo: number, rows: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.removal AS r (stream_no, hour, rows)
  VALUES (${streamNo}, date_trunc('hour', clock_timestamp()), ${rows})
  ON CONFLICT (stream_no, hour) DO UPDATE SET rows = r.rows + EXCLUDED.rows`);

export const markAbsent = (tx: Tx, streamNo: number, ids: readonly string[], hi: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT ${streamNo}, id, ${hi}, ${hi}, false, 'absent', ${settledTime(streamNo)}
    FROM unnest(${ids}::text[] COLLATE "C") AS id ORDER BY id
  ON CONFLICT (stream_no, id) DO UPDATE SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), reason = 'absent'`);
