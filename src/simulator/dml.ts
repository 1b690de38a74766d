import type { Tx } from '../lib/database.ts';
import { ident, join, type Sql, sql } from '../lib/sql.ts';
import type { Write } from './behaviour.ts';
import { fillFile, publishVersion } from './content.ts';
import { clearLookups, detailsOf, logDeletion } from './deletion.ts';
import { isGone, notFound, refused } from './errors.ts';
import { findByValue } from './external-ids.ts';
import type { ColumnValues, GivenValues } from './field-values.ts';
import { resolveForeignKeys } from './foreign-keys.ts';
import { recordId } from './ids.ts';
import type { Org } from './org.ts';
import { fieldNamed, type SObjectDef } from './schema.ts';
import { behaviourReads, fillIn, followUp } from './standard-behaviour.ts';
import { isLive, nextRecordNumber, recordsOf, tableOf } from './storage.ts';
import { type Stamp, triggers } from './triggers.ts';
import { checkHierarchy, checkNotNeeded, checkOwner, locking, lockOfParent } from './write-checks.ts';

/**
 * The one path on which a record is written, for requests and for the org's own activity. Each function runs in the
 * caller's transaction. SystemModstamp is the second of the statement, not of the commit: a transaction that takes
 * long makes a row visible whose stamp is already old, as in Salesforce.
 */
export interface Writer {
  org: Org;
  userId: string;
  /** The milliseconds since 1970 of its stamps, where they are not of now. */
  at?: number;
}

export const stampOf = ({ org, userId, at = org.control.stampTime() }: Writer): Stamp => ({
  userId,
  at: new Date(Math.floor(at / 1000) * 1000).toISOString(),
});

export type Row = Record<string, string | null>;

/** Gives the new record's Id. */
export async function insertRecord(tx: Tx, by: Writer, def: SObjectDef, given: GivenValues): Promise<string> {
  if (def.createable === false) throw typeRefused(def, 'inserted');
  const stamp = stampOf(by);
  const values = await resolveForeignKeys(tx, by, given);
  await checkReferences(tx, by.org, def, values);
  await checkOwner(tx, by.org, def, values, null);
  await checkUnique(tx, def, values);
  await fillFile(tx, by, writers, def, values, { ownId: null, stamp });
  const id = recordId(def.keyPrefix, await nextRecordNumber(tx));
  const columns = new Map<string, unknown>([...values].map(([field, value]) => [field.name, value]));
  columns.set('Id', id);
  if (fieldNamed(def, 'CreatedDate')) columns.set('CreatedDate', stamp.at);
  if (fieldNamed(def, 'CreatedById')) columns.set('CreatedById', stamp.userId);
  setModified(def, columns, stamp);
  if (fieldNamed(def, 'OwnerId')) columns.set('OwnerId', columns.get('OwnerId') ?? stamp.userId);
  const write: Write = { tx, def, stamp, id, before: null, columns };
  await fillIn(write);
  const names = [...columns.keys()].map((name) => ident(name));
  const params = [...columns.values()].map((value) => sql`${value}`);
  const rows = await tx.query<Row>(sql`
    INSERT INTO ${tableOf(def)} (${join(names)}) VALUES (${join(params)}) RETURNING ${returned(def)}`);
  await triggers.get(def.name)?.after(tx, stamp, rows);
  await followUp(write, rows[0]);
  await publishVersion(tx, by, writers, def, id, values);
  return id;
}

/** @throws {@link OrgError} NOT_FOUND or ENTITY_IS_DELETED where there is nothing to update */
export async function updateRecord(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  given: GivenValues,
): Promise<void> {
  if (def.updateable === false) throw typeRefused(def, 'updated');
  const before = await lockRecord(tx, def, id);
  const stamp = stampOf(by);
  const values = await resolveForeignKeys(tx, by, given);
  await checkReferences(tx, by.org, def, values);
  await checkOwner(tx, by.org, def, values, id);
  await checkHierarchy(tx, def, id, values);
  await checkUnique(tx, def, values, id);
  await fillFile(tx, by, writers, def, values, { ownId: id, stamp });
  const columns = new Map<string, unknown>([...values].map(([field, value]) => [field.name, value]));
  await changeRow(tx, def, id, columns, before, stamp);
}

