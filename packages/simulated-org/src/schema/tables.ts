import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import { factsOf } from '../soql/columns.ts';
import { verbatim } from '../soql/fragments.ts';
import {
  createSequence,
  dropSequence,
  isDatedNumber,
  numberByDefault,
  numberRecords,
} from './auto-number.ts';
import { type FieldDef, hasColumn, numberTypes, type SObjectDef, stampField } from './schema.ts';
import { isLive, keyOf, nameFor, tableOf } from './storage.ts';

/** The record tables: created with an sobject and changed with its fields, in the transaction of the change. */

/** Collated by code point, whatever the database's own collation. */
const text = sql`text COLLATE "C"`;

export async function createTable(tx: Tx, def: SObjectDef): Promise<void> {
  for (const field of def.fields) await createSequence(tx, def, field);
  const columns = def.fields.filter(hasColumn).map((field) => column(def, field));
  await tx.query(sql`CREATE TABLE ${tableOf(def)} (${join(columns)})`);
}

export async function dropTable(tx: Tx, def: SObjectDef): Promise<void> {
  await tx.query(sql`DROP TABLE ${tableOf(def)}`);
  for (const field of def.fields) await dropSequence(tx, def, field);
}

/** Only the table: names of indexes say nothing to anybody. */
export const renameTable = (tx: Tx, from: SObjectDef, to: SObjectDef): Promise<unknown> =>
  tx.query(sql`ALTER TABLE ${tableOf(from)} RENAME TO ${ident(to.name)}`);

export async function addColumn(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  if (!hasColumn(field)) return;
  await createSequence(tx, def, field);
  const isDated = isDatedNumber(field);
  const added = column(def, isDated ? { ...field, nillable: true } : field);
  await tx.query(sql`ALTER TABLE ${tableOf(def)} ADD COLUMN ${added}`);
  if (isDated) {
    await numberRecords(tx, def, field);
    await tx.query(sql`ALTER TABLE ${tableOf(def)} ALTER ${ident(field.name)} SET NOT NULL`);
  }
  await createFieldIndexes(tx, def, field);
}

export async function dropColumn(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  if (!hasColumn(field)) return;
  await tx.query(sql`ALTER TABLE ${tableOf(def)} DROP COLUMN ${ident(field.name)}`);
  await dropSequence(tx, def, field);
}

/** Turns one field's column into another's. Values that the new type cannot hold become null, as in Salesforce. */
export async function changeColumn(tx: Tx, def: SObjectDef, from: FieldDef, to: FieldDef): Promise<void> {
  if (![from, to].every((field) => hasColumn(field) && field.autoNumber === undefined)) {
    await dropColumn(tx, def, from);
    return addColumn(tx, def, to);
  }
  await tx.query(sql`DROP INDEX IF EXISTS ${ident('org', valueIndexName(def, from))}`);
  await tx.query(sql`DROP INDEX IF EXISTS ${ident('org', lookupIndexName(def, from))}`);
  const table = tableOf(def);
  const column = ident(to.name);
  if (from.name !== to.name)
    await tx.query(sql`ALTER TABLE ${table} RENAME COLUMN ${ident(from.name)} TO ${column}`);
  await tx.query(sql`ALTER TABLE ${table} ALTER ${column} DROP DEFAULT, ALTER ${column} DROP NOT NULL`);
  if (typeName(from) !== typeName(to))
    await tx.query(sql`ALTER TABLE ${table} ALTER ${column} TYPE ${typeOf(to)} USING ${converted(from, to)}`);
  if (to.defaultSql !== undefined)
    await tx.query(sql`ALTER TABLE ${table} ALTER ${column} SET ${defaultOf(def, to)}`);
  if (!to.nillable) await tx.query(sql`ALTER TABLE ${table} ALTER ${column} SET NOT NULL`);
  await createFieldIndexes(tx, def, to);
}

const typeName = (field: FieldDef): string => factsOf(field.type).sqlType;

const typeOf = (field: FieldDef): Sql => (typeName(field) === 'text' ? text : verbatim(typeName(field)));

/** The old value, which the renamed column still holds, converted to the new type. */
function converted(from: FieldDef, to: FieldDef): Sql {
  const column = ident(to.name);
  const type = typeOf(to);
  if (typeName(to) === 'text') return sql`${column}::text`;
  if (numberTypes.has(from.type) && numberTypes.has(to.type)) return sql`${column}::${type}`;
  if (typeName(from) === 'text' && numberTypes.has(to.type))
    return sql`CASE WHEN ${column} ~ '^-?[0-9]{1,15}([.][0-9]{1,18})?$' THEN ${column}::numeric::${type} END`;
  return sql`NULL::${type}`;
}

function column(def: SObjectDef, field: FieldDef): Sql {
  const key = field.type === 'id' ? sql` PRIMARY KEY` : sql``;
  const nullable = field.nillable ? sql`` : sql` NOT NULL`;
  const byDefault = defaultOf(def, field);
  return sql`${ident(field.name)} ${typeOf(field)}${key}${nullable}${byDefault ? sql` ${byDefault}` : sql``}`;
}

function defaultOf(def: SObjectDef, field: FieldDef): Sql | undefined {
  const number = numberByDefault(def, field);
  if (number) return sql`DEFAULT ${number}`;
  return field.defaultSql === undefined ? undefined : verbatim(`DEFAULT ${field.defaultSql}`);
}

/** Created after seeding, which is twice as fast without them. */
export async function createIndexes(tx: Tx, def: SObjectDef): Promise<void> {
  const stamp = stampField(def);
  if (stamp) await tx.query(sql`CREATE INDEX ON ${tableOf(def)} (${ident(stamp.name)}, "Id")`);
  for (const field of def.fields.filter(hasColumn)) await createFieldIndexes(tx, def, field);
}

async function createFieldIndexes(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  const column = ident(field.name);
  if (isFollowed(field)) {
    await tx.query(sql`
      CREATE INDEX ${ident(lookupIndexName(def, field))} ON ${tableOf(def)} (${column})
       WHERE ${column} IS NOT NULL`);
  }
  if (field.externalId || field.unique) {
    const unique = field.unique ? sql`UNIQUE ` : sql``;
    await tx.query(sql`
      CREATE ${unique}INDEX ${ident(valueIndexName(def, field))}
          ON ${tableOf(def)} ((${keyOf(field, column)})) WHERE ${isLive(def)}`);
  }
}

/** Sobjects whose records are never deleted, or so rarely that the search may take its time. */
const hardlyDeleted = new Set(['User', 'Group', 'Profile', 'UserRole', 'RecordType', 'Organization']);

/** Deleting a record searches for the references to it, so these get an index. */
const isFollowed = (field: FieldDef): boolean =>
  (field.createable || field.cascadeDelete === true) &&
  (field.referenceTo ?? []).some((name) => !hardlyDeleted.has(name));

const lookupIndexName = (def: SObjectDef, field: FieldDef): string => nameFor(def, field, 'lookup');
const valueIndexName = (def: SObjectDef, field: FieldDef): string => nameFor(def, field, 'value');
