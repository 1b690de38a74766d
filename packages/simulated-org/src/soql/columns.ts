/** How a field is read in SQL: its column or formula in a row, and what it can be compared with. */
import { assert } from '@lockstep/foundation/assert';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef, FieldType } from '../schema/schema.ts';
import { verbatim } from './fragments.ts';

/** `opaque` fields can be selected, but not used otherwise. */
type Family = 'text' | 'id' | 'boolean' | 'number' | 'date' | 'datetime' | 'time' | 'opaque';

export interface TypeFacts {
  family: Family;
  /** The type of the column, and of a formula's value. */
  sqlType: string;
  /** Salesforce's name for it in error messages. */
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

export const factsOf = (type: FieldType): TypeFacts => factsOfTypes[type];

/** Text of more than 255 characters can be neither filtered nor sorted. */
const filterableCharactersMax = 255;

export const isFilterable = (field: FieldDef): boolean =>
  field.told?.filterable ??
  (factsOf(field.type).family !== 'opaque' &&
    !(field.type === 'textarea' && (field.length ?? 0) > filterableCharactersMax));

export const isSortable = (field: FieldDef): boolean =>
  field.told?.sortable ?? (isFilterable(field) && field.type !== 'multipicklist');

export const isAggregatable = (field: FieldDef): boolean =>
  field.told?.aggregatable ?? (isFilterable(field) && field.type !== 'boolean');

const ungroupable: readonly FieldType[] = ['double', 'currency', 'percent', 'datetime', 'time', 'combobox'];

export const isGroupable = (field: FieldDef): boolean =>
  field.told?.groupable ??
  (isSortable(field) && field.autoNumber === undefined && !ungroupable.includes(field.type));

/** The field's value in the row of this name. */
export function columnOf(field: FieldDef, row = 'r'): Sql {
  if (field.readAs) return field.readAs(row);
  if (field.shown !== undefined) return sql`${field.shown}::text`;
  assert(field.formula === undefined, 'formulas are linked before they are read');
  return field.derived === undefined
    ? ident(row, field.name)
    : sql`(${verbatim(derivedIn(field.derived, row))})::${verbatim(factsOf(field.type).sqlType)}`;
}

/** The expression names its row's columns without a row, and those of other rows with one. */
const derivedIn = (derived: string, row: string): string =>
  derived.replaceAll(/'(?:[^']|'')*'|(?<!\.)"\w+"/g, (part) =>
    part.startsWith("'") ? part : `"${row}".${part}`,
  );

/**
 * Text for case-insensitive comparison. The column's own collation, "C", would only lower ASCII; the result is
 * ordered by code point.
 */
export const caseFolded = (value: Sql): Sql =>
  sql`lower(${value} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`;
