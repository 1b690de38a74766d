import type { Sql } from '@lockstep/foundation/sql';

/**
 * What the simulated org knows of an sobject and its fields. Everything else is derived from it: the table, the
 * describe answer, what a query may name and what a write may set.
 *
 * An sobject is stored in a table of its API name in schema `org` (`org."Account"`), one column a field, named like
 * the field and quoted. A formula has no column: its SQL stands in for it wherever the field is read.
 */
export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'multipicklist'
  | 'combobox'
  | 'email'
  | 'phone'
  | 'url'
  | 'encryptedstring'
  | 'reference'
  | 'boolean'
  | 'int'
  | 'long'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'time'
  | 'base64'
  | 'address'
  | 'location'
  | 'anyType'
  | 'json';

/** Types whose values are numbers. */
export const numberTypes: ReadonlySet<FieldType> = new Set(['int', 'long', 'double', 'currency', 'percent']);

export interface FieldDef {
  name: string;
  label: string;
  type: FieldType;
  custom: boolean;
  nillable: boolean;
  createable: boolean;
  updateable: boolean;
  /** Characters, for text kinds. */
  length?: number;
  /** Digits in all and after the point, for double, currency and percent. */
  precision?: number;
  scale?: number;
  /** Whole digits, for int and long. */
  digits?: number;
  /** The sobjects that a reference may point to, and the name by which a query follows it. */
  referenceTo?: readonly string[];
  relationshipName?: string;
  /** By which the records that point to one are reached from it: `Contacts`. Null where they are not. */
  childRelationshipName?: string | null;
  /** A master-detail: the record is deleted with the one that it points to. */
  cascadeDelete?: boolean;
  /** A record that another one points to by this field cannot be deleted. */
  restrictedDelete?: boolean;
  picklist?: readonly string[];
  /** What people see in the place of a value, where that is not the value itself. */
  picklistLabels?: Readonly<Record<string, string>>;
  /** Values that no longer can be chosen. */
  inactiveValues?: readonly string[];
  /** The picklist that this one depends on, and the values of that one with which each value can be chosen. */
  controllerName?: string;
  validFor?: Readonly<Record<string, readonly string[]>>;
  /** A write takes no value but those of the picklist. */
  restrictedPicklist?: boolean;
  externalId?: boolean;
  unique?: boolean;
  /** Values that differ in case only are different ones. */
  caseSensitive?: boolean;
  /** Salesforce formula text: describe calls the field calculated and shows it. */
  formula?: string;
  /** How blank numbers count in the formula; as zero where it is left out. */
  blankAs?: 'zero' | 'blank';
  /** Reads a formula field of the row of this name, for this user. Made by `linkFormulas`; JSON has no functions. */
  readAs?: (row: string, userId?: string) => Sql;
  /** Kept up to date from the records that point to this one. */
  rollUp?: RollUpDef;
  /**
   * What the org itself makes of a record, which Salesforce does not call calculated: a SQL expression over the row's
   * own quoted columns, for example `"StageName" = 'Closed Won'`. Columns of other rows are named with their rows. A
   * formula could say little of it: it has no e-mails, picklists or whole Ids, and a roll-up stamps its master.
   */
  derived?: string;
  /** Of an Id: what every record shows in the place of its own, which only the org knows. */
  shown?: string;
  /** Stored when a create leaves the field out: a SQL expression without columns. */
  defaultSql?: string;
  /** A create may leave the field out, though it is never empty: the org finds a value of its own. */
  filledIn?: true;
  /** The parts of a compound field (address, location), which has no column of its own. */
  parts?: readonly string[];
  /** Counts up on create: the text before the number. */
  autoNumber?: string;
  /** What describe tells of the field where no rule of types gives it. */
  told?: ToldFacts;
}

/** In the words of describe. */
export interface ToldFacts {
  aggregatable?: boolean;
  byteLength?: number;
  compoundFieldName?: string;
  defaultedOnCreate?: boolean;
  extraTypeInfo?: string;
  filterable?: boolean;
  groupable?: boolean;
  idLookup?: boolean;
  permissionable?: boolean;
  relationshipName?: string;
  searchPrefilterable?: boolean;
  sortable?: boolean;
}