/**
 * The record stays, invisible to `query` and visible to `queryAll`; one that has no IsDeleted is gone at once. Its
 * details go with it, lookups to it become empty.
 *
 * @param more  columns that the deletion sets besides, a merge's for example
 */
export async function deleteRecord(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  { rootId = id, more = {} }: { rootId?: string; more?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const { sobjects } = by.org;
  const before = await lockRecord(tx, def, id);
  await checkNotNeeded(tx, sobjects, def, id);
  for (const { child, field } of detailsOf(sobjects, def)) {
    const details = await tx.query<{ Id: string }>(sql`
      SELECT "Id" FROM ${tableOf(child)}
       WHERE ${ident(field.name)} = ${id} AND ${isLive(child)} ORDER BY "Id"`);
    for (const detail of details) await deleteRecord(tx, by, child, detail.Id, { rootId });
  }
  await clearLookups(tx, sobjects, def, id);
  if (!fieldNamed(def, 'IsDeleted')) {
    await tx.query(sql`DELETE FROM ${tableOf(def)} WHERE "Id" = ${id}`);
    return;
  }
  const stamp = stampOf(by);
  const columns = new Map<string, unknown>(Object.entries({ ...more, IsDeleted: true }));
  await changeRow(tx, def, id, columns, before, stamp);
  await logDeletion(tx, def, id, rootId, stamp);
}

/** Sets the columns and the stamps of a locked row, then runs what hangs on it. */
export async function changeRow(
  tx: Tx,
  def: SObjectDef,
  id: string,
  changes: ReadonlyMap<string, unknown>,
  before: Row,
  stamp: Stamp,
): Promise<void> {
  const columns = new Map(changes);
  setModified(def, columns, stamp);
  const write: Write = { tx, def, stamp, id, before, columns };
  await fillIn(write);
  const assignments = [...columns].map(([name, value]) => sql`${ident(name)} = ${value}`);
  const after = await tx.query<Row>(sql`
    UPDATE ${tableOf(def)} SET ${join(assignments)} WHERE "Id" = ${id} RETURNING ${returned(def)}`);
  await triggers.get(def.name)?.after(tx, stamp, [before, ...after]);
  await followUp(write, after[0]);
}

/** For what is written along with a file. */
const writers = { insertRecord, updateRecord };

/** The stamps that the sobject has: shares have no SystemModstamp, histories only say when they were created. */
function setModified(def: SObjectDef, columns: Map<string, unknown>, stamp: Stamp): void {
  if (fieldNamed(def, 'LastModifiedDate')) columns.set('LastModifiedDate', stamp.at);
  if (fieldNamed(def, 'LastModifiedById')) columns.set('LastModifiedById', stamp.userId);
  if (fieldNamed(def, 'SystemModstamp')) columns.set('SystemModstamp', stamp.at);
}

/** The texts are not confirmed by recorded answers. */
const typeRefused = (def: SObjectDef, done: 'inserted' | 'updated') =>
  refused('INVALID_TYPE_FOR_OPERATION', `entity type cannot be ${done}: ${def.label}`);

/** Waits for whoever else writes the record, up to the org's lock time-out. */
export async function lockRecord(tx: Tx, def: SObjectDef, id: string): Promise<Row> {
  const [row] = await locking([id], () =>
    tx.query<Row & { live: boolean }>(sql`
      SELECT ${isLive(def)} AS live, ${returned(def)} FROM ${recordsOf(def)} AS r WHERE "Id" = ${id} FOR UPDATE`),
  );
  if (!row) throw notFound();
  if (!row.live) throw isGone();
  return row;
}

/** What the trigger of an sobject reads of a row, and what the org does by itself. */
export const returned = (def: SObjectDef): Sql => {
  const names = ['Id', ...(triggers.get(def.name)?.reads ?? []), ...behaviourReads(def)];
  return join([...new Set(names)].map((name) => ident(name)));
};

/** A reference must point to a live record; one to an sobject that this org does not have is only checked in form. */
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
    const lock = lockOfParent(def, field, target);
    const found = await locking([id], () =>
      tx.query(sql`SELECT FROM ${tableOf(target)} WHERE "Id" = ${id} AND ${isLive(target)} ${lock}`),
    );
    if (found.length === 0) {
      throw refused('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name]);
    }
  }
}

/** The index refuses a duplicate in any case; asked before, it can be said of which record. */
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
