import type { Prepared } from '@lockstep/foundation/database';
import { isObject } from '@lockstep/foundation/exact-json';
import { compile, type Sql, sql } from '@lockstep/foundation/sql';
import { type Answer, answer, dataPath, noContent } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import {
  entityDeleted,
  methodNotAllowed,
  noSuchColumn,
  noSuchExternalId,
  notFound,
  refused,
} from '../http/errors.ts';
import { type FieldDef, fieldNamed, isIdLookup, type SObjectDef } from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';
import { recordJson } from '../soql/index.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { findByValue } from '../write/external-ids.ts';
import { columnValues } from '../write/field-values.ts';
import { parseId } from '../write/ids.ts';
import { toServed, toStored } from '../write/stored-text.ts';
import { blobAnswer } from './blob-answer.ts';
import {
  checkConditions,
  isUnchanged,
  type RowVersion,
  versionColumns,
  versionHeaders,
} from './conditions.ts';
import { describe, globalEntry } from './describe.ts';
import { resourceNames } from './describe-urls.ts';
import { followPath } from './related.ts';
import { deletedSince, updatedSince } from './replication.ts';

/** `/sobjects/X` and below: rows by Id and by external id. */
export async function sobjectAnswer(call: Call, def: SObjectDef, path: readonly string[]): Promise<Answer> {
  const [first, second, ...more] = path;
  if (first === undefined) return collectionAnswer(call, def);
  if (second === undefined) {
    if (first === 'describe') return describe(call, def);
    if (first === 'updated') return updatedSince(call, def);
    if (first === 'deleted') return deletedSince(call, def);
    if (first.toLowerCase() === 'id' && call.method === 'POST') return createRecord(call, def);
  }
  if (resourceNames.has(first)) throw notFound();
  if (second === undefined) return rowAnswer(call, def, first);
  const field = fieldNamed(def, first);
  if (field && isIdLookup(field)) {
    if (more.length > 0) throw notFound();
    return externalIdAnswer(call, def, field, second);
  }
  const id = parseId(first);
  if (!id) throw more.length > 0 ? notFound() : noSuchExternalId(first);
  const body = more.length === 0 ? fieldNamed(def, second) : undefined;
  if (body?.type === 'base64') return blobAnswer(call, def, id, body);
  const reached = await followPath(call, { def, id }, [second, ...more]);
  return 'children' in reached ? reached.children : rowAnswer(call, reached.def, reached.id);
}

async function collectionAnswer(call: Call, def: SObjectDef): Promise<Answer> {
  switch (call.method) {
    case 'GET':
      return answer(200, { objectDescribe: globalEntry(def, call.version), recentItems: [] });
    case 'POST':
      return createRecord(call, def);
    default:
      throw methodNotAllowed(call.method, ['GET', 'POST', 'HEAD']);
  }
}

async function createRecord(call: Call, def: SObjectDef): Promise<Answer> {
  const values = columnValues(def, call.body, 'create');
  return created(call, def, await call.write((tx) => insertRecord(tx, call, def, values)));
}

const created = (call: Call, def: SObjectDef, id: string, extra: object = {}): Answer =>
  answer(
    201,
    { id, success: true, errors: [], ...extra },
    { Location: dataPath(call.version, 'sobjects', def.name, id) },
  );

async function rowAnswer(call: Call, def: SObjectDef, idText: string): Promise<Answer> {
  const id = parseId(idText);
  if (!id) throw noSuchExternalId(idText);
  switch (call.method) {
    case 'GET':
      return readRecord(call, def, id);
    case 'PATCH': {
      await update(call, def, id);
      return noContent;
    }
    case 'DELETE':
      if (!def.deletable) throw methodNotAllowed('DELETE', ['GET', 'PATCH', 'HEAD']);
      await call.write((tx) => deleteRecord(tx, call, def, id));
      return noContent;
    default:
      throw methodNotAllowed(call.method, ['GET', 'PATCH', 'DELETE', 'HEAD']);
  }
}

async function update(call: Call, def: SObjectDef, id: string): Promise<void> {
  const values = columnValues(def, call.body, 'update');
  await call.write(async (tx) => {
    await checkConditions(tx, call, def, id);
    await updateRecord(tx, call, def, id, values);
  });
}

async function readRecord(call: Call, def: SObjectDef, id: string): Promise<Answer> {
  checkRetrieveable(def);
  const names = call.parameters.get('fields');
  const statement = names
    ? readStatement(def, fieldsNamed(def, names.split(',')), call.version, id)
    : preparedRead(def, call.version, id);
  const [row] = await call.db.query<RowVersion & { json: string; live: boolean }>(statement);
  if (!row) throw notFound();
  if (!row.live) throw entityDeleted();
  const headers = versionHeaders(def, id, row);
  return isUnchanged(call, def, id, row)
    ? { status: 304, headers, body: null }
    : { status: 200, headers, body: toServed(row.json) };
}

