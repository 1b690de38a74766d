import type { Tx } from '@lockstep/foundation/database';
import { parseExact } from '@lockstep/foundation/exact-json';
import { sql } from '@lockstep/foundation/sql';
import { asOrgError, OrgError, refused } from '../http/errors.ts';
import { type Writer } from '../org.ts';
import { relationshipNamed } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, isIdLookup, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { findByValue } from '../write/external-ids.ts';
import { columnValues, type GivenValues } from '../write/field-values.ts';
import { parseId } from '../write/ids.ts';
import { toStored } from '../write/stored-text.ts';
import { invalidBatch } from './refusals.ts';
import type { Job } from './storage.ts';

/** How the records of an upload become rows: what each column means, and what the operation does. */
export interface IngestPlan {
  def: SObjectDef;
  operation: string;
  columns: readonly Column[];
  /** For an upsert: the field that identifies a record. */
  key: FieldDef | undefined;
}

/** A field, or the external id of the record that a reference points to: `Account.External_Id__c`. */
interface Column {
  field: FieldDef;
  parent?: { def: SObjectDef; field: FieldDef };
}

export interface Applied {
  id: string;
  created: boolean;
}

/** @throws {@link JobFailure} for a column that the sobject does not have */
export function planIngest(
  sobjects: SObjects,
  job: Job,
  def: SObjectDef,
  header: readonly string[],
): IngestPlan {
  const columns = header.map((name) => columnNamed(sobjects, def, name));
  const names = columns.map(({ field }) => field.name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw invalidBatch(`Field name is duplicated : ${twice}`);
  const key = job.external_id_field === null ? undefined : fieldNamed(def, job.external_id_field);
  return { def, operation: job.operation, columns, key };
}

function columnNamed(sobjects: SObjects, def: SObjectDef, name: string): Column {
  const field = fieldNamed(def, name);
  if (field) return { field };
  const [relationship = '', parentField = '', ...more] = name.split('.');
  const reference = relationshipNamed(def, relationship);
  for (const target of more.length === 0 ? (reference?.referenceTo ?? []) : []) {
    const parent = sobjects.get(target.toLowerCase());
    const keyField = parent && fieldNamed(parent, parentField);
    if (reference && keyField && isIdLookup(keyField)) {
      return { field: reference, parent: { def: parent, field: keyField } };
    }
  }
  throw invalidBatch(`Field name not found : ${name}`);
}

/** @throws {@link OrgError}, or a database error, if this record cannot be written; the caller rolls it back */
export async function applyRecord(
  tx: Tx,
  by: Writer,
  plan: IngestPlan,
  values: readonly string[],
): Promise<Applied> {
  const { def, operation } = plan;
  const body = await bodyOfLine(tx, plan, values);
  switch (operation) {
    case 'insert':
      return { id: await insertRecord(tx, by, def, readValues(def, body, 'create')), created: true };
    case 'upsert':
      return upsert(tx, by, plan, body);
    case 'update': {
      const id = takeId(body, def, operation);
      await updateRecord(tx, by, def, id, readValues(def, body, 'update'));
      return { id, created: false };
    }
    default: {
      const id = takeId(body, def, operation);
      if (!def.deletable)
        throw refused('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
      await deleteRecord(tx, by, def, id);
      if (operation === 'hardDelete') await tx.query(sql`DELETE FROM ${tableOf(def)} WHERE "Id" = ${id}`);
      return { id, created: false };
    }
  }
}

type Body = Record<string, unknown>;

/** An empty cell leaves a field unchanged; `#N/A` sets it to null. */
async function bodyOfLine(tx: Tx, plan: IngestPlan, values: readonly string[]): Promise<Body> {
  const body: Body = {};
  for (const [at, { field, parent }] of plan.columns.entries()) {
    const text = values[at] ?? '';
    if (text === '') continue;
    if (text === '#N/A') body[field.name] = null;
    else body[field.name] = parent ? await parentId(tx, parent, text) : valueOf(field, text);
  }
  return body;
}

async function parentId(tx: Tx, { def, field }: { def: SObjectDef; field: FieldDef }, value: string) {
  const found = await findByValue(tx, def, field, toStored(value));
  const [id] = found;
  if (id !== undefined && found.length === 1) return id;
  const of = `for field ${field.name} in entity ${def.name}`;
  throw id === undefined
    ? refused('INVALID_FIELD', `Foreign key external ID: ${value.toLowerCase()} not found ${of}`)
    : refused('INVALID_FIELD', `More than one record found by the external id ${of}`);
}

/** A cell's text as the JSON value it stands for. */
function valueOf(field: FieldDef, text: string): unknown {
  if (field.type === 'boolean') return text.toLowerCase();
  if (field.type === 'date') return text.replace(/Z$/, '');
  if (field.type !== 'json' && field.type !== 'anyType') return text;
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

function takeId(body: Body, def: SObjectDef, operation: string): string {
  const { Id: value } = body;
  delete body.Id;
  if (typeof value !== 'string') {
    const call = operation === 'update' ? 'an update' : 'a delete';
    throw refused('MISSING_ARGUMENT', `Id not specified in ${call} call`);
  }
  const id = parseId(value);
  if (!id) throw refused('MALFORMED_ID', `${def.label} ID: id value of incorrect type: ${value}`, ['Id']);
  return id;
}

async function upsert(tx: Tx, by: Writer, { def, key }: IngestPlan, body: Body): Promise<Applied> {
  const name = key?.name ?? 'Id';
  const value = body[name];
  if (key?.type === 'id' && value === undefined) {
    return { id: await insertRecord(tx, by, def, readValues(def, body, 'create')), created: true };
  }
  if (typeof value !== 'string') throw refused('MISSING_ARGUMENT', `${name} not specified`);
  const found =
    !key || key.type === 'id'
      ? [takeId(body, def, 'update')]
      : await findByValue(tx, def, key, toStored(value));
  const [id] = found;
  if (id === undefined) {
    return { id: await insertRecord(tx, by, def, readValues(def, body, 'create')), created: true };
  }
  if (found.length > 1) {
    throw refused(
      'DUPLICATE_EXTERNAL_ID',
      `${name}: more than one record found for external id field: [${found.join(', ')}]`,
    );
  }
  delete body[name];
  await updateRecord(tx, by, def, id, readValues(def, body, 'update'));
  return { id, created: false };
}

/** An invalid cell is an error of the record, with a text of its own rather than that for JSON. */
function readValues(def: SObjectDef, body: Body, intent: 'create' | 'update'): GivenValues {
  try {
    return columnValues(def, body, intent);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const name = Object.keys(body).find((one) => isUnreadable(errorOf(def, { [one]: body[one] })));
    const label = fieldNamed(def, name ?? '')?.label ?? name ?? '';
    const message = `${label}: value not of required type: ${String(body[name ?? ''])}`;
    throw refused('INVALID_TYPE_ON_FIELD_IN_RECORD', message, name === undefined ? [] : [name]);
  }
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof OrgError && error.entry.errorCode === 'JSON_PARSER_ERROR';

function errorOf(def: SObjectDef, body: Body): unknown {
  for (const intent of ['update', 'create'] as const) {
    try {
      columnValues(def, body, intent);
    } catch (error) {
      if (isUnreadable(error)) return error;
    }
  }
  return undefined;
}

/** `REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --`; undefined for a defect of the org. */
export function errorText(error: unknown): string | undefined {
  const known = asOrgError(error);
  if (!known || known.status === 503) return undefined;
  const { errorCode, message, fields } = known.entry;
  return `${errorCode}:${message}:${fields && fields.length > 0 ? `${fields.join(', ')} ` : ''}--`;
}
