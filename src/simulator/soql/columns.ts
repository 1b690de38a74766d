/** How a field reads in SQL: its column or formula over the row `r`, and what it can be compared with. */
import { ident, type Sql, sql } from '../../lib/sql.ts';
import type { FieldDef, FieldType } from '../schema.ts';
import { verbatim } from './fragments.ts';

/** `opaque` fields can be selected and nothing else. */
type Family = 'text' | 'id' | 'boolean' | 'number' | 'date' | 'datetime' | 'time' | 'opaque';

interface TypeFacts {
  family: Family;
  /** The type of the column, and of a formula's value. */
  sqlType: string;
  /** Salesforce's word for it in error messages. */
  soapName: string;
}

const text: TypeFacts = { family: 'text', sqlType: 'text', soapName: 'string' };
const id: TypeFacts = { family: 'id', sqlType: 'text', soapName: 'ID' };
const double: TypeFacts = { family: 'number', sqlType: 'numeric', soapName: 'double' };
const opaque: TypeFacts = { family: 'opaque', sqlType: 'text', soapName: 'string' };
const json: TypeFacts = { family: 'opaque', sqlType: 'jsonb', soapName: 'anyType' };

const factsOfTypes: Record<FieldType, TypeFacts> = {
  id,
  reference: id,
  string: text,
  textarea: text,
  picklist: text,
  multipicklist: text,
  combobox: text,
  email: text,
  phone: text,
  url: text,
  encryptedstring: opaque,
  boolean: { family: 'boolean', sqlType: 'boolean', soapName: 'boolean' },
  int: { family: 'number', sqlType: 'integer', soapName: 'int' },
  long: { family: 'number', sqlType: 'bigint', soapName: 'long' },
  double,
  currency: double,
  percent: double,
  date: { family: 'date', sqlType: 'date', soapName: 'date' },
  datetime: { family: 'datetime', sqlType: 'timestamptz', soapName: 'dateTime' },
  time: { family: 'time', sqlType: 'time', soapName: 'time' },
  base64: opaque,
  address: opaque,
  location: opaque,
  anyType: json,
  json,
};

export const factsOf = (field: FieldDef): TypeFacts => factsOfTypes[field.type];

/** Text of more than 255 characters can be neither filtered nor sorted. */
const filterableCharactersMax = 255;

export const isFilterable = (field: FieldDef): boolean =>
  factsOf(field).family !== 'opaque' &&
  !(field.type === 'textarea' && (field.length ?? 0) > filterableCharactersMax);

export const isSortable = (field: FieldDef): boolean => isFilterable(field) && field.type !== 'multipicklist';

/** The field's value in the row `r`. A formula names its row's columns without `r`, so `r` must stand alone in FROM. */
export const columnOf = (field: FieldDef): Sql =>
  field.formula === undefined
    ? ident('r', field.name)
    : sql`(${verbatim(field.formula)})::${verbatim(factsOf(field).sqlType)}`;

/**
 * Text without regard to case. The column's own collation, "C", would lower ASCII only; the result is ordered by
 * code point.
 */
export const lowered = (value: Sql): Sql =>
  sql`lower(${value} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`;
