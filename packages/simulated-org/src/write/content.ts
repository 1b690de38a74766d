import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import type { Stamp, Writer } from '../org.ts';
import { type FieldDef, fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { useBody } from './blobs.ts';
import { type ColumnValue, type ColumnValues, type GivenValues, notWritable } from './field-values.ts';
import { fileTypeOf } from './file-types.ts';

/**
 * What the org fills in for files: sizes and checksums, the document of a version, and the version's number within
 * its document. A document is linked to its owner and to the record where it was first published.
 */

/** How records are written; dml.ts, which calls this, passes its functions in. */
interface Write {
  insertRecord(tx: Tx, by: Writer, def: SObjectDef, given: GivenValues): Promise<string>;
  updateRecord(tx: Tx, by: Writer, def: SObjectDef, id: string, given: GivenValues): Promise<void>;
}

/** Before a record is created or changed: adds to its values. `ownId` is null for a new one. */
export async function fillFile(
  tx: Tx,
  by: Writer,
  write: Write,
  def: SObjectDef,
  values: ColumnValues,
  { ownId, stamp }: { ownId: string | null; stamp: Stamp },
): Promise<void> {
  const whole = by.org.sobjects.get(def.name.toLowerCase()) ?? def;
  const set = setterOf(whole, values);
  const body = await takeBody(tx, values, ownId);
  if (body) {
    set('BodyLength', String(body.bytes));
    set('ContentSize', String(body.bytes));
    set('Checksum', body.md5);
  }
  if (whole.name !== 'ContentVersion') return;
  if (ownId === null) await fillVersion(tx, by, write, whole, values, stamp);
  else if (body) throw notWritable('VersionData');
}

const setterOf = (def: SObjectDef, values: ColumnValues) => (name: string, value: string | boolean) => {
  const field = fieldNamed(def, name);
  if (field) values.set(field, value);
};

/** By name, because a user's view may have the same field in another definition. */
function textOf(values: ColumnValues, name: string): string | undefined {
  for (const [field, value] of values) if (field.name === name && typeof value === 'string') return value;
  return undefined;
}

async function takeBody(tx: Tx, values: ColumnValues, ownId: string | null) {
  const given = [...values].filter(([{ type }]) => type === 'base64') as [FieldDef, string | null][];
  let taken: { bytes: number; md5: string } | undefined;
  for (const [, value] of given) if (value !== null) taken = await useBody(tx, value);
  const isEmptied = given.length > 0 && !taken && ownId !== null;
  return isEmptied ? { bytes: 0, md5: '' } : taken;
}

async function fillVersion(
  tx: Tx,
  by: Writer,
  write: Write,
  def: SObjectDef,
  values: ColumnValues,
  stamp: Stamp,
): Promise<void> {
  const set = setterOf(def, values);
  const given = (name: string) => textOf(values, name);
  const isLink = given('ContentUrl') !== undefined;
  const missing = isLink ? [] : ['VersionData', 'PathOnClient'].filter((name) => given(name) === undefined);
  if (missing.length > 0)
    throw refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  const path = given('PathOnClient') ?? '';
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const extension = /[^.]\.([^.]{1,40})$/.exec(file)?.[1] ?? '';
  const title =
    file.slice(0, file.length - (extension ? extension.length + 1 : 0)) || (given('ContentUrl') ?? '');
  if (given('Title') === undefined) set('Title', title.slice(0, 255));
  if (extension) set('FileExtension', extension);
  set('FileType', isLink ? 'LINK' : fileTypeOf(extension));
  set('IsLatest', true);
  if (given('ContentModifiedDate') === undefined) set('ContentModifiedDate', stamp.at);
  set('ContentModifiedById', by.userId);
  const known = given('ContentDocumentId');
  set('VersionNumber', String(known === undefined ? 1 : await nextVersion(tx, by, write, known)));
  if (known === undefined) set('ContentDocumentId', await newDocument(tx, by, write, values));
}

/** The check of the reference has locked the document, so that its versions are numbered one after the other. */
async function nextVersion(tx: Tx, by: Writer, write: Write, documentId: string): Promise<number> {
  const [last] = await tx.query<{ Id: string; number: number }>(sql`
    SELECT "Id", "VersionNumber"::integer AS number FROM org."ContentVersion"
     WHERE "ContentDocumentId" = ${documentId} AND "IsLatest"`);
  if (!last) return 1;
  const def = writable(by, 'ContentVersion');
  await write.updateRecord(tx, by, def, last.Id, valuesOf(def, { IsLatest: false }));
  return last.number + 1;
}

const documentFields = ['Title', 'FileType', 'FileExtension', 'ContentSize', 'ContentModifiedDate'];

async function newDocument(tx: Tx, by: Writer, write: Write, values: ColumnValues): Promise<string> {
  const def = writable(by, 'ContentDocument');
  const copied = ['OwnerId', ...documentFields].map((name) => [name, textOf(values, name)] as const);
  return write.insertRecord(tx, by, def, valuesOf(def, Object.fromEntries(copied)));
}

/** Only the org itself creates these. */
function writable(by: Writer, name: string): SObjectDef {
  const def = by.org.sobjects.get(name.toLowerCase());
  if (!def) throw refused('INVALID_TYPE', `sObject type '${name}' is not supported.`);
  const { createable: _, ...whole } = def;
  return whole;
}

function valuesOf(def: SObjectDef, values: Readonly<Record<string, ColumnValue | undefined>>): ColumnValues {
  const columns: ColumnValues = new Map();
  for (const [name, value] of Object.entries(values)) {
    const field = fieldNamed(def, name);
    if (field && value !== undefined) columns.set(field, value);
  }
  return columns;
}

/** After a version was created: updates its document, and links it to the record that the version names. */
export async function publishVersion(
  tx: Tx,
  by: Writer,
  write: Write,
  def: SObjectDef,
  id: string,
  values: ColumnValues,
): Promise<void> {
  if (def.name !== 'ContentVersion') return;
  const documentId = textOf(values, 'ContentDocumentId') ?? '';
  const document = writable(by, 'ContentDocument');
  const told = documentFields.map((name) => [name, textOf(values, name) ?? null] as const);
  const changes = { ...Object.fromEntries(told), LatestPublishedVersionId: id };
  await write.updateRecord(tx, by, document, documentId, valuesOf(document, changes));
  const isFirst = textOf(values, 'VersionNumber') === '1';
  const owner = textOf(values, 'OwnerId') ?? by.userId;
  if (isFirst) await link(tx, by, write, documentId, owner, 'I');
  const place = textOf(values, 'FirstPublishLocationId');
  if (isFirst && place !== undefined && place !== owner) await link(tx, by, write, documentId, place, 'V');
}

async function link(
  tx: Tx,
  by: Writer,
  write: Write,
  documentId: string,
  entityId: string,
  shareType: string,
): Promise<void> {
  const def = writable(by, 'ContentDocumentLink');
  const values = valuesOf(def, {
    ContentDocumentId: documentId,
    LinkedEntityId: entityId,
    ShareType: shareType,
    Visibility: 'AllUsers',
  });
  await write.insertRecord(tx, by, def, values);
}
