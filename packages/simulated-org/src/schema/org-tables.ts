import { createHash } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { createAuthTables } from '../auth/storage.ts';
import { createControlTables } from '../control/storage.ts';
import { createCommitLog } from '../write/commit-log.ts';
import { createRulesTable } from '../write/rules-storage.ts';
import type { SObjectDef } from './schema.ts';

/**
 * Creates all tables except those of the records, from scratch. Leftovers of an interrupted first start are dropped.
 * A schema `org` that somebody else created is kept, and makes this fail.
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
  // Uncompressed, so that a page reads only its part of the value.
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
 * An entry of the delete log outlives its record. A purged entry is no longer reported by getDeleted, but stays with
 * its record for as long as that can be restored.
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

/** Increased whenever a table other than the records' own changes. */
const tablesVersion = 7;

/** Tells whether a database's tables were created from these definitions. */
export const fingerprintOf = (sobjects: readonly SObjectDef[]): string =>
  createHash('sha256')
    .update(JSON.stringify([tablesVersion, sobjects]))
    .digest('hex');
