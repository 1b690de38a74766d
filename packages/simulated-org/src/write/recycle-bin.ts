import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { type Writer } from '../org.ts';
import { fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { restoreLookups } from './deletion.ts';
import { deleteRecord, updateLockedRow } from './dml.ts';
import { locking } from './locking.ts';
import { type Row, returnedColumns } from './write-row.ts';
import { stampOf } from './writer.ts';

/**
 * Undeleting records and deleting them for good. Each function runs in the caller's transaction. The delete log
 * keeps the entry of a record that was deleted for good until 15 days after the deletion.
 */
const keptDays = 15;

const notInBin = (code: string) => refused(code, 'entity is not in the recycle bin', []);

/**
 * The record comes back with its Id, its details and the lookups that its deletion emptied, and counts as changed.
 *
 * @throws {@link OrgError} UNDELETE_FAILED for a record that is not deleted, is gone for good, or was deleted with a
 * master that still is
 */
export async function undeleteRecord(tx: Tx, by: Writer, id: string): Promise<void> {
  const { sobjects } = by.org;
  const stamp = stampOf(by);
  const together = await deletedTogether(tx, by.org, id);
  for (const { def, recordId } of together) {
    const [before] = await locking([recordId], () =>
      tx.query<Row>(sql`
        SELECT ${returnedColumns(sobjects, def)} FROM ${tableOf(def)} WHERE "Id" = ${recordId} FOR UPDATE`),
    );
    if (!before) throw notInBin('UNDELETE_FAILED');
    const columns = new Map<string, unknown>([['IsDeleted', false]]);
    if (fieldNamed(def, 'MasterRecordId')) columns.set('MasterRecordId', null);
    await updateLockedRow(tx, by, def, { change: 'undelete', id: recordId, columns, before }, stamp);
    await restoreLookups(tx, by, def, recordId, stamp);
  }
  if (together.length === 0) throw notInBin('UNDELETE_FAILED');
  await tx.query(sql`DELETE FROM simulator.deletion WHERE root_id = ${id}`);
}

/** Deletes a deleted record for good, with the details deleted along with it. */
export async function emptyRecord(tx: Tx, org: Org, id: string): Promise<void> {
  const together = await deletedTogether(tx, org, id);
  let removed = 0;
  for (const { def, recordId } of together) {
    const rows = await tx.query(sql`
      DELETE FROM ${tableOf(def)} WHERE "Id" = ${recordId} AND "IsDeleted" RETURNING "Id"`);
    removed += rows.length;
    await tx.query(sql`DELETE FROM simulator.cleared_lookup WHERE parent_id = ${recordId}`);
  }
  if (removed === 0) throw notInBin('DELETE_FAILED');
}

/** Deletes a record without the recycle bin. */
export async function hardDeleteRecord(tx: Tx, by: Writer, def: SObjectDef, id: string): Promise<void> {
  await deleteRecord(tx, by, def, id);
  if (fieldNamed(def, 'IsDeleted')) await emptyRecord(tx, by.org, id);
}

/** The record first, then its details. Empty for one that was deleted with another. */
async function deletedTogether(tx: Tx, org: Org, id: string) {
  const rows = await locking([id], () =>
    tx.query<{ record_id: string; sobject: string }>(sql`
      SELECT record_id, sobject FROM simulator.deletion
       WHERE root_id = ${id}
       ORDER BY record_id <> ${id}, record_id
         FOR UPDATE`),
  );
  return rows.flatMap(({ record_id: recordId, sobject }) => {
    const def = org.sobjects.get(sobject.toLowerCase());
    return def ? [{ def, recordId }] : [];
  });
}

/** Removes what has been deleted longer than the bin keeps it, and its entries in the delete log. */
export async function sweepRecycleBin(tx: Tx, org: Org): Promise<void> {
  const before = new Date(org.clock.now() - keptDays * 86_400_000).toISOString();
  await emptyRecycleBin(tx, org, before);
  await tx.query(sql`DELETE FROM simulator.deletion WHERE deleted_at < ${before}::timestamptz`);
}

/** Removes for good what was deleted before an instant, and keeps the delete log. */
export async function emptyRecycleBin(tx: Tx, org: Org, before: string): Promise<void> {
  for (const def of org.sobjects.values()) {
    if (!fieldNamed(def, 'IsDeleted')) continue;
    await tx.query(sql`
      DELETE FROM ${tableOf(def)} AS r USING simulator.deletion AS d
       WHERE d.record_id = r."Id" AND d.sobject = ${def.name} AND r."IsDeleted"
         AND d.deleted_at < ${before}::timestamptz`);
  }
  await tx.query(sql`
    DELETE FROM simulator.cleared_lookup AS c USING simulator.deletion AS d
     WHERE d.record_id = c.parent_id AND d.deleted_at < ${before}::timestamptz`);
}
