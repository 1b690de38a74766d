/** Who may have a table's name: the stream of its object, or nobody yet. */
import type { Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { selectRelationOwner } from './catalog-sql.ts';
import { deleteKeptTable, selectKeptTable } from './kept-table-sql.ts';
import type { TablePlan } from './plan-table.ts';
import { deleteAllRows, selectStreams } from './stream-sql.ts';
import { commentStart } from './table-comments.ts';

/**
 * Takes up a table that this mirror kept when its object was removed. Rows of another org are deleted from it: their
 * Ids mean nothing beside those that are copied next.
 *
 * @throws {@link Fault} `DB-10`, see {@link refuseTakenName}
 */
export async function takeUpTable(tx: Tx, schema: string, plan: TablePlan): Promise<void> {
  const kept = await refuseTakenName(tx, schema, plan);
  if (kept && !kept.has_rows_of_org) await deleteAllRows(tx, schema, [plan.table]);
  await deleteKeptTable(tx, plan.table);
}

/**
 * @returns what is remembered of the table if this mirror has kept it
 * @throws {@link Fault} `DB-10`: something else has the table's name, perhaps a table that an earlier sync has left
 */
export async function refuseTakenName(tx: Tx, schema: string, { sobject, table }: TablePlan) {
  const known = await selectStreams(tx);
  if (known.some((stream) => stream.sobject === sobject)) return null;
  const [relation] = await selectRelationOwner(tx, { schema, table });
  if (!relation) return null;
  const [kept] = await selectKeptTable(tx, { sobject, table });
  if (kept && relation.is_own && relation.comment?.startsWith(commentStart(sobject))) return kept;
  throw new Fault('DB-10', { reason: `The schema ${schema} has ${table}, which this sync has not made` });
}
