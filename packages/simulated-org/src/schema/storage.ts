import type { Tx } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef, SObjectDef } from './schema.ts';

/**
 * The org's tables. Schema `org` holds the records, a table per sobject; schema `simulator` holds what the org is
 * besides: its settings, who may sign in, which query locators are out.
 */
/** All records of an sobject, whoever asks. */
export const tableOf = (def: SObjectDef): Sql => ident('org', def.name);

/** The records that the user sees whose definition it is, as what stands in FROM; it needs an alias. */
export const recordsOf = (def: SObjectDef): Sql =>
  def.visibleWhere
    ? sql`(SELECT *, xmin, ctid FROM ${tableOf(def)} WHERE ${def.visibleWhere})`
    : tableOf(def);

/** Whether the row can still be seen: a user is never deleted. */
export const isLive = (def: SObjectDef): Sql =>
  def.fields.some((field) => field.name === 'IsDeleted') ? sql`NOT "IsDeleted"` : sql`true`;

/**
 * Text that counts as equal when it differs in case only, as Salesforce compares external ids. Written as a query
 * compares text, so that both use the index.
 */
export const folded = (value: Sql): Sql =>
  sql`lower(${value} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`;

/** A value as an external id compares it. */
export const keyOf = (field: FieldDef, value: Sql): Sql => (field.caseSensitive ? value : folded(value));

/** Undefined while the org has not been made, or was not finished. */
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

/** The row that makes the org complete: without it the next start begins anew. */
export const writeSettings = (tx: Tx, settings: object): Promise<unknown> =>
  tx.query(sql`INSERT INTO simulator.setting (name, value) VALUES ('org', ${JSON.stringify(settings)})`);

/** Asking for each number by itself took a quarter of the time of a create. */
const numbersAtOnce = 100;

/** What makes an Id unique: one count for all records, jobs and locators of the org. A restart leaves numbers out. */
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
