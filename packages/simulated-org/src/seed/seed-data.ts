import type { Database } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import { emptyId } from '../objects/fields.ts';
import { sobjects } from '../objects/index.ts';
import { userPermissionAccess } from '../objects/setup-views.ts';
import type { FieldDef, SObjectDef, SObjects } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { recordId, recordIdSql } from '../write/ids.ts';
import { fillRollUp } from '../write/roll-ups.ts';
import { seedDeletions } from './seed-deletions.ts';
import { type Dice, diceOf } from './seed-dice.ts';
import { seedFields } from './seed-fields.ts';
import { rangeOf, type SeedPlan } from './seed-plan.ts';
import { rollUpLines } from './seed-prices.ts';
import { profileNames } from './seed-words.ts';

/**
 * The records that a new org begins with. They are created inside Postgres, a batch at a time: the same seed, number
 * of records and time give the same records. 50,000 and the 23,000 added for other sobjects take four and a half
 * seconds on two busy cores, indexes included.
 */
const rowsPerStatement = 20_000;

/**
 * @param linked      the same definitions, their formulas compiled
 * @param onProgress  called after each statement with the number of records so far
 */
export async function seedRecords(
  db: Database,
  linked: SObjects,
  plan: SeedPlan,
  onProgress: (done: number) => void,
): Promise<void> {
  let done = 0;
  for (const def of sobjects) {
    const { first, count } = rangeOf(plan, def.name);
    const last = first + count - 1;
    for (let from = first; from <= last; from += rowsPerStatement) {
      const to = Math.min(from + rowsPerStatement - 1, last);
      await db.query(insertRows(plan, def, from, to));
      done += to - from + 1;
      onProgress(done);
    }
  }
  await db.transaction(async (tx) => {
    await tx.query(sql`SELECT setval('simulator.record_number', ${done})`);
    await tx.query(sql`INSERT INTO ${tableOf(userPermissionAccess)} ("Id") VALUES (${emptyId})`);
    await seedDeletions(tx, sobjects);
    for (const def of linked.values())
      for (const field of def.fields) await fillRollUp(tx, linked, def, field);
    await tx.query(rollUpLines);
    for (const [id, name, profile] of knownUsers) {
      await tx.query(sql`
        UPDATE org."User"
           SET "FirstName" = ${name}, "LastName" = 'User', "IsActive" = true, "ProfileId" = ${recordId('00e', rangeOf(plan, 'Profile').first + profile)}, "Alias" = ${name.slice(0, 5).toLowerCase()},
               "Username" = ${`${name.toLowerCase()}@acme.example`}, "Email" = ${`${name.toLowerCase()}@acme.example`}
         WHERE "Id" = ${id}`);
    }
  });
}

const knownUsers = [
  [recordId('005', 1), 'Integration', profileNames.indexOf('Minimum Access - API Only Integrations')],
  [recordId('005', 2), 'Demo', profileNames.indexOf('System Administrator')],
] as const;

function insertRows(plan: SeedPlan, def: SObjectDef, from: number, to: number): Sql {
  const dice = diceOf(plan.seed);
  const values = new Map(Object.entries(seedFields(def.name, dice, plan)));
  const columns = def.fields.flatMap((field) => {
    const made = values.get(field.name);
    const value =
      made && 'always' in made
        ? made.always
        : (systemValue(plan, def, field, dice) ?? sometimesNull(field, made, dice));
    return value ? [{ name: ident(field.name), value }] : [];
  });
  return sql`
    INSERT INTO ${tableOf(def)} (${join(columns.map(({ name }) => name))})
    SELECT ${join(columns.map(({ value }) => value))}
      FROM generate_series(${from}::bigint, ${to}::bigint) AS n,
           LATERAL (SELECT ${createdAt(plan, dice)} AS created) AS born,
           LATERAL (SELECT ${modifiedAt(plan, dice)} AS modified) AS changed`;
}

const sometimesNull = (field: FieldDef, value: Sql | undefined, dice: Dice): Sql | undefined =>
  value && field.nillable
    ? sql`CASE WHEN ${dice.roll(`${field.name} is empty`, 50)} > 0 THEN ${value} END`
    : value;

/** Values that every sobject has. */
function systemValue(plan: SeedPlan, def: SObjectDef, field: FieldDef, dice: Dice): Sql | undefined {
  const users = rangeOf(plan, 'User');
  const user = (what: string) => dice.recordIn(what, '005', users);
  switch (field.name) {
    case 'Id':
      return recordIdSql(def.keyPrefix, sql`n`);
    case 'IsDeleted':
      return sql`${dice.roll('deleted', 100)} = 0`;
    case 'OwnerId':
      return user('owner');
    case 'CreatedById':
      return user('creator');
    case 'LastModifiedById':
      return user('modifier');
    case 'CreatedDate':
      return sql`created`;
    case 'LastModifiedDate':
    case 'SystemModstamp':
      return sql`modified`;
    default:
      return undefined;
  }
}

const yearsBack = 6;
const quietHours = 2;
const second = (plan: SeedPlan): number => Math.floor(plan.now / 1000) - quietHours * 3600;

const createdAt = (plan: SeedPlan, dice: Dice): Sql =>
  sql`to_timestamp(${second(plan)}::bigint - ${dice.roll('age', yearsBack * 365 * 86_400)})`;

/** After the creation. One record in twenty was last modified by one mass change, all in the same second. */
const modifiedAt = (plan: SeedPlan, dice: Dice): Sql => sql`
  CASE WHEN ${dice.roll('mass change', 20)} = 0
       THEN greatest(created, to_timestamp(${second(plan) - 30 * 86_400}::bigint))
       ELSE date_trunc('second', created + (to_timestamp(${second(plan)}::bigint) - created)
                                           * (${dice.roll('touched', 1000)} / 1000.0)::double precision)
  END`;
