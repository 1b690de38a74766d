import type { FieldDef, FieldType } from '../schema/schema.ts';

/** Shorthands for field definitions. Lengths and flags are those of real describe answers. */
type More = Partial<Omit<FieldDef, 'name' | 'label' | 'type'>>;

export const field = (type: FieldType, name: string, label: string, more: More = {}): FieldDef => ({
  name,
  label,
  type,
  custom: /__[cs]$/.test(name),
  nillable: true,
  createable: true,
  updateable: true,
  ...more,
});

export const required: More = { nillable: false };
/** Never empty, but a create may leave it out. */
export const filledIn: More = { nillable: false, filledIn: true };
export const readOnly: More = { createable: false, updateable: false };
/** No profile can hide it. */
export const seenByAll: More = { told: { permissionable: false } };

export const text = (name: string, label: string, length: number, more: More = {}): FieldDef =>
  field('string', name, label, { length, ...more });

export const longText = (name: string, label: string, length = 32_000, more: More = {}): FieldDef =>
  field('textarea', name, label, { length, ...more });

export const phone = (name: string, label: string): FieldDef => field('phone', name, label, { length: 40 });

export const email = (name: string, label: string, more: More = {}): FieldDef =>
  field('email', name, label, { length: 80, ...more });

export const url = (name: string, label: string, more: More = {}): FieldDef =>
  field('url', name, label, { length: 255, ...more });

export const picklist = (name: string, label: string, values: readonly string[], more: More = {}): FieldDef =>
  field('picklist', name, label, { length: 255, picklist: values, ...more });

export const currency = (name: string, label: string, scale = 2, more: More = {}): FieldDef =>
  field('currency', name, label, { precision: 18, scale, ...more });

export const number = (name: string, label: string, scale: number, more: More = {}): FieldDef =>
  field('double', name, label, { precision: 18, scale, ...more });

export const flag = (name: string, label: string, more: More = {}): FieldDef =>
  field('boolean', name, label, { nillable: false, defaultSql: 'false', ...more });

export const reference = (
  name: string,
  label: string,
  referenceTo: readonly string[],
  more: More = {},
): FieldDef =>
  field('reference', name, label, {
    length: 18,
    referenceTo,
    relationshipName: name.endsWith('__c') ? name.replace(/__c$/, '__r') : name.replace(/Id$/, ''),
    ...more,
  });

/** A reference that queries cannot follow. */
export const idOf = (
  name: string,
  label: string,
  referenceTo: readonly string[],
  more: More = {},
): FieldDef =>
  field('reference', name, label, { length: 18, referenceTo, childRelationshipName: null, ...more });

export const recordId = (label: string, more: More = {}): FieldDef =>
  field('id', 'Id', label, { ...readOnly, length: 18, nillable: false, ...more });

/** The Id of rows that have none of their own. */
export const emptyId = '000000000000000AAA';

export const isDeleted = flag('IsDeleted', 'Deleted', readOnly);

/** The record's owner; the creator if a create leaves it out. */
export const owner = (referenceTo: readonly string[] = ['User']): FieldDef =>
  reference('OwnerId', 'Owner ID', referenceTo, { nillable: false });

export const audit: readonly FieldDef[] = [
  field('datetime', 'CreatedDate', 'Created Date', { ...readOnly, nillable: false }),
  reference('CreatedById', 'Created By ID', ['User'], { ...readOnly, nillable: false }),
  field('datetime', 'LastModifiedDate', 'Last Modified Date', { ...readOnly, nillable: false }),
  reference('LastModifiedById', 'Last Modified By ID', ['User'], { ...readOnly, nillable: false }),
  field('datetime', 'SystemModstamp', 'System Modstamp', { ...readOnly, nillable: false }),
];

export const viewed: readonly FieldDef[] = [
  field('datetime', 'LastViewedDate', 'Last Viewed Date', readOnly),
  field('datetime', 'LastReferencedDate', 'Last Referenced Date', readOnly),
];

const accuracies = [
  'Address',
  'NearAddress',
  'Block',
  'Street',
  'ExtendedZip',
  'Zip',
  'Neighborhood',
  'City',
  'County',
  'State',
  'Unknown',
];

/**
 * An address: the parts, which are written, and the compound field, which is read-only. A standard address has parts
 * like `BillingStreet`, a custom one like `Delivery__Street__s`.
 */
export function address(prefix: string, label: string, compound: string): FieldDef[] {
  const custom = compound.endsWith('__c');
  const name = (part: string) => (custom ? `${prefix}__${part}__s` : `${prefix}${part}`);
  const says = (part: string) => `${label} ${part}`.trim();
  const parts = [
    longText(name('Street'), says('Street'), 255),
    text(name('City'), says('City'), 40),
    text(name('State'), says('State/Province'), 80),
    text(name('PostalCode'), says('Zip/Postal Code'), 20),
    text(name('Country'), says('Country'), 80),
    number(name('Latitude'), says('Latitude'), 15),
    number(name('Longitude'), says('Longitude'), 15),
    picklist(name('GeocodeAccuracy'), says('Geocode Accuracy'), accuracies, {
      length: 40,
      restrictedPicklist: true,
    }),
  ];
  const whole = field('address', compound, `${label} Address`.trim(), {
    ...readOnly,
    parts: parts.map((part) => part.name),
  });
  return [...parts, whole];
}

/** First and last name, and the full name made of them: a field in answers, never written. */
export const salutations = ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.'];

export const personName = (label: string, titles: readonly string[] = salutations): FieldDef[] => [
  text('LastName', 'Last Name', 80, required),
  text('FirstName', 'First Name', 40),
  picklist('Salutation', 'Salutation', titles, { length: 40 }),
  text('Name', label, 121, {
    ...readOnly,
    nillable: false,
    derived: `concat_ws(' ', "FirstName", "LastName")`,
  }),
];

export const photoUrl = url('PhotoUrl', 'Photo URL', {
  ...readOnly,
  derived: `'/services/images/photo/' || "Id"`,
});

/** The current value in the referenced record; `reference` is a column of the row, or SQL that finds the Id. */
export const ofParent = (sobject: string, reference: string, name: string): string => {
  const id = reference.startsWith('(') ? reference : `"${reference}"`;
  return `(SELECT parent."${name}" FROM org."${sobject}" AS parent WHERE parent."Id" = ${id})`;
};

/**
 * An aggregate over the live records that point to the row; `child` is each of them. Unlike a roll-up it does not
 * change the row, and no writer of a child waits for it.
 */
export const ofChildren = (sobject: string, reference: string, aggregate: string): string =>
  `(SELECT ${aggregate} FROM org."${sobject}" AS child WHERE child."${reference}" = "Id" AND NOT child."IsDeleted")`;

export const recordType = (): FieldDef =>
  reference('RecordTypeId', 'Record Type ID', ['RecordType'], {
    childRelationshipName: null,
    told: { permissionable: false },
  });

/** How the record compares with Data.com's. */
export const cleanStatus = picklist(
  'CleanStatus',
  'Clean Status',
  ['Matched', 'Different', 'Acknowledged', 'NotFound', 'Inactive', 'Pending', 'SelectMatch', 'Skipped'],
  {
    length: 40,
    restrictedPicklist: true,
    picklistLabels: {
      Matched: 'In Sync',
      Acknowledged: 'Reviewed',
      NotFound: 'Not Found',
      Pending: 'Not Compared',
      SelectMatch: 'Select Match',
    },
  },
);
