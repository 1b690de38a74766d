import type { Sql } from '@lockstep/foundation/sql';

/**
 * What the simulated org knows about an sobject and its fields. Everything else is derived from it: the table, the
 * describe answer, what a query may name and what a write may set.
 *
 * An sobject is stored in a table of its API name in schema `org` (`org."Account"`), one column per field, with the
 * field's name, quoted. A formula has no column: its SQL is used wherever the field is read.
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
  /** In characters, for text types. */
  length?: number;
  /** Total digits, and digits after the point, for double, currency and percent. */
  precision?: number;
  scale?: number;
  /** Whole digits, for int and long. */
  digits?: number;
  /** The sobjects that a reference may point to, and the name by which a query follows it. */
  referenceTo?: readonly string[];
  relationshipName?: string;
  /** The name that leads from a record to those that point to it: `Contacts`. Null if no name does. */
  childRelationshipName?: string | null;
  /** A master-detail: the record is deleted with the one that it points to. */
  cascadeDelete?: boolean;
  /** A record that this field of another one points to cannot be deleted. */
  restrictedDelete?: boolean;
  picklist?: readonly string[];
  /** What people see instead of a value, where the two differ. */
  picklistLabels?: Readonly<Record<string, string>>;
  /** Values that can no longer be chosen. */
  inactiveValues?: readonly string[];
  /** The picklist that controls this one, and for each value those of the controlling picklist that allow it. */
  controllerName?: string;
  validFor?: Readonly<Record<string, readonly string[]>>;
  /** A write accepts only values of the picklist. */
  restrictedPicklist?: boolean;
  externalId?: boolean;
  unique?: boolean;
  /** Values that differ only in case are different. */
  caseSensitive?: boolean;
  /** A Salesforce formula: describe marks the field as calculated and shows the text. */
  formula?: string;
  /** How the formula treats blank numbers; as zero if left out. */
  blankAs?: 'zero' | 'blank';
  /** SQL that reads a formula field of the row of this name for this user. Set by `linkFormulas`, never stored. */
  readAs?: (row: string, userId?: string) => Sql;
  /** Kept up to date from the records that point to this one. */
  rollUp?: RollUpDef;
  /**
   * A value that the org derives from the record and that Salesforce does not call calculated: a SQL expression over
   * the row's own quoted columns, such as `"StageName" = 'Closed Won'`. Columns of other rows carry their row's name.
   * Formulas cover few of these: they have no e-mails, picklists or whole Ids, and a roll-up stamps its master.
   */
  derived?: string;
  /** For an Id: the value that every record shows instead of its own, which only the org knows. */
  shown?: string;
  /** Stored if a create leaves the field out: a SQL expression without columns. */
  defaultSql?: string;
  /** A create may leave the field out although it is never empty: the org chooses a value. */
  filledIn?: true;
  /** The parts of a compound field (address, location), which has no column itself. */
  parts?: readonly string[];
  /** Numbered on create, by this display format: `INV-{00000000}`. */
  autoNumber?: string;
  /** Of a custom field: what FieldDefinition calls it, whatever its name; derived from its first name if left out. */
  durableId?: string;
  /** What describe says about the field where it does not follow from the type. */
  told?: DescribeOverrides;
}

/** Named as in describe. */
export interface DescribeOverrides {
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

/** A roll-up summary over the live records of `child` whose `reference` points here and that pass the filter. */
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
  /** Of a custom sobject: what EntityDefinition calls it, whatever its name; derived from its first name if left out. */
  durableId?: string;
  deletable: boolean;
  /** Operations that the API refuses, named as in describe. */
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
  /** Describe shows no key prefix, although the Ids have one. */
  hasKeyPrefix?: false;
  /** A custom metadata type: queries on its records are more restricted. */
  isMetadata?: true;
  /** A big object: its composite key, the only fields that a query may filter and order by. */
  bigIndex?: readonly { field: string; direction: 'ascending' | 'descending' }[];
  /** Not served by the Bulk API. */
  bulk?: false;
  /** Old records are archived: queries hide them like deleted ones, a read by Id finds them. */
  archivable?: true;
  /** A query that does not compare one of these fields with a value or a list is refused with this message. */
  neededFilter?: {
    fields: readonly string[];
    message: string;
    /** Conditions on further fields are refused with `message`, unless one compares `field` with a single value. */
    further?: { field: string; message: string };
  };
  /** The same for users who may not view all data. */
  filterUnlessViewAllData?: { fields: readonly string[]; message: string };
  recordTypes?: readonly RecordTypeDef[];
  /** The field that names a record for people, where it is not `Name`. */
  nameField?: string;
  fields: readonly FieldDef[];
  /** The records that the user sees; all if left out. SQL over the columns of `tableOf`. */
  visibleWhere?: Sql;
  /** Computed rows, in place of those of `tableOf`: a query that gives its columns. */
  rows?: Sql;
}

export interface RecordTypeDef {
  developerName: string;
  name: string;
}

/** By lower-case API name. */
export type SObjects = ReadonlyMap<string, SObjectDef>;

const fieldMaps = new WeakMap<SObjectDef, ReadonlyMap<string, FieldDef>>();

/** Salesforce accepts field names in any case. */
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

/** When a record last changed: most sobjects have SystemModstamp, some only an older stamp, a few none. */
export const stampField = (def: SObjectDef): FieldDef | undefined =>
  fieldNamed(def, 'SystemModstamp') ?? fieldNamed(def, 'LastModifiedDate') ?? fieldNamed(def, 'CreatedDate');

/** Computed from other columns whenever a record is read. */
export const isComputed = ({ formula, derived }: FieldDef): boolean =>
  formula !== undefined || derived !== undefined;

/** Compound fields and formulas are computed from other columns when a record is read. */
export const hasColumn = (field: FieldDef): boolean =>
  !isComputed(field) && field.type !== 'address' && field.type !== 'location';

/** A field whose value can identify a record in a path: `/sobjects/Account/External_Id__c/A-1`. */
export const isIdLookup = (field: FieldDef): boolean =>
  field.told?.idLookup ??
  (field.type === 'id' ||
    field.externalId === true ||
    (field.type === 'email' && field.name === 'Email' && field.formula === undefined));

/** The sobject that the first three characters of an Id stand for. */
export function sobjectOfId(org: { sobjects: SObjects }, id: string): SObjectDef | undefined {
  for (const def of org.sobjects.values()) if (id.startsWith(def.keyPrefix)) return def;
  return undefined;
}
