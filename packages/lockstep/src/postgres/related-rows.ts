/** References between rows of the mirror, to find what changes along with a written record. */

import type { Database, Tx } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import type { ColumnPlan } from './plan-table.ts';
import { planForWholeTable } from './planner.ts';
import { keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/** The Ids in the given columns of the given rows, each once. */
export async function referencesOf(
  tx: Tx,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
): Promise<RecordId[]> {
  const values = join(
    columns.map(({ column }) => sql`t.${ident(column)}`),
    ', ',
  );
  const rows = await tx.query<{ id: RecordId }>(sql`
    SELECT DISTINCT held.id
      FROM ${ident(stream.schema, stream.table)} t, unnest(ARRAY[${values}]) AS held (id)
     WHERE t.${keyOf(stream)} = ANY (${ids}::text[]) AND held.id IS NOT NULL`);
  return rows.map(({ id }) => id);
}

/**
 * Rows with one of the Ids in one of the columns, up to `limit`. Scans the whole table if the columns have no index, and
 * gives up after some seconds.
 */
export function rowsReferringTo(
  db: Database,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
  limit: number,
): Promise<RecordId[]> {
  const refers = columns.map(({ column }) => sql`${ident(column)} = ANY (${ids}::text[])`);
  return db.transaction(async (tx) => {
    await planForWholeTable(tx);
    await tx.query(sql`SELECT set_config('statement_timeout', ${scanMs}, true)`);
    const rows = await tx.query<{ id: RecordId }>(sql`
      SELECT ${keyOf(stream)} AS id FROM ${ident(stream.schema, stream.table)}
       WHERE ${join(refers, ' OR ')} LIMIT ${limit}`);
    return rows.map(({ id }) => id);
  });
}

const scanMs = '10000';
