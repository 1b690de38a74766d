import { type FieldDef, type FieldType, isIdLookup, type SObjectDef } from './schema.ts';

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

/** One field of a describe answer: all 57 keys that a real org gives. */
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
    // A roll-up counts as calculated too, and has no formula.
    calculated: isFormula || field.rollUp !== undefined,
    calculatedFormula: field.formula ?? null,
    cascadeDelete: field.cascadeDelete === true,
    caseSensitive: field.caseSensitive === true,
    compoundFieldName: compoundOf(def, field),
    controllerName: null,
    createable: field.createable,
    custom: field.custom,
    defaultValue: field.type === 'boolean' ? field.defaultSql === 'true' : null,
    defaultValueFormula: null,
    defaultedOnCreate: isDefaultedOnCreate(field),
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.digits ?? 0,
    displayLocationInDecimal: field.type === 'location',
    encrypted: field.type === 'encryptedstring',
    externalId: field.externalId ?? false,
    extraTypeInfo: extraTypeInfo(field),
    filterable: !isLong && !['base64', 'json', 'anyType', 'encryptedstring'].includes(field.type),
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: isFormula && field.blankAs !== 'blank',
    groupable: !isOpaque && !numberTypes.includes(field.type) && field.type !== 'multipicklist',
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: isIdLookup(field),
    inlineHelpText: null,
    label: field.label,
    length,
    mask: field.type === 'encryptedstring' ? 'asterisk' : null,
    maskType: field.type === 'encryptedstring' ? 'lastFour' : null,
    name: field.name,
    nameField: field.name === 'Name',
    namePointing: isPolymorphic,
    nillable: field.nillable,
    permissionable: isPermissionable(field),
    picklistValues: picklistValues(field),
    polymorphicForeignKey: isPolymorphic,
    precision: field.precision ?? 0,
    queryByDistance: isCompound(field),
    referenceTargetField: null,
    referenceTo: field.referenceTo ?? [],
    relationshipName: field.relationshipName ?? null,
    relationshipOrder: null,
    restrictedDelete: field.restrictedDelete === true,
    restrictedPicklist: field.restrictedPicklist === true,
    scale: field.scale ?? 0,
    searchPrefilterable: isReference && field.createable && field.name !== 'OwnerId',
    soapType: soapTypes[field.type],
    sortable: !isOpaque && field.type !== 'multipicklist',
    type: field.type,
    unique: field.unique ?? false,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
  };
}

const personParts = ['FirstName', 'LastName', 'Salutation'];

/** Whether a profile can hide the field: what a create needs, and what only the org sets, cannot be hidden. */
const isPermissionable = (field: FieldDef): boolean =>
  field.nillable &&
  (field.createable || field.updateable || field.custom || isCompound(field)) &&
  !personParts.includes(field.name);

const picklistValues = (field: FieldDef) =>
  (field.picklist ?? []).map((value) => ({
    active: true,
    defaultValue: field.defaultSql === `'${value}'`,
    label: value,
    validFor: null,
    value,
  }));

const isCompound = (field: FieldDef): boolean => field.type === 'address' || field.type === 'location';

const isDefaultedOnCreate = (field: FieldDef): boolean =>
  !field.nillable &&
  (field.defaultSql !== undefined ||
    field.autoNumber !== undefined ||
    [
      'Id',
      'OwnerId',
      'CreatedDate',
      'CreatedById',
      'LastModifiedDate',
      'LastModifiedById',
      'SystemModstamp',
    ].includes(field.name));

/** The name of a person is a compound too, printed as text. */
function compoundOf(def: SObjectDef, field: FieldDef): string | null {
  if (personParts.includes(field.name)) return 'Name';
  return def.fields.find((whole) => whole.parts?.includes(field.name))?.name ?? null;
}

function extraTypeInfo(field: FieldDef): string | null {
  if (field.type === 'textarea') return 'plaintextarea';
  if (field.name === 'PhotoUrl') return 'imageurl';
  return personParts.includes(field.name) ? 'personname' : null;
}
