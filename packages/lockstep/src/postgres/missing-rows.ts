/**
 * Rows whose records a reading did not find, and for which nothing else says that they were deleted. A lost permission
 * looks like a deletion, so every reading that would remove such rows asks here first. Removals are counted over a day:
 * many small readings may not remove what one large reading may not.
 */

import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import { settledTime } from './mark-sql.ts';
import { keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/**
 * Which of the rows must stay until a person has decided: none, or all whose removal nobody has accepted yet. Those that
 * stay are marked as absent; those that may be removed count as removed from now on.
 *
 * @param ids  asked for by a full reading, and missing from its complete answer
 * @param hi   the reading's end ticket
 */
export async function keepMissing(
  tx: Tx,
  stream: Stream,
  ids: readonly RecordId[],
  hi: number,
): Promise<ReadonlySet<string>> {
  const { streamNo, schema, table } = stream;
  const id = keyOf(stream);
  const unexplained = await tx.query<{ id: string; is_held: boolean }>(sql`
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
  const [first] = unexplained;
  if (!first) return new Set();
  const rows = unexplained.map((row) => row.id);
  if (!first.is_held) {
    await countRemoved(tx, streamNo, rows.length);
    return new Set();
  }
  await markAbsent(tx, streamNo, rows, hi);
  return new Set(rows);
}

const countRemoved = (tx: Tx, streamNo: number, rows: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.removal AS r (stream_no, hour, rows)
  VALUES (${streamNo}, date_trunc('hour', clock_timestamp()), ${rows})
  ON CONFLICT (stream_no, hour) DO UPDATE SET rows = r.rows + EXCLUDED.rows`);

const markAbsent = (tx: Tx, streamNo: number, ids: readonly string[], hi: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT ${streamNo}, id, ${hi}, ${hi}, false, 'absent', ${settledTime(streamNo)}
    FROM unnest(${ids}::text[] COLLATE "C") AS id ORDER BY id
  ON CONFLICT (stream_no, id) DO UPDATE SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), reason = 'absent'`);
