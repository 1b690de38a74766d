import { ExactNumber, isObject, printExact } from '@lockstep/foundation/exact-json';
import { noSuchColumn, type OrgError, parserError, refused } from '../http/errors.ts';
import { relationshipNamed } from '../schema/relationships.ts';
import { type FieldDef, type FieldType, fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { StoredBlob } from './blobs.ts';
import { parseId } from './ids.ts';
import { toStored } from './stored-text.ts';

/** A value for a column: Postgres casts text to the column's type, so that numbers keep their digits. */
export type ColumnValue = string | boolean | null;
export type ColumnValues = Map<FieldDef, ColumnValue>;

/** A reference that identifies the other record by one of its fields. */
export interface ForeignKey {
  /** As in the body: `Account`. */
  relationship: string;
  /** The sobject that `attributes` names, and the field with its value. */
  type: string | undefined;
  name: string;
  value: unknown;
}

/** The values of a body, before its foreign keys are resolved. */
export type GivenValues = Map<FieldDef, ColumnValue | ForeignKey>;

/**
 * Parses the JSON body of a create or update.
 *
 * @throws {@link OrgError} with Salesforce's code for an unknown or read-only field, a wrong JSON type, a text too
 * long, a missing required field
 */
export function columnValues(def: SObjectDef, body: unknown, intent: 'create' | 'update'): GivenValues {
  if (!isObject(body))
    throw parserError('The HTTP entity body is required, but this request has no entity body.');
  const values: GivenValues = new Map();
  for (const [name, value] of Object.entries(body)) {
    if (name === 'attributes') continue;
    const named = fieldNamed(def, name);
    const field = named ?? relationshipNamed(def, name);
    if (!field) throw noSuchColumn(name, def.name);
    if (!(intent === 'create' ? field.createable : field.updateable)) throw notWritable(field.name);
    if (field.type === 'reference' && values.has(field)) throw givenTwice(field);
    values.set(field, named ? columnValue(field, value) : foreignKey(field, name, value));
  }
  const missing = def.fields.filter((field) => isMissing(field, values, intent)).map((field) => field.name);
  if (missing.length > 0) {
    throw refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  }
  return values;
}

const givenTwice = ({ name, relationshipName }: FieldDef): OrgError =>
  refused(
    'INVALID_FIELD',
    `Cannot specify both an external ID reference ${relationshipName} and a salesforce id, ${name}`,
    [name],
  );

/** Null empties the reference. No recorded answer has more than one field in such an object. */
function foreignKey(field: FieldDef, relationship: string, value: unknown): ForeignKey | null {
  if (value === null) return null;
  if (!isObject(value)) throw cannotRead(field, value);
  const { attributes, ...fields } = value;
  const [key, ...more] = Object.entries(fields);
  if (!key || more.length > 0) {
    const message = `The external foreign key reference needs exactly one field: ${relationship}`;
    throw refused('INVALID_FIELD', message, [field.name]);
  }
  const type = isObject(attributes) && typeof attributes.type === 'string' ? attributes.type : undefined;
  return { relationship, type, name: key[0], value: key[1] };
}

export const notWritable = (name: string): OrgError =>
  refused(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    [name],
  );

function isMissing(field: FieldDef, values: GivenValues, intent: 'create' | 'update'): boolean {
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

/** Text is unchanged, except that an empty text is null, as in Salesforce. */
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

const base64 = matching(/^[A-Za-z0-9+/\s]*={0,2}$/);

const readers: Record<FieldType, Reader> = {
  id,
  reference: id,
  string: plain,
  textarea: plain,
  picklist: text((field, value) => chosen(field, value, [value])),
  multipicklist: text((field, value) => chosen(field, value, value.split(';'))),
  combobox: plain,
  phone: plain,
  url: plain,
  encryptedstring: plain,
  email: text((field, value) => {
    // Recorded addresses come back in lower case, however they were written.
    if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return fitting(field, value.toLowerCase());
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
  base64: (field, value) => (value instanceof StoredBlob ? value.reference : base64(field, value)),
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

/** A restricted picklist accepts only its own values. */
function chosen(field: FieldDef, value: string, choices: readonly string[]): string {
  const bad = field.restrictedPicklist && choices.find((one) => !field.picklist?.includes(one));
  if (typeof bad !== 'string') return fitting(field, value);
  const message = `${field.label}: bad value for restricted picklist field: ${bad.slice(0, 255)}`;
  throw refused('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message, [field.name]);
}

/**
 * Length is counted in UTF-16, so that an emoji counts twice: a field's `byteLength` is three times its length, and a
 * character of four bytes in UTF-8 takes six in Salesforce's own encoding. No recorded answer confirms this.
 */
function fitting(field: FieldDef, value: string): string {
  if (field.length !== undefined && value.length > field.length) {
    const shown = `${value.slice(0, 255)} (max length=${field.length})`;
    throw refused('STRING_TOO_LONG', `${field.label}: data value too large: ${shown}`, [field.name]);
  }
  return toStored(value);
}

/** Its groups are the sign, the digits before and after the point, and the exponent. */
export const numberText = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

function numberSource(field: FieldDef, value: unknown): string {
  const source = value instanceof ExactNumber ? value.source : value;
  if (typeof source !== 'string' || source.length > 400) throw cannotRead(field, value);
  if (!numberText.test(source))
    throw value instanceof ExactNumber ? outOfRange(field, source) : cannotRead(field, value);
  return source;
}

function wholeNumber(field: FieldDef, value: unknown): string {
  const source = numberSource(field, value);
  if (!/^-?\d+$/.test(source)) throw cannotRead(field, value);
  const bits = field.type === 'int' ? 31n : 63n;
  const whole = BigInt(source);
  const isTooLong = field.type === 'int' && whole.toString().replace('-', '').length > (field.digits ?? 10);
  if (whole >= 2n ** bits || whole < -(2n ** bits) || isTooLong) throw outOfRange(field, source);
  return source;
}

/** The scale only affects how a number is displayed; more digits after the point are kept. */
function decimal(field: FieldDef, value: unknown): string {
  const source = numberSource(field, value);
  const wholeDigits = (field.precision ?? 18) - (field.scale ?? 0);
  if (Math.abs(Number(source)) >= 10 ** wholeDigits) throw outOfRange(field, source);
  return source;
}

function dateText(field: FieldDef, value: string): string {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!parts) throw cannotRead(field, value);
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  // Salesforce accepts dates from 1700-01-01 to 4000-12-31.
  const isInCalendar =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isInCalendar || year < 1700 || year > 4000) throw cannotRead(field, value);
  return value;
}

/** Salesforce stores whole seconds. */
function datetimeText(field: FieldDef, value: string): string {
  const parts =
    /^(\d{4}-\d\d-\d\d)T(([01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d{1,9})?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/.exec(
      value,
    );
  const [, date = '', time = '', , offset = 'Z'] = parts ?? [];
  if (!parts) throw cannotRead(field, value);
  return `${dateText(field, date)}T${time}${offset}`;
}

const outOfRange = (field: FieldDef, source: string): OrgError =>
  refused(
    'NUMBER_OUTSIDE_VALID_RANGE',
    `${field.label}: value outside of valid range on numeric field: ${source.slice(0, 100)}`,
    [field.name],
  );

export const wrongType = (field: FieldDef, shown: string): OrgError =>
  refused('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.label}: value not of required type: ${shown}`, [
    field.name,
  ]);

/** In the words of Salesforce's JSON parser, token name included. */
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
