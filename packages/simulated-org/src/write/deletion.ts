import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { Stamp, Writer } from '../org.ts';
import { referencesTo } from '../schema/relationships.ts';
import type { FieldDef, SObjectDef, SObjects } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { locking } from './locking.ts';
import { keepRollUps, type Row } from './write-row.ts';

/**
 * What a deletion leaves besides the record in the recycle bin: an entry in the delete log, from which
 * `/sobjects/X/deleted/` answers, and the lookups that it emptied, which an undelete restores. An emptied lookup does
 * not count as a change of the record that has it. All this is written in the deleting transaction.
 */

/** `rootId` is the record whose deletion also deleted this one, or its own Id. */
export async function logDeletion(
  tx: Tx,
  def: SObjectDef,
  id: string,
  rootId: string,
  stamp: Stamp,
): Promise<void> {
  await tx.query(sql`
    INSERT INTO simulator.deletion (record_id, sobject, root_id, deleted_at)
    VALUES (${id}, ${def.name}, ${rootId}, ${stamp.at}::timestamptz)`);
}

/** A record's children by master-detail, which are deleted and undeleted with it. */
export const detailsOf = (sobjects: SObjects, def: SObjectDef) =>
  referencesTo(sobjects, def).filter(({ field }) => isDetail(field));

export const isDetail = ({ cascadeDelete }: FieldDef): boolean => cascadeDelete === true;

/**
 * The fields that a deletion empties and a merge points to the winner: those clients may write, except a detail's.
 */
export const lookupsTo = (sobjects: SObjects, def: SObjectDef) =>
  referencesTo(sobjects, def).filter(({ field }) => isEmptied(field));

export const isEmptied = (field: FieldDef): boolean => field.nillable && field.createable && !isDetail(field);

/** The records that point to a locked one: while it is locked, no others can begin to. */
export async function idsPointing(tx: Tx, child: SObjectDef, field: FieldDef, id: string): Promise<string[]> {
  const rows = await tx.query<{ Id: string }>(
    sql`SELECT "Id" FROM ${tableOf(child)} WHERE ${ident(field.name)} = ${id} ORDER BY "Id"`,
  );
  return rows.map(({ Id }) => Id);
}

export async function clearLookups(tx: Tx, sobjects: SObjects, def: SObjectDef, id: string): Promise<void> {
  for (const { child, field } of lookupsTo(sobjects, def)) {
    const column = ident(field.name);
    const ids = await idsPointing(tx, child, field, id);
    if (ids.length === 0) continue;
    await locking(ids, () =>
      tx.query(sql`
        WITH cleared AS (
          UPDATE ${tableOf(child)} SET ${column} = NULL WHERE ${column} = ${id} RETURNING "Id"
        )
        INSERT INTO simulator.cleared_lookup (parent_id, child_id, sobject, field)
        SELECT ${id}, "Id", ${child.name}, ${field.name} FROM cleared`),
    );
  }
}

/** Restores the lookups that are still empty, without a stamp; roll-ups over them are updated. */
export async function restoreLookups(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  stamp: Stamp,
): Promise<void> {
  for (const { child, field } of lookupsTo(by.org.sobjects, def))
    await restoreLookup(tx, by, child, field, id, stamp);
  await tx.query(sql`DELETE FROM simulator.cleared_lookup WHERE parent_id = ${id}`);
}

async function restoreLookup(
  tx: Tx,
  by: Writer,
  child: SObjectDef,
  field: FieldDef,
  id: string,
  stamp: Stamp,
): Promise<void> {
  const column = ident(field.name);
  const cleared = await tx.query<{ child_id: string }>(sql`
    SELECT child_id FROM simulator.cleared_lookup
     WHERE parent_id = ${id} AND sobject = ${child.name} AND field = ${field.name} ORDER BY child_id`);
  const ids = cleared.map(({ child_id: childId }) => childId);
  if (ids.length === 0) return;
  const filled = await locking(ids, () =>
    tx.query<Row>(sql`
      UPDATE ${tableOf(child)} SET ${column} = ${id} WHERE "Id" = ANY(${ids}) AND ${column} IS NULL RETURNING *`),
  );
  await keepRollUps(tx, by, child, filled, stamp);
}
