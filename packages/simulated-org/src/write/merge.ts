import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import { type Writer } from '../org.ts';
import { fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { detailsOf, idsPointing, lookupsTo } from './deletion.ts';
import { deleteRecord, lockRecord, updateRecord } from './dml.ts';
import type { GivenValues } from './field-values.ts';
import { locking } from './locking.ts';
import { keepRollUps } from './write-row.ts';
import { stampOf } from './writer.ts';

const losersMax = 2;

/**
 * Merges up to three records into one: the losers are deleted and name the winner as their MasterRecordId, their
 * children move to the winner without counting as changed, and the winner gets `values`.
 *
 * @throws {@link OrgError} NOT_FOUND or ENTITY_IS_DELETED for any of the records, MERGE_FAILED for an invalid list of
 * losers
 */
export async function mergeRecords(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  records: { winnerId: string; loserIds: readonly string[] },
  values: GivenValues,
): Promise<void> {
  const { winnerId, loserIds } = records;
  if (!fieldNamed(def, 'MasterRecordId'))
    throw refused('INVALID_TYPE_FOR_OPERATION', `entity type ${def.name} does not support merge`);
  const all = new Set([winnerId, ...loserIds]);
  if (loserIds.length < 1 || loserIds.length > losersMax || all.size <= loserIds.length)
    throw refused('MERGE_FAILED', `A merge takes one or ${losersMax} other records.`, []);
  for (const id of [...all].toSorted()) await lockRecord(tx, by, def, id);
  for (const loserId of loserIds) {
    await moveChildren(tx, by, def, loserId, winnerId);
    await deleteRecord(tx, by, def, loserId, { more: { MasterRecordId: winnerId } });
  }
  await updateRecord(tx, by, def, winnerId, values);
}

/** Rows about what happened to a record and who sees it, which are deleted with it. */
const isTrail = /(?:History|Share)$/;

/**
 * A winner that was a child of the loser gets no parent, rather than itself. Roll-ups over the children are updated.
 */
async function moveChildren(tx: Tx, by: Writer, def: SObjectDef, from: string, to: string): Promise<void> {
  const { sobjects } = by.org;
  for (const { child, field } of [...lookupsTo(sobjects, def), ...detailsOf(sobjects, def)]) {
    if (isTrail.test(child.name)) continue;
    const column = ident(field.name);
    await locking(await idsPointing(tx, child, field, from), () =>
      tx.query(sql`
        UPDATE ${tableOf(child)} SET ${column} = nullif(${to}::text, "Id") WHERE ${column} = ${from}`),
    );
    await keepRollUps(tx, by, child, [{ [field.name]: from }, { [field.name]: to }], stampOf(by));
  }
}
