import {
  type FieldDef,
  type FieldType,
  fieldNamed,
  isIdLookup,
  nameFieldOf,
  type SObjectDef,
} from '../schema/schema.ts';

const soapTypes: Record<FieldType, string> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  string: 'xsd:string',
  textarea: 'xsd:string',
  picklist: 'xsd:string',
  multipicklist: 'xsd:string',
  combobox: 'xsd:string',
  email: 'xsd:string',
  phone: 'xsd:string',
  url: 'xsd:string',
  encryptedstring: 'xsd:string',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  long: 'xsd:long',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  time: 'xsd:time',
  base64: 'xsd:base64Binary',
  address: 'urn:address',
  location: 'urn:location',
  anyType: 'xsd:anyType',
  json: 'xsd:anyType',
};

/** Types that a query cannot sort, group or aggregate by. */
const opaqueTypes: readonly FieldType[] = [
  'address',
  'location',
  'base64',
  'anyType',
  'json',
  'encryptedstring',
];
const numberTypes: readonly FieldType[] = ['double', 'currency', 'percent', 'datetime', 'time'];

/**
 * One field of a describe answer: all 57 keys of a real org. For a standard field, only the parent's child
 * relationships tell that deleting the parent deletes the record too.
 */
export function describeField(def: SObjectDef, field: FieldDef) {
  const length = field.length ?? 0;
  const isLong = field.type === 'textarea' && length > 255;
  const isOpaque = isLong || opaqueTypes.includes(field.type);
  const isReference = field.type === 'reference';
  const isPolymorphic = isReference && (field.referenceTo?.length ?? 0) > 1;
  const isFormula = field.formula !== undefined;
  return {
    aggregatable: !isOpaque && field.type !== 'boolean',
    aiPredictionField: false,
    autoNumber: field.autoNumber !== undefined,
    byteLength: ['id', 'reference', 'multipicklist'].includes(field.type) ? length : length * 3,
    // A roll-up counts as calculated, although it has no formula.
    calculated: isFormula || field.rollUp !== undefined,
    calculatedFormula: field.formula ?? null,
    cascadeDelete: field.custom && field.cascadeDelete === true,
    caseSensitive: field.caseSensitive === true,
    compoundFieldName: compoundOf(def, field),
    controllerName: field.controllerName ?? null,
    createable: field.createable,
    custom: field.custom,
    defaultValue: defaultValue(field),
    defaultValueFormula: null,
    defaultedOnCreate: isDefaultedOnCreate(field),
    dependentPicklist: field.controllerName !== undefined,
    deprecatedAndHidden: false,
    digits: field.digits ?? 0,
    displayLocationInDecimal: field.type === 'location',
    encrypted: field.type === 'encryptedstring',
    externalId: field.externalId ?? false,
    extraTypeInfo: extraTypeInfo(def, field),
    filterable: !isLong && !['base64', 'json', 'anyType', 'encryptedstring'].includes(field.type),
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: isFormula && field.blankAs !== 'blank',
    groupable: !isOpaque && isGroupable(field),
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: isIdLookup(field),
    inlineHelpText: null,
    label: field.label,
    length,
    mask: field.type === 'encryptedstring' ? 'asterisk' : null,
    maskType: field.type === 'encryptedstring' ? 'lastFour' : null,
    name: field.name,
    nameField: field.name === nameFieldOf(def)?.name,
    namePointing: isPolymorphic,
    nillable: field.nillable,
    permissionable: isPermissionable(field),
    picklistValues: picklistValues(def, field),
    polymorphicForeignKey: isPolymorphic,
    precision: field.precision ?? 0,
    queryByDistance: isCompound(field),
    referenceTargetField: null,
    referenceTo: field.referenceTo ?? [],
    relationshipName: field.relationshipName ?? null,
    relationshipOrder: field.custom && field.cascadeDelete === true ? 0 : null,
    restrictedDelete: field.custom && field.restrictedDelete === true,
    restrictedPicklist: field.restrictedPicklist === true,
    scale: field.scale ?? 0,
    searchPrefilterable: isReference && isSearchPrefilter(field),
    soapType: soapTypes[field.type],
    sortable: !isOpaque && field.type !== 'multipicklist',
    type: field.type,
    unique: field.unique ?? false,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
    ...field.told,
  };
}

const isGroupable = (field: FieldDef): boolean =>
  field.autoNumber === undefined &&
  !numberTypes.includes(field.type) &&
  !['multipicklist', 'combobox'].includes(field.type);

/** References that every sobject has. */
const systemReferences = ['OwnerId', 'CreatedById', 'LastModifiedById', 'MasterRecordId', 'RecordTypeId'];

/** A nillable reference that queries can follow, except those that every sobject has. */
const isSearchPrefilter = (field: FieldDef): boolean =>
  field.nillable && field.relationshipName !== undefined && !systemReferences.includes(field.name);

const personParts = ['FirstName', 'LastName', 'Salutation'];

/** Whether a profile can hide the field: not if a create requires it, or if only the org sets it. */
export const isPermissionable = (field: FieldDef): boolean =>
  field.nillable &&
  (field.createable || field.updateable || field.custom || isCompound(field)) &&
  !personParts.includes(field.name);

/** For check boxes and picklists; the defaults of other fields are formulas and not shown here. */
function defaultValue(field: FieldDef): boolean | string | null {
  if (field.type === 'boolean') return field.defaultSql === 'true';
  return field.picklist?.find((value) => field.defaultSql === `'${value}'`) ?? null;
}

function picklistValues(def: SObjectDef, field: FieldDef) {
  const controlling = field.controllerName ? fieldNamed(def, field.controllerName)?.picklist : undefined;
  return (field.picklist ?? []).map((value) => ({
    active: field.inactiveValues?.includes(value) !== true,
    defaultValue: field.defaultSql === `'${value}'`,
    label: field.picklistLabels?.[value] ?? value,
    validFor: controlling ? bitmap(controlling, field.validFor?.[value] ?? []) : null,
    value,
  }));
}

/** Base64 of a bitmap, first value first: with which controlling values the dependent value is valid. */
function bitmap(values: readonly string[], chosen: readonly string[]): string {
  const bytes = Buffer.alloc(Math.max(3, Math.ceil(values.length / 8)));
  for (const [place, value] of values.entries()) {
    if (chosen.includes(value)) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (0x80 >> (place & 7));
  }
  return bytes.toString('base64');
}

const isCompound = (field: FieldDef): boolean => field.type === 'address' || field.type === 'location';

const isDefaultedOnCreate = (field: FieldDef): boolean =>
  field.defaultSql !== undefined ||
  (!field.nillable &&
    (field.filledIn === true ||
      field.autoNumber !== undefined ||
      [
        'Id',
        'OwnerId',
        'CreatedDate',
        'CreatedById',
        'LastModifiedDate',
        'LastModifiedById',
        'SystemModstamp',
      ].includes(field.name)));

/** A person's name is a compound field too, shown as text. */
function compoundOf(def: SObjectDef, field: FieldDef): string | null {
  if (personParts.includes(field.name)) return 'Name';
  return def.fields.find((whole) => whole.parts?.includes(field.name))?.name ?? null;
}

const isPerson = (def: SObjectDef): boolean => fieldNamed(def, 'LastName') !== undefined;

function extraTypeInfo(def: SObjectDef, field: FieldDef): string | null {
  if (field.type === 'textarea') return 'plaintextarea';
  if (field.name === 'PhotoUrl') return 'imageurl';
  const isPersonName = personParts.includes(field.name) || (field.name === 'Name' && isPerson(def));
  return isPersonName ? 'personname' : null;
}
