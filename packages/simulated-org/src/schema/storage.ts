import { createHash } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { type FieldDef, numberTypes, type SObjectDef } from './schema.ts';

/**
 * The org's tables. Schema `org` holds the records, one table per sobject. Schema `simulator` holds the rest:
 * settings, who may sign in, open query locators.
 */

/**
 * PostgreSQL truncates longer names. API names have at most 60 characters, except those of the parts of compound
 * fields: their columns have truncated names, which still differ, because at most 57 characters stand before the two
 * underscores and the part.
 */
export const sqlNameBytesMax = 63;

/** The name of an index or a sequence for a field. Two names that PostgreSQL truncates could end up the same. */
export function nameFor(def: SObjectDef, field: FieldDef, what: string): string {
  const whole = `${def.name}.${field.name} ${what}`;
  if (whole.length <= sqlNameBytesMax) return whole;
  return `${what} ${createHash('sha256').update(whole).digest('hex').slice(0, 40)}`;
}

/** All records of an sobject, whoever asks. */
export const tableOf = (def: SObjectDef): Sql => ident('org', def.name);

/** The records visible to the user whose definition this is, for use in FROM; it needs an alias. */
export function recordsOf(def: SObjectDef): Sql {
  if (def.rows) return sql`(SELECT *, '0'::xid AS xmin, '(0,0)'::tid AS ctid FROM (${def.rows}) computed)`;
  if (!def.visibleWhere) return tableOf(def);
  return sql`(SELECT *, xmin, ctid FROM ${tableOf(def)} WHERE ${def.visibleWhere})`;
}

/** Whether the row is not deleted. Sobjects without IsDeleted, such as User, never delete a record. */
export const isLive = (def: SObjectDef): Sql =>
  def.fields.some((field) => field.name === 'IsDeleted') ? sql`NOT "IsDeleted"` : sql`true`;

/**
 * Makes texts equal that differ only in case, as Salesforce compares external ids. Queries compare text by the same
 * expression, so that both use the index.
 */
export const folded = (value: Sql): Sql =>
  sql`lower(${value} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`;

/** A value as external ids are compared. */
export const keyOf = (field: FieldDef, value: Sql): Sql =>
  field.caseSensitive || numberTypes.has(field.type) ? value : folded(value);

/** Undefined until the org has been created completely. */
export async function readSettings<Settings>(tx: Tx): Promise<Settings | undefined> {
  const [found] = await tx.query<{ exists: boolean }>(
    sql`SELECT to_regclass('simulator.setting') IS NOT NULL AS exists`,
  );
  if (!found?.exists) return undefined;
  const [row] = await tx.query<{ value: Settings }>(
    sql`SELECT value FROM simulator.setting WHERE name = 'org'`,
  );
  return row?.value;
}

/** Marks the org as complete: without this row the next start begins from scratch. */
export const writeSettings = (tx: Tx, settings: object): Promise<unknown> =>
  tx.query(sql`INSERT INTO simulator.setting (name, value) VALUES ('org', ${JSON.stringify(settings)})`);

/** Fetching each number by itself took a quarter of the time of a create. */
const numbersAtOnce = 100;

/** The numbers that make Ids unique, shared by all records, jobs and locators of the org. A restart skips some. */
export class RecordNumbers {
  private free: number[] = [];

  async next(tx: Tx): Promise<number> {
    for (;;) {
      const number = this.free.shift();
      if (number !== undefined) return number;
      const rows = await tx.query<{ number: number }>(sql`
        SELECT nextval('simulator.record_number') AS number FROM generate_series(1, ${numbersAtOnce}::integer)`);
      this.free.push(...rows.map((row) => row.number));
    }
  }
}
