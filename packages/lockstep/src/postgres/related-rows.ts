/** References between rows of the mirror, to find what changes along with a written record. */

import type { Database, Tx } from '@lockstep/foundation/database';
import type { RecordId } from '../core/ids.ts';
import type { ColumnPlan } from './plan-table.ts';
import { selectReferences, selectReferring } from './table-sql.ts';
import type { Stream } from './tables.ts';
import { limitStatement, planForWholeTable } from './transaction-sql.ts';

/** The Ids in the given columns of the given rows, each once. */
export async function referencesOf(
  tx: Tx,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
): Promise<RecordId[]> {
  const rows = await selectReferences(tx, stream, columns, ids);
  return rows.map(({ id }) => id);
}

/**
 * Rows with one of the Ids in one of the columns, up to `limit`. Scans the whole table if the columns have no index,
 * and gives up after some seconds.
 */
export function rowsReferringTo(
  db: Database,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
  limit: number,
): Promise<RecordId[]> {
  return db.transaction(async (tx) => {
    await planForWholeTable(tx);
    await limitStatement(tx, scanMs);
    const rows = await selectReferring(tx, stream, columns, ids, limit);
    return rows.map(({ id }) => id);
  });
}

const scanMs = 10_000;
