import { z } from 'zod';
import {
  address,
  audit,
  field,
  isDeleted,
  number,
  owner,
  readOnly,
  recordId,
  text,
  viewed,
} from '../objects/fields.ts';
import { displayFormat, givenFormat } from './auto-number.ts';
import type { FieldDef, RollUpDef, SObjectDef } from './schema.ts';

/**
 * Custom sobjects and fields as they are requested, and the definitions they become. The properties have the names
 * that describe uses; lengths and flags left out get the defaults of a new field in Salesforce.
 */
const customName = z
  .string()
  .regex(
    /^(?:(?=\w{1,15}__)[A-Za-z](?:_?[A-Za-z0-9])*__)?(?=\w{1,40}__c$)[A-Za-z](?:_?[A-Za-z0-9])*__c$/,
    "must be a name like Region__c, of at most 40 characters before __c and 15 before a namespace's __",
  );
const fieldTypes = [
  'string',
  'textarea',
  'picklist',
  'multipicklist',
  'combobox',
  'email',
  'phone',
  'url',
  'encryptedstring',
  'reference',
  'boolean',
  'int',
  'long',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'time',
  'base64',
  'location',
  'address',
  'anyType',
  'json',
] as const;

/** Salesforce's display format, or a text before a number of eight digits. */
const numberFormat = z
  .string()
  .max(30)
  .regex(givenFormat, 'needs {0} once, with up to 10 zeros; {YY}, {YYYY}, {MM} and {DD} are the day');

export const customField = z.strictObject({
  name: customName,
  type: z.enum(fieldTypes),
  label: z.string().min(1).max(80).optional(),
  length: z.int().min(1).max(131_072).optional(),
  precision: z.int().min(1).max(18).optional(),
  scale: z.int().min(0).max(17).optional(),
  required: z.boolean().default(false),
  unique: z.boolean().default(false),
  externalId: z.boolean().default(false),
  caseSensitive: z.boolean().default(false),
  referenceTo: z.array(z.string()).min(1).optional(),
  childRelationshipName: z
    .string()
    .regex(/^[A-Za-z]\w*$/)
    .optional(),
  /** The record is deleted with the one that it points to. */
  masterDetail: z.boolean().default(false),
  picklist: z.array(z.string().min(1).max(255)).min(1).max(1000).optional(),
  restrictedPicklist: z.boolean().default(false),
  /** In Salesforce's formula language; `type` is the type of its result. */
  formula: z.string().min(1).max(3900).optional(),
  blankAs: z.enum(['zero', 'blank']).optional(),
  rollUp: z
    .strictObject({
      kind: z.enum(['count', 'sum', 'min', 'max']),
      child: z.string(),
      reference: z.string(),
      field: z.string().optional(),
      where: z.string().optional(),
    })
    .optional(),
  autoNumber: numberFormat.optional(),
  defaultValue: z.union([z.string(), z.number(), z.boolean()]).optional(),
});
export type CustomField = z.infer<typeof customField>;

export const customSObject = z.strictObject({
  name: customName,
  label: z.string().min(1).max(40).optional(),
  labelPlural: z.string().min(1).max(40).optional(),
  /** Left out: records are named by a text. Given: by an auto number of this format. */
  nameNumber: numberFormat.optional(),
  fields: z.array(customField).max(900).default([]),
});
export type CustomSObject = z.infer<typeof customSObject>;

const labelOf = (name: string): string => name.replace(/^\w+?__(?=\w+__c$)|__c$/g, '').replaceAll('_', ' ');

/** @param keyPrefix  of the new sobject's Ids */
export function sobjectOf(asked: CustomSObject, keyPrefix: string): SObjectDef {
  const label = asked.label ?? labelOf(asked.name);
  const isDetail = asked.fields.some(({ masterDetail }) => masterDetail);
  const name =
    asked.nameNumber === undefined
      ? text('Name', `${label} Name`, 80, { told: { idLookup: true } })
      : text('Name', `${label} Number`, 80, {
          ...readOnly,
          nillable: false,
          autoNumber: displayFormat(asked.nameNumber),
          told: { idLookup: true },
        });
  return {
    name: asked.name,
    label,
    labelPlural: asked.labelPlural ?? `${label}s`,
    keyPrefix,
    custom: true,
    deletable: true,
    fields: [
      recordId('Record ID'),
      // A detail has no owner of its own; its master's counts.
      ...(isDetail ? [] : [owner(['Group', 'User'])]),
      isDeleted,
      name,
      ...audit,
      ...viewed,
      ...asked.fields.flatMap(fieldsOf),
    ],
  };
}

