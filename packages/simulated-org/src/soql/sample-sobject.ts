/** For this room's tests: an sobject with a field of every type, and its table. */
import type { Database } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef, FieldType, SObjectDef } from '../schema/schema.ts';
import { verbatim } from './fragments.ts';

const field = (name: string, type: FieldType, more: Partial<FieldDef> = {}): FieldDef => ({
  name,
  label: name,
  type,
  custom: name.endsWith('__c'),
  nillable: true,
  createable: true,
  updateable: true,
  ...more,
});

const siteParts = ['City', 'CountryCode', 'GeocodeAccuracy', 'Latitude', 'Longitude', 'PostalCode', 'Street'];

export const sample: SObjectDef = {
  name: 'Sample__c',
  label: 'Sample',
  labelPlural: 'Samples',
  keyPrefix: 'a00',
  custom: true,
  deletable: true,
  fields: [
    field('Id', 'id', { nillable: false }),
    field('IsDeleted', 'boolean', { nillable: false }),
    field('Name', 'string', { length: 80 }),
    field('Kind__c', 'picklist'),
    field('Tags__c', 'multipicklist'),
    field('Notes__c', 'textarea', { length: 32_000 }),
    field('OwnerId', 'reference', { referenceTo: ['User'], relationshipName: 'Owner' }),
    field('Active__c', 'boolean'),
    field('Count__c', 'int'),
    field('Ticks__c', 'long'),
    field('Ratio__c', 'double'),
    field('Amount__c', 'currency'),
    field('Share__c', 'percent'),
    field('Due__c', 'date'),
    field('Seen__c', 'datetime'),
    field('Opens__c', 'time'),
    field('Body', 'base64'),
    field('Extra__c', 'json'),
    field('Total__c', 'double', { derived: '"Count__c" * "Amount__c"' }),
    field('Initial__c', 'string', { derived: 'left("Name", 1)', length: 1 }),
    field('Site__c', 'address', { parts: siteParts.map((part) => `Site__${part}__s`) }),
    ...siteParts.map((part) =>
      field(`Site__${part}__s`, part === 'Latitude' || part === 'Longitude' ? 'double' : 'string'),
    ),
    field('SystemModstamp', 'datetime', { nillable: false }),
  ],
};

const columnTypes: Partial<Record<FieldType, string>> = {
  boolean: 'boolean',
  int: 'integer',
  long: 'bigint',
  double: 'numeric',
  currency: 'numeric',
  percent: 'numeric',
  date: 'date',
  datetime: 'timestamptz',
  time: 'time',
  json: 'jsonb',
};

/** Creates `org."Sample__c"` with the same indexes as the org's tables. */
export async function createSampleTable(db: Database): Promise<void> {
  const columns = sample.fields
    .filter(({ derived, parts }) => derived === undefined && !parts)
    .map(({ name, type }) => sql`${ident(name)} ${verbatim(columnTypes[type] ?? 'text COLLATE "C"')}`);
  await db.query(sql`CREATE SCHEMA IF NOT EXISTS org`);
  await db.query(sql`CREATE TABLE org."Sample__c" (${join(columns)}, PRIMARY KEY ("Id"))`);
  await db.query(sql`CREATE INDEX ON org."Sample__c" ("SystemModstamp", "Id")`);
}

/** Stores one record with values in PostgreSQL's text form; `Id`, `IsDeleted` and `SystemModstamp` have defaults. */
export async function insertSample(db: Database, values: Record<string, string | null>): Promise<void> {
  const row = { Id: sampleId(1), IsDeleted: 'false', SystemModstamp: '2024-01-01T00:00:00Z', ...values };
  const names: Sql[] = Object.keys(row).map((name) => ident(name));
  const parameters = Object.values(row).map((value) => sql`${value}`);
  await db.query(sql`INSERT INTO org."Sample__c" (${join(names)}) VALUES (${join(parameters)})`);
}

/** Increases with `number`; the checksum AAA is right for Ids without capitals. */
export const sampleId = (number: number): string => `a00${String(number).padStart(12, '0')}AAA`;
