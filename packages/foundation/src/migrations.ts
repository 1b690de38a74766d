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

/**
 * Safe to call from any number of processes at once. When there is nothing to do it takes no lock.
 *
 * @throws {@link NewerSchemaError}; database errors unchanged, with the step's transaction rolled back
 */
export async function migrate(db: Database, options: MigrateOptions): Promise<void> {
  const known = await readMigrations(options.folder);
  if (!(await hasTable(db, options))) await createTable(db, options);
  while (await db.transaction((tx) => migrateOneStep(tx, options, known))) {
    // each step is a transaction of its own
  }
}

const hasTable = async (tx: Tx, { schema }: MigrateOptions): Promise<boolean> =>
  (await tx.query(sql`SELECT FROM pg_tables WHERE schemaname = ${schema} AND tablename = 'migration'`))
    .length > 0;

async function createTable(db: Database, options: MigrateOptions): Promise<void> {
  const { schema } = options;
  try {
    await db.transaction(async (tx) => {
      await setRole(tx, options);
      // CREATE ... IF NOT EXISTS needs the right to create even if nothing is created.
      const [schemaExists] = await tx.query(sql`SELECT FROM pg_namespace WHERE nspname = ${schema}`);
      if (!schemaExists) await tx.query(sql`CREATE SCHEMA ${ident(schema)}`);
      await tx.query(sql`
        CREATE TABLE ${ident(schema, 'migration')} (
          number     integer PRIMARY KEY,
          name       text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        )`);
    });
  } catch (error) {
    // Another process may have created it at the same time.
    if (!(await hasTable(db, options))) throw error;
  }
}

/**
 * Runs the next file, if there is one. What it waits for is a lock on the table, which only its owner can take: an
 * advisory lock could be taken by everybody who may connect.
 */
async function migrateOneStep(
  tx: Tx,
  options: MigrateOptions,
  known: readonly Migration[],
): Promise<boolean> {
  await setRole(tx, options);
  const table = ident(options.schema, 'migration');
  if (!(await nextMigration(tx, options, known))) return false;
  await tx.query(sql`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  // Again, because the previous owner of the lock may have run it.
  const next = await nextMigration(tx, options, known);
  if (!next) return false;
  await tx.script(await readFile(next.file, 'utf8'));
  await tx.query(sql`INSERT INTO ${table} (number, name) VALUES (${next.number}, ${next.name})`);
  return true;
}

async function setRole(tx: Tx, { role }: MigrateOptions): Promise<void> {
  if (role !== undefined) await tx.query(sql`SET LOCAL ROLE ${ident(role)}`);
}

async function nextMigration(
  tx: Tx,
  { schema }: MigrateOptions,
  known: readonly Migration[],
): Promise<Migration | undefined> {
  const [row] = await tx.query<{ version: number }>(
    sql`SELECT coalesce(max(number), 0) AS version FROM ${ident(schema, 'migration')}`,
  );
  const version = row?.version ?? 0;
  if (version > known.length) throw new NewerSchemaError(schema, version, known.length);
  return known[version];
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