/** A compound field comes with its parts. */
export function fieldsOf(asked: CustomField): FieldDef[] {
  const { name, type } = asked;
  const label = asked.label ?? labelOf(name);
  const base = name.replace(/__c$/, '');
  if (type === 'address') return address(base, label, name);
  if (type === 'location') {
    const parts = [
      number(`${base}__Latitude__s`, `${label} (Latitude)`, 15),
      number(`${base}__Longitude__s`, `${label} (Longitude)`, 15),
    ];
    return [...parts, field('location', name, label, { ...readOnly, parts: parts.map((part) => part.name) })];
  }
  return [field(type, name, label, definitionOf(asked))];
}

function definitionOf(asked: CustomField): Partial<FieldDef> {
  const { type, formula, autoNumber, rollUp, blankAs } = asked;
  const isMade = formula !== undefined || autoNumber !== undefined || rollUp !== undefined;
  const isRequired = asked.required || asked.masterDetail || type === 'boolean' || autoNumber !== undefined;
  const defaultSql = defaultOf(asked);
  return {
    ...sizesOf(asked),
    ...(isMade && readOnly),
    ...(isRequired && formula === undefined && { nillable: false }),
    ...(asked.unique && { unique: true }),
    ...(asked.externalId && { externalId: true }),
    ...(asked.caseSensitive && { caseSensitive: true }),
    ...(asked.picklist && { picklist: asked.picklist }),
    ...(asked.restrictedPicklist && { restrictedPicklist: true }),
    ...(asked.referenceTo && {
      referenceTo: asked.referenceTo,
      relationshipName: asked.name.replace(/__c$/, '__r'),
    }),
    ...(asked.childRelationshipName && { childRelationshipName: `${asked.childRelationshipName}__r` }),
    ...(asked.masterDetail && { cascadeDelete: true, updateable: false }),
    ...(formula !== undefined && { formula }),
    ...(blankAs && { blankAs }),
    ...(rollUp && { rollUp: rollUp as RollUpDef }),
    ...(autoNumber !== undefined && {
      autoNumber: displayFormat(autoNumber),
      length: asked.length ?? autoNumberLength,
    }),
    ...(defaultSql !== undefined && { defaultSql }),
  };
}

const autoNumberLength = 30;

const lengths: Partial<Record<CustomField['type'], number>> = {
  string: 255,
  textarea: 255,
  picklist: 255,
  multipicklist: 4099,
  combobox: 255,
  email: 80,
  phone: 40,
  url: 255,
  encryptedstring: 175,
  reference: 18,
};

function sizesOf({ type, length, precision, scale }: CustomField): Partial<FieldDef> {
  if (type === 'multipicklist') return { length: lengths.multipicklist ?? 0, precision: 4 };
  if (lengths[type] !== undefined) return { length: length ?? lengths[type] };
  if (type === 'int' || type === 'long') return { digits: type === 'int' ? 8 : 18 };
  if (type === 'double' || type === 'currency' || type === 'percent')
    return { precision: precision ?? 18, scale: scale ?? (type === 'double' ? 0 : 2) };
  return {};
}

/** As a SQL expression. A zod schema has checked the value; text is quoted here. */
function defaultOf({ type, defaultValue }: CustomField): string | undefined {
  if (type === 'boolean') return defaultValue === true ? 'true' : 'false';
  if (defaultValue === undefined) return undefined;
  return `'${String(defaultValue).replaceAll("'", "''")}'`;
}

/** Salesforce offers "External ID" and "Unique" for these. */
const keyTypes: ReadonlySet<string> = new Set(['string', 'email', 'int', 'long', 'double']);

/** What is wrong with the field beyond its form; undefined when it can be created. */
export function problemOf(asked: CustomField): string | undefined {
  const { type, name } = asked;
  if (type === 'reference' && !asked.referenceTo) return `${name}: a reference needs referenceTo`;
  if (type !== 'reference' && (asked.referenceTo || asked.masterDetail))
    return `${name}: only a reference has referenceTo and masterDetail`;
  if (type.endsWith('picklist') && !asked.picklist) return `${name}: a picklist needs its values`;
  if (asked.masterDetail && asked.referenceTo?.length !== 1)
    return `${name}: a detail has one kind of master`;
  if (asked.autoNumber !== undefined && type !== 'string') return `${name}: an auto number is a string`;
  if ((asked.externalId || asked.unique) && !keyTypes.has(type))
    return `${name}: only a text, an e-mail or a number can be an external id or unique`;
  if (asked.scale !== undefined && asked.scale > (asked.precision ?? 18))
    return `${name}: the scale is larger than the precision`;
  if (asked.defaultValue !== undefined && asked.formula !== undefined)
    return `${name}: a formula has no default`;
  return undefined;
}
