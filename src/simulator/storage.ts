import { createHash } from 'node:crypto';
import type { Tx } from '../lib/database.ts';
import { ident, type Sql, sql } from '../lib/sql.ts';
import { createAuthTables } from './auth/storage.ts';
import { createCommitLog } from './commit-log.ts';
import { createControlTables } from './control/storage.ts';
import { createRulesTable } from './rules-storage.ts';
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

/**
 * Makes everything but the tables of the records, from nothing. What an interrupted first start left is dropped; a schema `org`
 * that somebody else made is not, and makes this fail.
 */
export async function createTables(tx: Tx): Promise<void> {
  const [left] = await tx.query<{ is_ours: boolean }>(
    sql`SELECT to_regnamespace('simulator') IS NOT NULL AS is_ours`,
  );
  if (left?.is_ours) await tx.query(sql`DROP SCHEMA IF EXISTS org, simulator CASCADE`);
  await tx.query(sql`CREATE SCHEMA org`);
  await tx.query(sql`CREATE SCHEMA simulator`);
  await tx.query(sql`CREATE SEQUENCE simulator.record_number`);
  await tx.query(sql`CREATE TABLE simulator.setting (name text PRIMARY KEY, value jsonb NOT NULL)`);
  await createAuthTables(tx);
  await tx.query(sql`
    CREATE TABLE simulator.locator (
      id              text PRIMARY KEY,
      user_id         text NOT NULL,
      soql            text NOT NULL,
      include_deleted boolean NOT NULL,
      batch_rows      integer NOT NULL,
      place           integer[] NOT NULL,
      parent_id       text,
      ids             bytea NOT NULL,
      created_at      timestamptz NOT NULL)`);
  await createSchemaTables(tx);
  // Uncompressed, so that a page reads its own part and not the whole.
  await tx.query(sql`ALTER TABLE simulator.locator ALTER COLUMN ids SET STORAGE EXTERNAL`);
  await createRecycleBin(tx);
  await createCommitLog(tx);
  await createRulesTable(tx);
  await createControlTables(tx);
}

async function createSchemaTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.sobject (
      name       text PRIMARY KEY,
      position   bigint GENERATED ALWAYS AS IDENTITY,
      definition json NOT NULL)`);
  await tx.query(sql`
    CREATE TABLE simulator.user_access (
      user_id text COLLATE "C" PRIMARY KEY,
      rights  jsonb NOT NULL)`);
  await tx.query(sql`CREATE TABLE simulator.private_sobject (name text PRIMARY KEY)`);
}

/**
 * An entry of the delete log outlives its record. One that is purged tells nobody of the deletion any more, but
 * stays with its record for as long as that can come back.
 */
async function createRecycleBin(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.deletion (
      record_id  text COLLATE "C" PRIMARY KEY,
      sobject    text NOT NULL,
      root_id    text COLLATE "C" NOT NULL,
      deleted_at timestamptz NOT NULL,
      is_purged  boolean NOT NULL DEFAULT false)`);
  await tx.query(sql`CREATE INDEX ON simulator.deletion (sobject, deleted_at)`);
  await tx.query(sql`CREATE INDEX ON simulator.deletion (root_id)`);
  await tx.query(sql`
    CREATE TABLE simulator.cleared_lookup (
      parent_id text COLLATE "C" NOT NULL,
      child_id  text COLLATE "C" NOT NULL,
      sobject   text NOT NULL,
      field     text NOT NULL,
      PRIMARY KEY (parent_id, child_id, sobject, field))`);
}

/** Counts up when the tables besides the records' own change. */
const tablesVersion = 6;

/** Tells whether the tables of a database are those of these definitions. */
export const fingerprintOf = (sobjects: readonly SObjectDef[]): string =>
  createHash('sha256')
    .update(JSON.stringify([tablesVersion, sobjects]))
    .digest('hex');

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

/** What makes an Id unique: one count for all records, jobs and locators of the org. */
export async function nextRecordNumber(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ number: number }>(sql`SELECT nextval('simulator.record_number') AS number`);
  return row?.number ?? 0;
}