/** The text is that for a query of an sobject that is not queryable, and not confirmed here. */
export function checkRetrieveable(def: SObjectDef): void {
  if (def.retrieveable !== false) return;
  throw refused('INVALID_TYPE_FOR_OPERATION', `entity type ${def.name} does not support retrieve`);
}

const readStatement = (def: SObjectDef, fields: readonly FieldDef[], version: string, id: string): Sql => sql`
  SELECT ${recordJson(def, fields, version)} AS json, ${isLive(def)} AS live, ${versionColumns(def)}
    FROM ${recordsOf(def)} AS r WHERE "Id" = ${id}`;

/** By API version. A changed definition is a new object, and its statements get new names. */
const readTexts = new WeakMap<SObjectDef, Map<string, Prepared>>();
let statements = 0;

/**
 * A whole record is read by a prepared statement, because planning costs more than reading. The Id is its last value;
 * the values before it, such as the org's time, are evaluated at each read.
 */
function preparedRead(def: SObjectDef, version: string, id: string): Prepared {
  const ofDef = readTexts.get(def) ?? new Map<string, Prepared>();
  readTexts.set(def, ofDef);
  const known = ofDef.get(version) ?? {
    name: `read ${++statements}`,
    ...compile(readStatement(def, def.fields, version, id)),
  };
  ofDef.set(version, known);
  return { ...known, values: known.values.with(-1, id) };
}

/** `?fields=A,B`; the Id is added at the end unless it was named. */
export function fieldsNamed(def: SObjectDef, names: readonly string[]): readonly FieldDef[] {
  const fields = new Set(
    names.map((name) => {
      const field = fieldNamed(def, name.trim());
      if (!field) throw noSuchColumn(name.trim(), def.name);
      return field;
    }),
  );
  const id = fieldNamed(def, 'Id');
  if (id) fields.add(id);
  return [...fields];
}

/**
 * Since v46.0 an upsert that updated answers with a body; before, with 204. No recorded answer confirms the version.
 */
const upsertBodySince = 46;

async function externalIdAnswer(
  call: Call,
  def: SObjectDef,
  field: FieldDef,
  value: string,
): Promise<Answer> {
  if (field.type === 'id') return rowByIdPath(call, def, value);
  const ids = await findByValue(call.db, def, field, toStored(value));
  if (ids.length > 1)
    return answer(
      300,
      ids.map((id) => dataPath(call.version, 'sobjects', def.name, id)),
    );
  const [id] = ids;
  if (call.method === 'PATCH') return upsertRecord(call, def, field, value, id);
  if (id === undefined) throw notFound();
  return rowAnswer(call, def, id);
}

/** `/sobjects/X/Id/…` is an update by PATCH, and a create by POST without a value. */
async function rowByIdPath(call: Call, def: SObjectDef, value: string): Promise<Answer> {
  if (call.method !== 'PATCH') return rowAnswer(call, def, value);
  const id = parseId(value);
  if (!id) throw noSuchExternalId(value);
  await update(call, def, id);
  return updated(call, id);
}

const updated = (call: Call, id: string): Answer =>
  Number.parseFloat(call.version) < upsertBodySince
    ? noContent
    : answer(200, { id, success: true, errors: [], created: false });

async function upsertRecord(
  call: Call,
  def: SObjectDef,
  field: FieldDef,
  value: string,
  id: string | undefined,
): Promise<Answer> {
  refuseKeysInBody(def, field, call.body);
  if (id !== undefined) {
    await update(call, def, id);
    return updated(call, id);
  }
  if (call.parameters.get('updateOnly') === 'true') throw notFound();
  const body = isObject(call.body) ? { ...call.body, [field.name]: value } : call.body;
  const values = columnValues(def, body, 'create');
  const newId = await call.write((tx) => insertRecord(tx, call, def, values));
  return created(call, def, newId, { created: true });
}

function refuseKeysInBody(def: SObjectDef, field: FieldDef, body: unknown): void {
  if (!isObject(body)) return;
  const key = Object.keys(body).find((name) => ['id', field.name.toLowerCase()].includes(name.toLowerCase()));
  if (key === undefined) return;
  throw refused('INVALID_FIELD', `The ${key} field should not be specified in the sobject data.`, [
    fieldNamed(def, key)?.name ?? key,
  ]);
}
