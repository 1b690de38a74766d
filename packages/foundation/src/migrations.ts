import { readdir, readFile } from 'node:fs/promises';
import { assert } from './assert.ts';
import type { Database, Tx } from './database.ts';
import { ident, sql } from './sql.ts';

/**
 * Brings one schema of a database up to the version that this code knows: numbered SQL files, forward
 * only, each in a transaction of its own together with its row in `<schema>.migration`. A process that dies in
 * between leaves only whole steps behind, and the next one continues from there.
 */
export interface MigrateOptions {
  /** Created if it is missing. */
  schema: string;
  /** Contains `0001-name.sql`, `0002-name.sql` and so on without a gap. */
  folder: URL;
  /** Owner of what is created: `SET LOCAL ROLE` before each step. */
  role?: string;
}

/** The schema was created by a newer version of the code; nothing was changed. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
  readonly schema: string;
  readonly found: number;
  readonly known: number;

  constructor(schema: string, found: number, known: number) {
    super(`schema ${schema} has version ${found}, this program knows ${known}`);
    this.schema = schema;
    this.found = found;
    this.known = known;
  }
}

type Migration = { number: number; name: string; file: URL };

/** First key of the advisory lock; the second is a hash of the schema's name. */
const migrationLock = 78;

/**
 * Safe to call from any number of processes at once, and cheap (one transaction) when there is nothing to do.
 *
 * @throws {@link NewerSchemaError}; database errors unchanged, with the step's transaction rolled back
 */
export async function migrate(db: Database, options: MigrateOptions): Promise<void> {
  const known = await readMigrations(options.folder);
  while (await db.transaction((tx) => migrateOneStep(tx, options, known))) {
    // each step is a transaction of its own
  }
}

/**
 * Runs the next file, if there is one. The lock comes first, in a statement of its own, so that the statements after it
 * see what the previous owner of the lock committed.
 */
async function migrateOneStep(
  tx: Tx,
  options: MigrateOptions,
  known: readonly Migration[],
): Promise<boolean> {
  const table = ident(options.schema, 'migration');
  await tx.query(sql`SELECT pg_advisory_xact_lock(${migrationLock}, hashtext(${options.schema}))`);
  if (options.role !== undefined) await tx.query(sql`SET LOCAL ROLE ${ident(options.role)}`);

  // CREATE ... IF NOT EXISTS needs the right to create even if nothing is created.
  const [schemaExists] = await tx.query(sql`SELECT FROM pg_namespace WHERE nspname = ${options.schema}`);
  if (!schemaExists) await tx.query(sql`CREATE SCHEMA ${ident(options.schema)}`);
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS ${table} (
      number     integer PRIMARY KEY,
      name       text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);

  const [row] = await tx.query<{ version: number }>(
    sql`SELECT coalesce(max(number), 0) AS version FROM ${table}`,
  );
  const version = row?.version ?? 0;
  if (version > known.length) throw new NewerSchemaError(options.schema, version, known.length);
  const next = known[version];
  if (!next) return false;

  await tx.script(await readFile(next.file, 'utf8'));
  await tx.query(sql`INSERT INTO ${table} (number, name) VALUES (${next.number}, ${next.name})`);
  return true;
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted();
  return files.map((file, index) => {
    const [, number, name] = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
    assert(number !== undefined && name !== undefined, `${file} is not named like 0001-name.sql`);
    assert(Number(number) === index + 1, `${file} is out of order: numbers start at 0001 and leave no gap`);
    return { number: index + 1, name, file: new URL(file, folder) };
  });
}
