import { noSuchColumn, type OrgError, parserError, refused } from './errors.ts';
import { ExactNumber, isObject, printExact } from './exact-json.ts';
import { parseId } from './ids.ts';
import { type FieldDef, type FieldType, fieldNamed, type SObjectDef } from './schema.ts';
import { toStored } from './stored-text.ts';

/** What a column takes: text is cast by Postgres to the column's type, so that numbers keep their digits. */
export type ColumnValue = string | boolean | null;
export type ColumnValues = Map<FieldDef, ColumnValue>;

/**
 * Reads the JSON body of a create or update.
 *
 * @throws {@link OrgError} with Salesforce's code for an unknown or read-only field, a wrong JSON type, a text too
 * long, a missing required field
 */
export function columnValues(def: SObjectDef, body: unknown, intent: 'create' | 'update'): ColumnValues {
  if (!isObject(body))
    throw parserError('The HTTP entity body is required, but this request has no entity body.');
  const values: ColumnValues = new Map();
  for (const [name, value] of Object.entries(body)) {
    if (name === 'attributes') continue;
    const field = fieldNamed(def, name);
    if (!field) throw noSuchColumn(name, def.name);
    if (!(intent === 'create' ? field.createable : field.updateable)) throw notWritable(field);
    values.set(field, columnValue(field, value));
  }
  const missing = def.fields.filter((field) => isMissing(field, values, intent)).map((field) => field.name);
  if (missing.length > 0) {
    throw refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  }
  return values;
}

const notWritable = (field: FieldDef): OrgError =>
  refused(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    [field.name],
  );

function isMissing(field: FieldDef, values: ColumnValues, intent: 'create' | 'update'): boolean {
  if (field.nillable || !field.createable) return false;
  const value = values.get(field);
  if (value !== undefined) return value === null;
  return intent === 'create' && field.defaultSql === undefined && !field.filledIn && field.name !== 'OwnerId';
}

function columnValue(field: FieldDef, value: unknown): ColumnValue {
  if (value !== null) return readers[field.type](field, value);
  if (field.type === 'boolean') throw wrongType(field, '');
  return null;
}

type Reader = (field: FieldDef, value: unknown) => ColumnValue;

/** Text is read as it is, save that the empty text is null, as in Salesforce. */
const text =
  (read: (field: FieldDef, value: string) => string): Reader =>
  (field, value) => {
    if (typeof value !== 'string') throw cannotRead(field, value);
    return value === '' ? null : read(field, value);
  };
const matching = (pattern: RegExp): Reader =>
  text((field, value) => {
    if (!pattern.test(value)) throw cannotRead(field, value);
    return value;
  });
const plain = text(fitting);
const json: Reader = (_field, value) => printExact(value, toStored);
const id = text((field, value) => {
  const parsed = parseId(value);
  if (!parsed)
    throw refused('MALFORMED_ID', `${field.label}: id value of incorrect type: ${value}`, [field.name]);
  return parsed;
});

const readers: Record<FieldType, Reader> = {
  id,
  reference: id,
  string: plain,
  textarea: plain,
  picklist: plain,
  multipicklist: plain,
  combobox: plain,
  phone: plain,
  url: plain,
  encryptedstring: plain,
  email: text((field, value) => {
    if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return fitting(field, value);
    throw refused('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`, [field.name]);
  }),
  boolean(field, value) {
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw cannotRead(field, value);
  },
  int: wholeNumber,
  long: wholeNumber,
  double: decimal,
  currency: decimal,
  percent: decimal,
  date: text(dateText),
  datetime: text(datetimeText),
  time: matching(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?Z?$/),
  base64: matching(/^[A-Za-z0-9+/\s]*={0,2}$/),
  json,
  anyType: json,
  // Compounds are read-only; their parts are written.
  address: (field, value) => {
    throw cannotRead(field, value);
  },
  location: (field, value) => {
    throw cannotRead(field, value);
  },
};

function fitting(field: FieldDef, value: string): string {
  if (field.length !== undefined && value.length > field.length) {
    const shown = `${value.slice(0, 255)} (max length=${field.length})`;
    throw refused('STRING_TOO_LONG', `${field.label}: data value too large: ${shown}`, [field.name]);
  }
  return toStored(value);
}

const numberText = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

function numberSource(field: FieldDef, value: unknown): string {
  const source = value instanceof ExactNumber ? value.source : value;
  if (typeof source !== 'string' || source.length > 400) throw cannotRead(field, value);
  if (!numberText.test(source))
    throw value instanceof ExactNumber ? outOfRange(field) : cannotRead(field, value);
  return source;
}

function wholeNumber(field: FieldDef, value: unknown): string {
  const source = numberSource(field, value);
  if (!/^-?\d+$/.test(source)) throw cannotRead(field, value);
  const bits = field.type === 'int' ? 31n : 63n;
  const whole = BigInt(source);
  if (whole >= 2n ** bits || whole < -(2n ** bits)) throw outOfRange(field);
  return source;
}

/** The scale only tells how a number is shown; more digits after the point are kept. */
function decimal(field: FieldDef, value: unknown): string {
  const source = numberSource(field, value);
  const wholeDigits = (field.precision ?? 18) - (field.scale ?? 0);
  if (Math.abs(Number(source)) >= 10 ** wholeDigits) throw outOfRange(field);
  return source;
}

function dateText(field: FieldDef, value: string): string {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!parts) throw cannotRead(field, value);
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  // Salesforce takes dates from 1700-01-01 to 4000-12-31.
  const isInCalendar =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isInCalendar || year < 1700 || year > 4000) throw cannotRead(field, value);
  return value;
}

/** Salesforce keeps whole seconds. */
function datetimeText(field: FieldDef, value: string): string {
  const parts =
    /^(\d{4}-\d\d-\d\d)T(([01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d{1,9})?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/.exec(
      value,
    );
  const [, date = '', time = '', , offset = 'Z'] = parts ?? [];
  if (!parts) throw cannotRead(field, value);
  return `${dateText(field, date)}T${time}${offset}`;
}

const outOfRange = (field: FieldDef): OrgError =>
  refused('NUMBER_OUTSIDE_VALID_RANGE', `${field.label}: value outside of valid range on numeric field`, [
    field.name,
  ]);

const wrongType = (field: FieldDef, shown: string): OrgError =>
  refused('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.label}: value not of required type: ${shown}`, [
    field.name,
  ]);

/** As Salesforce's JSON reader says it, token name included. */
function cannotRead(field: FieldDef, value: unknown): OrgError {
  const [token, shown] = tokenOf(value);
  return parserError(
    `Cannot deserialize instance of ${field.type} from ${token} value ${shown} or request may be missing a required field`,
  );
}

function tokenOf(value: unknown): [token: string, shown: string] {
  if (value instanceof ExactNumber) {
    const { source } = value;
    return [/^-?\d+$/.test(source) ? 'VALUE_NUMBER_INT' : 'VALUE_NUMBER_FLOAT', source.slice(0, 100)];
  }
  if (typeof value === 'boolean') return [value ? 'VALUE_TRUE' : 'VALUE_FALSE', String(value)];
  if (typeof value === 'string') return ['VALUE_STRING', value.slice(0, 100)];
  return Array.isArray(value) ? ['START_ARRAY', '['] : ['START_OBJECT', '{'];
}
