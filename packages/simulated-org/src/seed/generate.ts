import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import { type Org } from '../org.ts';
import { isDatedNumber, numberAt } from '../schema/auto-number.ts';
import { type FieldDef, type FieldType, hasColumn, type SObjectDef } from '../schema/schema.ts';
import { isLive, tableOf } from '../schema/storage.ts';
import { recordIdSql } from '../write/ids.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { type Dice, diceOf } from './seed-dice.ts';
import { seedFields } from './seed-fields.ts';
import { rangeOf } from './seed-plan.ts';

/**
 * Records by the million, like a data load that bypasses triggers: created inside Postgres, a batch at a time, all
 * with one stamp. Rules, roll-ups, shares and the commit log do not see them. A standard sobject gets values like
 * those of a new org, any other one gets values by type.
 */
const rowsPerTransaction = 20_000;

export interface Wanted {
  count: number;
  /** Epoch ms. */
  at: number;
  seed: number;
}

export async function generateRecords(org: Org, def: SObjectDef, { count, at, seed }: Wanted): Promise<void> {
  const stamp = sql`${new Date(Math.floor(at / 1000) * 1000).toISOString()}::timestamptz`;
  const columns = columnsOf(org, def, seed);
  for (let left = count; left > 0; left -= rowsPerTransaction) {
    const rows = Math.min(left, rowsPerTransaction);
    await writeTransaction(org, (tx) =>
      tx.query(sql`
        INSERT INTO ${tableOf(def)} (${join(columns.map(({ name }) => name))})
        SELECT ${join(columns.map(({ value }) => value))}
          FROM (SELECT nextval('simulator.record_number') AS n, ${stamp} AS created, ${stamp} AS modified
                  FROM generate_series(1, ${rows}::integer)) AS numbered`),
    );
  }
  await org.db.query(sql`ANALYZE ${tableOf(def)}`);
}

/** SQL over the record's number `n`, and the stamp under the names `created` and `modified`. */
function columnsOf(org: Org, def: SObjectDef, seed: number): { name: Sql; value: Sql }[] {
  const dice = diceOf(seed);
  const seeded = new Map(Object.entries(seedFields(def.name, dice, org.settings.seed)));
  return def.fields.filter(hasColumn).flatMap((field) => {
    const made = seeded.get(field.name);
    const value =
      systemValue(org, def, field) ??
      (made && ('always' in made ? made.always : made)) ??
      (seeded.size === 0 || !field.nillable ? valueByType(org, def, field, dice) : undefined);
    return value ? [{ name: ident(field.name), value: toLive(org, field, value) }] : [];
  });
}

/**
 * The makers choose among the seeded records, some of which may be deleted or gone: then the field stays empty, or
 * points to the oldest record if it cannot.
 */
function toLive(org: Org, field: FieldDef, value: Sql): Sql {
  const targets = (field.referenceTo ?? []).flatMap((name) => org.sobjects.get(name.toLowerCase()) ?? []);
  const [first] = targets;
  if (!first) return value;
  const finds = targets.map(
    (def) => sql`EXISTS (SELECT FROM ${tableOf(def)} AS one WHERE one."Id" = chosen.id AND ${isLive(def)})`,
  );
  const found = sql`(SELECT chosen.id FROM (SELECT ${value} AS id) AS chosen WHERE ${join(finds, ' OR ')})`;
  return field.nillable
    ? found
    : sql`coalesce(${found}, (SELECT min("Id") FROM ${tableOf(first)} WHERE ${isLive(first)}))`;
}

function systemValue(org: Org, def: SObjectDef, field: FieldDef): Sql | undefined {
  switch (field.name) {
    case 'Id':
      return recordIdSql(def.keyPrefix, sql`n`);
    case 'OwnerId':
    case 'CreatedById':
    case 'LastModifiedById':
      return sql`${org.settings.demoUserId}::text`;
    case 'CreatedDate':
    case 'LastModifiedDate':
    case 'SystemModstamp':
      return sql`created`;
    default:
      return undefined;
  }
}

/** Undefined where the column's default applies, or no value. */
function valueByType(org: Org, def: SObjectDef, field: FieldDef, dice: Dice): Sql | undefined {
  if (isDatedNumber(field)) return numberAt(def, field, sql`created`);
  if (field.defaultSql !== undefined || field.autoNumber !== undefined || !field.createable) return undefined;
  return makers[field.type](field, dice, org);
}

type Maker = (field: FieldDef, dice: Dice, org: Org) => Sql | undefined;

const number = ({ name }: FieldDef, dice: Dice): Sql => dice.roll(name, 1000);
const nothing: Maker = () => undefined;
const text: Maker = ({ label, length = 255 }) =>
  sql`left(concat(${label}::text, ' ', n), ${length}::integer)`;
/** Nothing without a list: Salesforce stores no empty text. */
const choice: Maker = ({ name, picklist }, dice) => picklist && dice.pick(name, picklist);
const amount: Maker = (field, dice) => {
  const wholeDigits = (field.precision ?? 8) - (field.scale ?? 0);
  return sql`${number(field, dice)} % ${10 ** Math.min(2, wholeDigits)}`;
};
const json: Maker = (field, dice) => sql`to_jsonb(${number(field, dice)})`;

const makers: Record<FieldType, Maker> = {
  id: nothing,
  reference: referenceTo,
  string: text,
  textarea: text,
  email: text,
  phone: text,
  url: text,
  encryptedstring: text,
  picklist: choice,
  multipicklist: choice,
  combobox: choice,
  boolean: (field, dice) => sql`${number(field, dice)} % 2 = 0`,
  int: amount,
  long: amount,
  double: amount,
  currency: amount,
  percent: amount,
  date: (field, dice) => sql`date '2020-01-01' + ${number(field, dice)}::integer`,
  datetime: (field, dice) =>
    sql`timestamptz '2020-01-01 00:00:00+00' + ${number(field, dice)} * interval '1 hour'`,
  time: (field, dice) => sql`time '00:00' + ${number(field, dice)} * interval '1 minute'`,
  base64: nothing,
  address: nothing,
  location: nothing,
  json,
  anyType: json,
};

/** A reference to a seeded record; null if that sobject has none. */
function referenceTo(field: FieldDef, dice: Dice, org: Org): Sql | undefined {
  const [target] = (field.referenceTo ?? []).flatMap((name) => org.sobjects.get(name.toLowerCase()) ?? []);
  const range = target && rangeOf(org.settings.seed, target.name);
  return target && range ? dice.recordIn(field.name, target.keyPrefix, range) : undefined;
}
