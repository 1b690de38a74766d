import type { Tx } from '../lib/database.ts';
import { ident, sql } from '../lib/sql.ts';
import { referencesTo } from './relationships.ts';
import type { FieldDef, SObjectDef, SObjects } from './schema.ts';
import { tableOf } from './storage.ts';
import { keepRollUps, type Row } from './write-row.ts';
import type { Stamp, Writer } from './writer.ts';

/**
 * What a deletion leaves besides the record in the recycle bin: an entry in the delete log, from which
 * `/sobjects/X/deleted/` answers, and the lookups that it emptied, which an undelete fills again. An emptied lookup
 * does not count as a change of the record that held it. Everything is written in the deleting transaction.
 */
/** `rootId` is the record whose deletion took this one along, or its own. */
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

/** The children of a record by master-detail, which go and come back with it. */
export const detailsOf = (sobjects: SObjects, def: SObjectDef) =>
  referencesTo(sobjects, def).filter(({ field }) => field.cascadeDelete === true);

/** The fields that a deletion empties and a merge turns to the winner: what clients may write, and no detail's. */
export const lookupsTo = (sobjects: SObjects, def: SObjectDef) =>
  referencesTo(sobjects, def).filter(
    ({ field }) => field.nillable && field.createable && field.cascadeDelete !== true,
  );

export async function clearLookups(tx: Tx, sobjects: SObjects, def: SObjectDef, id: string): Promise<void> {
  for (const { child, field } of lookupsTo(sobjects, def)) {
    const column = ident(field.name);
    await tx.query(sql`
      WITH cleared AS (
        UPDATE ${tableOf(child)} SET ${column} = NULL WHERE ${column} = ${id} RETURNING "Id"
      )
      INSERT INTO simulator.cleared_lookup (parent_id, child_id, sobject, field)
      SELECT ${id}, "Id", ${child.name}, ${field.name} FROM cleared`);
  }
}

/** Fills the lookups again that still are empty, without a stamp; what is rolled up from them follows. */
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
  const filled = await tx.query<Row>(sql`
    UPDATE ${tableOf(child)} AS child SET ${column} = ${id}
      FROM simulator.cleared_lookup AS cleared
     WHERE cleared.parent_id = ${id}
       AND cleared.sobject = ${child.name}
       AND cleared.field = ${field.name}
       AND child."Id" = cleared.child_id
       AND child.${column} IS NULL
    RETURNING child.*`);
  await keepRollUps(tx, by, child, filled, stamp);
}
