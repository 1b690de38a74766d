import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openTestDatabase } from '@lockstep/harness/database';
import { openDatabase } from './database.ts';
import { migrate, NewerSchemaError } from './migrations.ts';
import { ident, sql } from './sql.ts';

async function folderOf(files: Record<string, string>): Promise<{ url: URL } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'migrations-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return {
    url: pathToFileURL(`${path}/`),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

const first = { '0001-first.sql': 'CREATE TABLE s.item (id integer); INSERT INTO s.item VALUES (1);' };
const second = { ...first, '0002-second.sql': 'INSERT INTO s.item VALUES (2);' };

test('each migration runs once, however often the program starts', async () => {
  await using database = await openTestDatabase();
  await using old = await folderOf(first);
  await using current = await folderOf(second);

  await migrate(database.db, { schema: 's', folder: old.url });
  await migrate(database.db, { schema: 's', folder: old.url });
  await migrate(database.db, { schema: 's', folder: current.url });
  await migrate(database.db, { schema: 's', folder: current.url });

  assert.deepEqual(await database.db.query(sql`SELECT id FROM s.item ORDER BY id`), [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(await database.db.query(sql`SELECT number, name FROM s.migration ORDER BY number`), [
    { number: 1, name: 'first' },
    { number: 2, name: 'second' },
  ]);
});

test('two programs that start at once migrate a database once', async () => {
  await using database = await openTestDatabase();
  await using folder = await folderOf(second);
  const other = openDatabase({ url: database.url, applicationName: 'test' });
  try {
    await Promise.all(
      [database.db, other, database.db, other].map((db) => migrate(db, { schema: 's', folder: folder.url })),
    );
  } finally {
    await other.end();
  }
  assert.deepEqual(await database.db.query(sql`SELECT id FROM s.item ORDER BY id`), [{ id: 1 }, { id: 2 }]);
});

test('a schema of a newer version is refused and left unchanged', async () => {
  await using database = await openTestDatabase();
  await using old = await folderOf(first);
  await using current = await folderOf(second);
  await migrate(database.db, { schema: 's', folder: current.url });

  await assert.rejects(
    migrate(database.db, { schema: 's', folder: old.url }),
    (error) => error instanceof NewerSchemaError && error.found === 2 && error.known === 1,
  );
});

test('a migration that fails leaves nothing behind, and the next start tries it again', async () => {
  await using database = await openTestDatabase();
  await using broken = await folderOf({
    ...first,
    '0002-second.sql': 'INSERT INTO s.item VALUES (2); SELECT 1 / 0;',
  });
  await using repaired = await folderOf(second);

  await assert.rejects(migrate(database.db, { schema: 's', folder: broken.url }), { code: '22012' });
  assert.deepEqual(await database.db.query(sql`SELECT id FROM s.item`), [{ id: 1 }]);

  await migrate(database.db, { schema: 's', folder: repaired.url });
  assert.deepEqual(await database.db.query(sql`SELECT id FROM s.item ORDER BY id`), [{ id: 1 }, { id: 2 }]);
});

test('what a migration creates belongs to the given role', async () => {
  await using database = await openTestDatabase();
  await using folder = await folderOf(first);
  const role = `test_owner_${process.pid}_${Date.now()}`;
  await database.db.query(sql`CREATE ROLE ${ident(role)}`);
  try {
    await database.db.query(sql`CREATE SCHEMA s AUTHORIZATION ${ident(role)}`);
    await migrate(database.db, { schema: 's', folder: folder.url, role });
    await migrate(database.db, { schema: 's', folder: folder.url, role });
    assert.deepEqual(
      await database.db.query(sql`SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 's'`),
      [{ tableowner: role }],
    );
  } finally {
    await database.db.query(sql`DROP OWNED BY ${ident(role)}`);
    await database.db.query(sql`DROP ROLE ${ident(role)}`);
  }
});
