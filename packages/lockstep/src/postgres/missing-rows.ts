/**
 * Rows whose records a reading did not find, and for which nothing else says that they were deleted. A lost permission
 * looks like a deletion, so every reading that would remove such rows asks here first. Removals are counted over a day:
 * many small readings may not remove what one large reading may not.
 */

import type { Tx } from '@lockstep/foundation/database';
import type { RecordId } from '../core/ids.ts';
import { countRemoved, markAbsent, selectUnexplained } from './missing-sql.ts';
import type { Stream } from './tables.ts';

/**
 * Which of the rows must stay until a person has decided: none, or all whose removal nobody has accepted yet. Those
 * that stay are marked as absent; those that may be removed count as removed from now on.
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
  const { streamNo } = stream;
  const unexplained = await selectUnexplained(tx, stream, ids);
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
