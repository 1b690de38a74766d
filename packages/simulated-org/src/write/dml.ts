import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { entityDeleted, notFound, refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { type Stamp, type Writer } from '../org.ts';
import { isDatedNumber, numberAt } from '../schema/auto-number.ts';
import { fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { isLive, recordsOf, tableOf } from '../schema/storage.ts';
import { deletedRow } from './commit-log.ts';
import { fillFile, publishVersion } from './content.ts';
import { clearLookups, detailsOf, logDeletion } from './deletion.ts';
import { findByValue } from './external-ids.ts';
import type { ColumnValues, GivenValues } from './field-values.ts';
import { resolveForeignKeys } from './foreign-keys.ts';
import { recordId } from './ids.ts';
import { locking } from './locking.ts';
import { checkHierarchy, checkNotReferenced, checkOwner, lockOfParent } from './write-checks.ts';
import { type Row, type RowWrite, returnedColumns, writeRow } from './write-row.ts';
import { modifiedColumns, stampOf } from './writer.ts';

/**
 * The only path on which records are written, for requests, triggers and the org's own activity. Each function runs
 * in the caller's transaction. SystemModstamp is the second of the statement, not of the commit: a long transaction
 * makes a row visible whose stamp is already old, as in Salesforce.
 */

/** Returns the new record's Id. */
export async function insertRecord(tx: Tx, by: Writer, def: SObjectDef, given: GivenValues): Promise<string> {
  if (def.createable === false) throw typeRefused(def, 'inserted');
  const stamp = stampOf(by);
  const values = await checkedValues(tx, by, def, given);
  await fillFile(tx, by, writers, def, values, { ownId: null, stamp });
  const id = recordId(def.keyPrefix, await by.org.numbers.next(tx));
  const columns = new Map<string, unknown>([...values].map(([field, value]) => [field.name, value]));
  columns.set('Id', id);
  if (fieldNamed(def, 'CreatedDate')) columns.set('CreatedDate', stamp.at);
  if (fieldNamed(def, 'CreatedById')) columns.set('CreatedById', stamp.userId);
  for (const [name, value] of modifiedColumns(def, stamp)) columns.set(name, value);
  for (const field of def.fields.filter(isDatedNumber))
    columns.set(field.name, numberAt(def, field, sql`${stamp.at}::timestamptz`));
  if (fieldNamed(def, 'OwnerId')) columns.set('OwnerId', columns.get('OwnerId') ?? stamp.userId);
  await writeRow(tx, by, def, { change: 'create', id, columns }, stamp);
  await publishVersion(tx, by, writers, def, id, values);
  return id;
}

/** @throws {@link OrgError} NOT_FOUND or ENTITY_IS_DELETED if there is no record to update */
export async function updateRecord(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  given: GivenValues,
): Promise<void> {
  if (def.updateable === false) throw typeRefused(def, 'updated');
  const before = await lockRecord(tx, by, def, id);
  const stamp = stampOf(by);
  const values = await checkedValues(tx, by, def, given, id);
  await fillFile(tx, by, writers, def, values, { ownId: id, stamp });
  const columns = new Map<string, unknown>([...values].map(([field, value]) => [field.name, value]));
  await updateLockedRow(tx, by, def, { change: 'update', id, columns, before }, stamp);
}

/**
 * The record stays, invisible to `query` and visible to `queryAll`; one without IsDeleted is removed at once. Its
 * details are deleted with it, and lookups to it are emptied.
 *
 * @param more  further columns that the deletion sets, such as those of a merge
 */
export async function deleteRecord(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  { rootId = id, more = {} }: { rootId?: string; more?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const { sobjects } = by.org;
  const before = await lockRecord(tx, by, def, id);
  await checkNotReferenced(tx, sobjects, def, id);
  for (const { child, field } of detailsOf(sobjects, def)) {
    const details = await tx.query<{ Id: string }>(sql`
      SELECT "Id" FROM ${tableOf(child)}
       WHERE ${ident(field.name)} = ${id} AND ${isLive(child)} ORDER BY "Id"`);
    for (const detail of details) await deleteRecord(tx, by, child, detail.Id, { rootId });
  }
  await clearLookups(tx, sobjects, def, id);
  const stamp = stampOf(by);
  if (!fieldNamed(def, 'IsDeleted')) {
    await tx.query(deletedRow(by, def, id, stamp));
    return;
  }
  const columns = new Map<string, unknown>(Object.entries({ ...more, IsDeleted: true }));
  await updateLockedRow(tx, by, def, { change: 'delete', id, columns, before }, stamp);
  await logDeletion(tx, def, id, rootId, stamp);
}

/** Sets the columns and the stamps of a locked row, with all consequences. */
export async function updateLockedRow(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  write: Required<RowWrite>,
  stamp: Stamp,
): Promise<void> {
  const columns = new Map([...write.columns, ...modifiedColumns(def, stamp)]);
  await writeRow(tx, by, def, { ...write, columns }, stamp);
}

/** For records written along with a file. */
const writers = { insertRecord, updateRecord };

/** No recorded answers confirm the texts. */
const typeRefused = (def: SObjectDef, done: 'inserted' | 'updated') =>
  refused('INVALID_TYPE_FOR_OPERATION', `entity type cannot be ${done}: ${def.label}`);

/** Waits for other writers of the record, up to the org's lock time-out. */
export async function lockRecord(tx: Tx, by: Writer, def: SObjectDef, id: string): Promise<Row> {
  const columns = returnedColumns(by.org.sobjects, def);
  const [row] = await locking([id], () =>
    tx.query<Row & { live: boolean }>(sql`
      SELECT ${isLive(def)} AS live, ${columns} FROM ${recordsOf(def)} AS r WHERE "Id" = ${id} FOR UPDATE`),
  );
  if (!row) throw notFound();
  if (!row.live) throw entityDeleted();
  return row;
}

/**
 * The values to store, after the checks that involve the org's other records. `ownId` is the record's Id if it
 * already exists.
 */
export async function checkedValues(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  given: GivenValues,
  ownId?: string,
): Promise<ColumnValues> {
  const values = await resolveForeignKeys(tx, by, given);
  await checkReferences(tx, by.org, def, values);
  await checkOwner(tx, by.org, def, values, ownId ?? null);
  if (ownId !== undefined) await checkHierarchy(tx, def, ownId, values);
  await checkUnique(tx, def, values, ownId);
  return values;
}

/**
 * A reference must point to a live record; one to an sobject that this org does not have is only checked for its
 * form.
 */
async function checkReferences(tx: Tx, org: Org, def: SObjectDef, values: ColumnValues): Promise<void> {
  for (const [field, id] of values) {
    if (field.type !== 'reference' || typeof id !== 'string') continue;
    const targets = (field.referenceTo ?? []).map((name) => org.sobjects.get(name.toLowerCase()));
    const known = targets.filter((target) => target !== undefined);
    const target = known.find(({ keyPrefix }) => id.startsWith(keyPrefix));
    if (!target) {
      if (known.length < targets.length) continue;
      throw refused('MALFORMED_ID', `${field.label}: id value of incorrect type: ${id}`, [field.name]);
    }
    const lock = lockOfParent(org.sobjects, def, field, target);
    const found = await locking([id], () =>
      tx.query(sql`SELECT FROM ${tableOf(target)} WHERE "Id" = ${id} AND ${isLive(target)} ${lock}`),
    );
    if (found.length === 0) {
      throw refused('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name]);
    }
  }
}

/** The index refuses a duplicate anyway; this check can say which record has the value. */
async function checkUnique(tx: Tx, def: SObjectDef, values: ColumnValues, ownId = ''): Promise<void> {
  for (const [field, value] of values) {
    if (!field.unique || typeof value !== 'string') continue;
    const [other] = await findByValue(tx, def, field, value);
    if (other !== undefined && other !== ownId) {
      const message = `duplicate value found: ${field.name} duplicates value on record with id: ${other.slice(0, 15)}`;
      throw refused('DUPLICATE_VALUE', message, [field.name]);
    }
  }
}
