import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements on the chosen objects of a sync (streams.ts). */

/** The chosen objects, in their order, after those that are there. */
export const insertStreams = (tx: Tx, syncId: SyncId, sobjects: readonly string[]) =>
  tx.query(sql`
  INSERT INTO lockstep.stream (sync_id, sobject, position)
  SELECT ${syncId}, chosen.sobject,
         chosen.position + coalesce((SELECT max(position) FROM lockstep.stream WHERE sync_id = ${syncId}), 0)
    FROM unnest(${sobjects}::text[]) WITH ORDINALITY AS chosen (sobject, position)
  ON CONFLICT (sync_id, sobject) DO NOTHING`);

/** One row: it was chosen. */
export const markLeaving = (
  tx: Tx,
  syncId: SyncId,
  { sobject, table, who }: Leaving & { who: string | null },
) =>
  tx.query(sql`
  UPDATE lockstep.stream SET leaving = ${table}, removed_by = ${who}
   WHERE sync_id = ${syncId} AND sobject = ${sobject} AND leaving IS NULL RETURNING sobject`);

/** One row: it was leaving. */
export const deleteLeft = (tx: Tx, syncId: SyncId, sobject: string) =>
  tx.query<{ removed_by: string | null }>(sql`
  DELETE FROM lockstep.stream WHERE sync_id = ${syncId} AND sobject = ${sobject} AND leaving IS NOT NULL
  RETURNING removed_by`);

export interface Leaving {
  sobject: string;
  table: 'keep table' | 'drop table';
}
