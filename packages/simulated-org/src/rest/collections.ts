import { ExactNumber } from '@lockstep/foundation/exact-json';
import { sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { type Answer, answer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { readEnvelope } from '../http/envelope.ts';
import { methodNotAllowed, noSuchExternalId, notFound, OrgError, refused } from '../http/errors.ts';
import {
  type FieldDef,
  fieldNamed,
  isIdLookup,
  numberTypes,
  type SObjectDef,
  sobjectOfId,
} from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';
import { recordJson } from '../soql/index.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { findByValue, sameKey } from '../write/external-ids.ts';
import { columnValues } from '../write/field-values.ts';
import { parseId } from '../write/ids.ts';
import { toServed, toStored } from '../write/stored-text.ts';
import { type Outcome, type RowWrite, rowResult, writeRows } from './row-results.ts';
import { checkRetrieveable, fieldsNamed } from './rows.ts';

/**
 * `/composite/sobjects`: up to 200 records in one request, answered in order. The status is 200 whenever the request
 * is well formed. No recorded answers confirm the error texts below.
 */
const recordsMax = 200;
const chunksMax = 10;
const retrievedMax = 2000;

type SentRecord = Record<string, unknown>;
const sentRecord = z.record(z.string(), z.unknown());
const writeEnvelope = z.object({ allOrNone: z.boolean().default(false), records: z.array(sentRecord) });
const retrieveEnvelope = z.object({ ids: z.array(z.string()), fields: z.array(z.string()) });

/** `path` is the part after `/composite/sobjects`. */
export async function collections(call: Call, path: readonly string[]): Promise<Answer> {
  const [sobject, fieldName, ...more] = path;
  if (more.length > 0) throw notFound();
  if (sobject === undefined) return write(call);
  const def = call.sobjects.get(sobject.toLowerCase());
  if (!def) throw notFound();
  if (fieldName === undefined) return retrieve(call, def);
  if (call.method !== 'PATCH') throw methodNotAllowed(call.method, ['PATCH']);
  const field = fieldNamed(def, fieldName);
  if (!field || !isIdLookup(field)) throw noSuchExternalId(fieldName);
  return upsert(call, def, field);
}

async function write(call: Call): Promise<Answer> {
  switch (call.method) {
    case 'POST':
    case 'PATCH': {
      const { allOrNone, records } = readWrite(call);
      const toWrite = call.method === 'POST' ? create : update;
      const rows = records.map((record) => toWrite(call, record.def, record.sent));
      return writtenAnswer(call, allOrNone, rows, rowResult);
    }
    case 'DELETE': {
      const ids = listed(call.parameters.get('ids'));
      refuseTooMany(ids.length, recordsMax);
      const allOrNone = call.parameters.get('allOrNone') === 'true';
      const rows = ids.map((id) => remove(call, id));
      return writtenAnswer(call, allOrNone, rows, rowResult);
    }
    default:
      throw methodNotAllowed(call.method, ['DELETE', 'PATCH', 'POST']);
  }
}

/** A failed collection keeps its status of 200 even if it rolls back an all-or-none composite; not confirmed. */
async function writtenAnswer(
  call: Call,
  asked: boolean,
  rows: readonly RowWrite[],
  resultOf: (outcome: Outcome, isRolledBack: boolean) => object,
): Promise<Answer> {
  const allOrNone = asked || call.isAllOrNone === true;
  const outcomes = await writeRows(call, allOrNone, rows);
  const isRolledBack = allOrNone && outcomes.some((outcome) => outcome instanceof OrgError);
  const results = outcomes.map((outcome) => resultOf(outcome, isRolledBack));
  return { ...answer(200, results), isRolledBack };
}

function readWrite(call: Call, only?: SObjectDef) {
  const { allOrNone, records } = readEnvelope(writeEnvelope, call.body, 'The request');
  refuseTooMany(records.length, recordsMax);
  const typed = records.map((sent) => ({ def: typeOf(call, sent, only), sent }));
  // Adjacent records of one type form a chunk; the order of the request is kept.
  const chunks = typed.filter(({ def }, i) => def !== typed[i - 1]?.def).length;
  if (chunks > chunksMax) {
    throw refused(
      'LIMIT_EXCEEDED',
      `Cannot have more than ${chunksMax} chunks in a single operation. Please rearrange the data to reduce chunking.`,
    );
  }
  return { allOrNone, records: typed };
}

function refuseTooMany(count: number, max: number): void {
  if (count === 0) throw refused('MISSING_ARGUMENT', 'At least one record has to be specified.');
  if (count <= max) return;
  throw refused(
    'EXCEEDED_ID_LIMIT',
    `record limit reached. cannot submit more than ${max} records into this call`,
  );
}

const attributesOf = z.object({ attributes: z.object({ type: z.string() }) });

/** For an upsert the type is in the path, and a record need not repeat it. */
function typeOf(call: Call, sent: SentRecord, only: SObjectDef | undefined): SObjectDef {
  const name = attributesOf.safeParse(sent).data?.attributes.type;
  if (name === undefined) {
    if (only) return only;
    throw refused('INVALID_INPUT', 'Each record needs the attribute type.');
  }
  const def = call.sobjects.get(name.toLowerCase());
  if (!def || (only && def !== only)) {
    throw refused('INVALID_TYPE', `sObject type '${name}' is not supported.`);
  }
  return def;
}

/** The value of a field, whose name may be in any case, and the record without it. */
function withoutField(sent: SentRecord, name: string): { value: unknown; rest: SentRecord } {
  const key = Object.keys(sent).find((one) => one.toLowerCase() === name.toLowerCase());
  if (key === undefined) return { value: undefined, rest: sent };
  const { [key]: value, ...rest } = sent;
  return { value, rest };
}

const create =
  (call: Call, def: SObjectDef, sent: SentRecord): RowWrite =>
  async (tx) => ({ id: await insertRecord(tx, call, def, columnValues(def, sent, 'create')) });

const update =
  (call: Call, def: SObjectDef, sent: SentRecord): RowWrite =>
  async (tx) => {
    const { value, rest } = withoutField(sent, 'Id');
    if (value === undefined || value === null)
      throw refused('MISSING_ARGUMENT', 'Id not specified in an update call');
    const id = readId(def, value);
    await updateRecord(tx, call, def, id, columnValues(def, rest, 'update'));
    return { id };
  };

function readId(def: SObjectDef, value: unknown): string {
  const id = typeof value === 'string' ? parseId(value) : undefined;
  if (id?.startsWith(def.keyPrefix)) return id;
  const shown = typeof value === 'string' ? value : '';
  throw refused('MALFORMED_ID', `${def.label} ID: id value of incorrect type: ${shown}`, ['Id']);
}

const remove =
  (call: Call, text: string): RowWrite =>
  async (tx) => {
    const id = parseId(text);
    if (!id) throw refused('MALFORMED_ID', `malformed id ${text}`);
    const def = sobjectOfId(call, id);
    if (!def) throw notFound();
    if (!def.deletable)
      throw refused('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
    await deleteRecord(tx, call, def, id);
    return { id };
  };

async function upsert(call: Call, def: SObjectDef, field: FieldDef): Promise<Answer> {
  const { allOrNone, records } = readWrite(call, def);
  const seen = new Set<string>();
  const rows = records.map(({ sent }) => upsertOne(call, def, field, sent, seen));
  // A real org answers a roll-back with created: true for every record, written or not.
  return writtenAnswer(call, allOrNone, rows, (outcome, isRolledBack) => ({
    ...rowResult(outcome),
    created: isRolledBack || wasCreated(outcome),
  }));
}

const wasCreated = (outcome: Outcome): boolean => !(outcome instanceof OrgError) && outcome.created === true;

/** By Id, a record without one is created. `seen` contains the values of the preceding records. */
const upsertOne =
  (call: Call, def: SObjectDef, field: FieldDef, sent: SentRecord, seen: Set<string>): RowWrite =>
  async (tx) => {
    const { value, rest } = withoutField(sent, field.name);
    const isEmpty = value === undefined || value === null || value === '';
    let found: string | undefined;
    if (field.type === 'id') {
      found = isEmpty ? undefined : readId(def, value);
    } else {
      const text = value instanceof ExactNumber && numberTypes.has(field.type) ? value.source : value;
      if (isEmpty || typeof text !== 'string')
        throw refused('MISSING_ARGUMENT', `${field.name} not specified`);
      const key = sameKey(field, text);
      if (seen.has(key))
        throw refused('DUPLICATE_VALUE', `Duplicate external id specified: ${text}`, [field.name]);
      seen.add(key);
      const ids = await findByValue(tx, def, field, toStored(text));
      if (ids.length > 1) {
        const message = `more than one record found for external id field: [${ids.join(', ')}]`;
        throw refused('DUPLICATE_EXTERNAL_ID', message);
      }
      [found] = ids;
    }
    if (found === undefined) {
      const whole = field.type === 'id' ? rest : sent;
      return { id: await insertRecord(tx, call, def, columnValues(def, whole, 'create')), created: true };
    }
    await updateRecord(tx, call, def, found, columnValues(def, rest, 'update'));
    return { id: found, created: false };
  };

/** Records in the order of their Ids; null for one that does not exist or is deleted. */
async function retrieve(call: Call, def: SObjectDef): Promise<Answer> {
  checkRetrieveable(def);
  const { ids, fields } = readRetrieve(call);
  refuseTooMany(ids.length, retrievedMax);
  if (fields.length === 0) throw refused('MISSING_ARGUMENT', 'At least one field has to be specified.');
  const parsed = ids.map((text) => {
    const id = parseId(text);
    if (!id) throw refused('MALFORMED_ID', `malformed id ${text}`);
    return id;
  });
  const rows = await call.db.query<{ id: string; json: string }>(sql`
    SELECT "Id" AS id, ${recordJson(def, fieldsNamed(def, fields), call.version)} AS json
      FROM ${recordsOf(def)} AS r
     WHERE "Id" = ANY(${parsed}) AND ${isLive(def)}`);
  const found = new Map(rows.map(({ id, json }) => [id, toServed(json)]));
  return { status: 200, body: `[${parsed.map((id) => found.get(id) ?? 'null').join(',')}]` };
}

function readRetrieve({ method, parameters, body }: Call): z.infer<typeof retrieveEnvelope> {
  if (method === 'POST') return readEnvelope(retrieveEnvelope, body, 'The request');
  if (method !== 'GET') throw methodNotAllowed(method, ['GET', 'POST', 'HEAD']);
  return { ids: listed(parameters.get('ids')), fields: listed(parameters.get('fields')) };
}

const listed = (text: string | null): string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
