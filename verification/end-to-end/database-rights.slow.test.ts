/** The database of DATABASE_URL may belong to an application: its rights stay as they are unless the operator says so. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { openCli } from '@lockstep/harness/cli-process';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';

/** A login without rights of its own, as applications have. */
async function openApplication({ db, url }: TestDatabase) {
  const name = `app_${randomBytes(4).toString('hex')}`;
  await db.query(sql`CREATE ROLE ${ident(name)} LOGIN PASSWORD ${literal(name)}`);
  const database = databaseUrl(url, { user: name, password: name });
  return {
    async canConnect() {
      const own = openDatabase({ url: database, applicationName: 'application', connectionsMax: 1 });
      try {
        await own.query(sql`SELECT 1`);
        return true;
      } catch {
        return false;
      } finally {
        await own.end();
      }
    },
    [Symbol.asyncDispose]: async () => void (await db.query(sql`DROP ROLE ${ident(name)}`)),
  };
}

async function startOn(url: string, environment: Record<string, string> = {}): Promise<string> {
  await using cli = await openCli({ DATABASE_URL: url, ...environment });
  const running = await cli.start(['start'], 'Ctrl-C stops it');
  const { stderr } = await running.end('SIGTERM');
  return stderr;
}

test('a start on the database of an application changes no rights of it, and says who may connect', async () => {
  await using database = await openTestDatabase();
  await using application = await openApplication(database);
  await database.db.query(sql`CREATE TABLE public.orders (id integer)`);
  const said = await startOn(database.url);
  assert.match(said, /Readers of mirrors can also connect to .* because PUBLIC may.*REVOKE CONNECT/s);
  assert.equal(await application.canConnect(), true);
});

test('a start says which attributes the login lacks, and goes on', async () => {
  await using database = await openTestDatabase();
  const name = `login_${randomBytes(4).toString('hex')}`;
  await database.db.query(sql`CREATE ROLE ${ident(name)} LOGIN CREATEROLE PASSWORD ${literal(name)}`);
  await database.db.query(
    sql`GRANT CREATE ON DATABASE ${ident(new URL(database.url).pathname.slice(1))} TO ${ident(name)}`,
  );
  try {
    const said = await startOn(databaseUrl(database.url, { user: name, password: name }));
    assert.match(said, new RegExp(`${name} of DATABASE_URL lacks CREATEDB, so no sync can be created`));
    assert.match(said, new RegExp(`ALTER ROLE "${name}" CREATEDB\\n`));
  } finally {
    await database.db.query(sql`DROP OWNED BY ${ident(name)}`);
    await database.db.query(sql`DROP ROLE ${ident(name)}`);
  }
});

test('an operator who says so closes the database to those without rights of their own', async () => {
  await using database = await openTestDatabase();
  await using application = await openApplication(database);
  await startOn(database.url, { LOCKSTEP_CLOSE_DATABASE: 'yes' });
  assert.equal(await application.canConnect(), false);
});