/** A roll-up summary: over the live records of `child` whose `reference` points here and that pass the filter. */
export interface RollUpDef {
  kind: 'count' | 'sum' | 'min' | 'max';
  /** API names. */
  child: string;
  reference: string;
  /** Of the child; a count has none. */
  field?: string;
  /** A formula over the child's own fields. */
  where?: string;
}

export interface SObjectDef {
  name: string;
  label: string;
  labelPlural: string;
  /** The first three characters of every Id. */
  keyPrefix: string;
  custom: boolean;
  deletable: boolean;
  /** What the API refuses, in the words of describe. */
  createable?: false;
  updateable?: false;
  undeletable?: false;
  queryable?: false;
  retrieveable?: false;
  replicateable?: false;
  searchable?: false;
  triggerable?: false;
  layoutable?: false;
  mruEnabled?: false;
  feedEnabled?: true;
  mergeable?: true;
  deepCloneable?: true;
  activateable?: true;
  /** Describe gives no key prefix, though the Ids have one. */
  hasKeyPrefix?: false;
  /** A custom metadata type: a query may say less of its records. */
  isMetadata?: true;
  /** A big object: its composite key, which is all that a query may filter and order by. */
  bigIndex?: readonly { field: string; direction: 'ascending' | 'descending' }[];
  /** Not served by the Bulk API. */
  bulk?: false;
  /** Old records are archived: hidden from a query as deleted ones are, and seen by Id. */
  archivable?: true;
  /** A query is refused, with this text, unless it compares one of the fields with a value or a list of them. */
  neededFilter?: { fields: readonly string[]; message: string };
  recordTypes?: readonly RecordTypeDef[];
  /** The field by which people call a record, where it is not `Name`. */
  nameField?: string;
  fields: readonly FieldDef[];
  /** What the user sees of the records; all of them where it is left out. SQL over the columns of `tableOf`. */
  visibleWhere?: Sql;
}

export interface RecordTypeDef {
  developerName: string;
  name: string;
}

/** By lower-case API name. */
export type SObjects = ReadonlyMap<string, SObjectDef>;

const fieldMaps = new WeakMap<SObjectDef, ReadonlyMap<string, FieldDef>>();

/** Salesforce takes field names in any case. */
export function fieldNamed(def: SObjectDef, name: string): FieldDef | undefined {
  let fields = fieldMaps.get(def);
  if (!fields) {
    fields = new Map(def.fields.map((field) => [field.name.toLowerCase(), field]));
    fieldMaps.set(def, fields);
  }
  return fields.get(name.toLowerCase());
}

export const nameFieldOf = (def: SObjectDef): FieldDef | undefined =>
  fieldNamed(def, def.nameField ?? 'Name');

/** When a record last changed: most sobjects have SystemModstamp, some an older stamp only, a few none. */
export const stampField = (def: SObjectDef): FieldDef | undefined =>
  fieldNamed(def, 'SystemModstamp') ?? fieldNamed(def, 'LastModifiedDate') ?? fieldNamed(def, 'CreatedDate');

/** Computed from other columns whenever a record is read. */
export const isMade = ({ formula, derived }: FieldDef): boolean =>
  formula !== undefined || derived !== undefined;

/** Compound fields and formulas are made from other columns when a record is read. */
export const hasColumn = (field: FieldDef): boolean =>
  !isMade(field) && field.type !== 'address' && field.type !== 'location';

/** A field by whose value a record can be found in a path: `/sobjects/Account/External_Id__c/A-1`. */
export const isIdLookup = (field: FieldDef): boolean =>
  field.told?.idLookup ??
  (field.type === 'id' ||
    field.externalId === true ||
    (field.type === 'email' && field.name === 'Email' && field.formula === undefined));

/** The sobject that an Id's first three characters name. */
export function sobjectOfId(org: { sobjects: SObjects }, id: string): SObjectDef | undefined {
  for (const def of org.sobjects.values()) if (id.startsWith(def.keyPrefix)) return def;
  return undefined;
}
