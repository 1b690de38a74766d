/** EntityDefinition and FieldDefinition: the sobjects and fields that a user sees, as rows. */
import { createHash, randomInt } from 'node:crypto';
import { literal, type Sql, sql } from '@lockstep/foundation/sql';
import { digits } from '../write/ids.ts';
import type { FieldDef, SObjectDef, SObjects } from './schema.ts';

/** What stays when a custom sobject or field is renamed. */
export const newDurableId = (prefix: '01I' | '00N'): string =>
  `${prefix}${Array.from({ length: 12 }, () => digits[randomInt(digits.length)]).join('')}`;

/** A standard sobject or field has its name, a custom one an Id of 15 characters. */
export const durableIdOf = (def: SObjectDef): string =>
  def.custom ? (def.durableId ?? derivedId('01I', def.name)) : def.name;

/** Without the sobject's, which stands before it: `Account.Industry`. */
export const durablePartOf = (def: SObjectDef, field: FieldDef): string =>
  field.custom ? (field.durableId ?? derivedId('00N', `${def.name}.${field.name}`)) : field.name;

const derivedId = (prefix: string, name: string): string => {
  const bytes = createHash('sha256').update(name).digest();
  return `${prefix}${Array.from({ length: 12 }, (_, n) => digits[(bytes[n] ?? 0) % digits.length]).join('')}`;
};

/** The sobjects, with the rows of the two views of them. */
export function withDefinitionRows(sobjects: SObjects): SObjects {
  const entities = sobjects.get('entitydefinition');
  const fields = sobjects.get('fielddefinition');
  if (!entities || !fields) return sobjects;
  return new Map([
    ...sobjects,
    ['entitydefinition', { ...entities, rows: rowsOf([...sobjects.values()].map(entityRow), entityColumns) }],
    [
      'fielddefinition',
      {
        ...fields,
        rows: rowsOf(
          [...sobjects.values()].flatMap((def) => partsApart(def).map((field) => fieldRow(def, field))),
          fieldColumns,
        ),
      },
    ],
  ]);
}

/** Fields as the set-up shows them: a compound field is one, and its parts are none. */
function partsApart({ fields }: SObjectDef): readonly FieldDef[] {
  const parts = new Set(fields.flatMap((field) => field.parts ?? []));
  return fields.filter(({ name }) => !parts.has(name));
}

const entityColumns = sql`"Id" text COLLATE "C", "DurableId" text COLLATE "C", "QualifiedApiName" text COLLATE "C", "DeveloperName" text COLLATE "C", "MasterLabel" text COLLATE "C",
  "KeyPrefix" text COLLATE "C"`;

const fieldColumns = sql`"Id" text COLLATE "C", "DurableId" text COLLATE "C", "QualifiedApiName" text COLLATE "C", "EntityDefinitionId" text COLLATE "C", "DeveloperName" text COLLATE "C",
  "MasterLabel" text COLLATE "C", "IsCalculated" boolean`;

const developerName = (name: string): string => name.replace(/__(c|mdt)$/, '');

function entityRow(def: SObjectDef) {
  const DurableId = durableIdOf(def);
  return {
    Id: DurableId,
    DurableId,
    QualifiedApiName: def.name,
    DeveloperName: developerName(def.name),
    MasterLabel: def.label,
    KeyPrefix: def.keyPrefix,
  };
}

function fieldRow(def: SObjectDef, field: FieldDef) {
  const DurableId = `${durableIdOf(def)}.${durablePartOf(def, field)}`;
  return {
    Id: DurableId,
    DurableId,
    QualifiedApiName: field.name,
    EntityDefinitionId: durableIdOf(def),
    DeveloperName: developerName(field.name),
    MasterLabel: field.label,
    IsCalculated: field.formula !== undefined,
  };
}

const rowsOf = (rows: readonly object[], columns: Sql): Sql =>
  sql`SELECT * FROM jsonb_to_recordset(${literal(JSON.stringify(rows))}::jsonb) AS row(${columns})`;
