import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { openTestDatabase, type TestDatabase, testServerUrl } from '@lockstep/harness/database';
import { newSyncId } from '../core/ids.ts';
import { createReader, dropReader, listReaders } from './readers.ts';
import { revokePublicConnect } from './role-sql.ts';
import {
  createPrivateDatabase,
  type DestinationNames,
  dropPrivateDatabase,
  restrictReaders,
  scramVerifier,
} from './roles.ts';

const secrets = {
  writerPassword: randomBytes(12).toString('hex'),
  readerPassword: randomBytes(12).toString('hex'),
};

/** A login with only CREATEROLE and CREATEDB, as hosted servers provide. */
const hostedAdmin = `test_admin_${randomBytes(6).toString('hex')}`;
const open = (database: string, user?: string, password?: string): Database => {
  const url = databaseUrl(testServerUrl(), {
    database,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
  });
  return openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
};

interface PrivateDatabase extends AsyncDisposable {
  syncId: string;
  names: DestinationNames;
  writer: Database;
  reader: Database;
}

let superuser: Database;
let admin: Database;
let control: TestDatabase;
const controlName = () => new URL(control.url).pathname.slice(1);

before(async () => {
  superuser = open('postgres');
  await superuser.query(sql`CREATE ROLE ${ident(hostedAdmin)} LOGIN CREATEROLE CREATEDB PASSWORD 'admin'`);
  control = await openTestDatabase();
  await revokePublicConnect(superuser, controlName());
  await superuser.query(sql`GRANT CONNECT ON DATABASE ${ident(controlName())} TO ${ident(hostedAdmin)}`);
  admin = open(controlName(), hostedAdmin, 'admin');
});

after(async () => {
  await admin.end();
  await control[Symbol.asyncDispose]();
  await superuser.query(sql`DROP ROLE ${ident(hostedAdmin)}`);
  await superuser.end();
});

async function openPrivateDatabase({
  syncId = newSyncId() as string,
  by = admin,
  openAsAdmin = (name: string) => open(name, hostedAdmin, 'admin'),
} = {}): Promise<PrivateDatabase> {
  const names = await createPrivateDatabase(by, syncId, secrets, openAsAdmin);
  const writer = open(names.database, names.writer, secrets.writerPassword);
  const reader = open(names.database, names.reader, secrets.readerPassword);
  return {
    syncId,
    names,
    writer,
    reader,
    async [Symbol.asyncDispose]() {
      await writer.end();
      await reader.end();
      await dropPrivateDatabase(by, syncId);
    },
  };
}

const readersOf = ({ names }: PrivateDatabase) => ({ ...names, schema: 'salesforce' });

const denied = (done: Promise<unknown>) => assert.rejects(done, { code: '42501' });

test('the reader can select from a table that the writer creates later', async () => {
  await using harness = await openPrivateDatabase();
  await harness.writer.query(sql`CREATE TABLE salesforce.account (id text)`);
  await harness.writer.query(sql`INSERT INTO salesforce.account VALUES ('001')`);

  assert.deepEqual(await harness.reader.query(sql`SELECT id FROM salesforce.account`), [{ id: '001' }]);
  const owners = await harness.reader.query(
    sql`SELECT tableowner AS owner FROM pg_tables WHERE schemaname = 'salesforce'`,
  );
  assert.deepEqual(owners, [{ owner: harness.names.owner }]);
});

test('the reader can lock and read everything that pg_dump does, and change nothing of it', async (t) => {
  await using harness = await openPrivateDatabase();
  const { writer, reader, names } = harness;
  await writer.script(`
    CREATE TABLE salesforce.account (id text PRIMARY KEY);
    CREATE TABLE _lockstep.quarantine (record text, number bigint GENERATED ALWAYS AS IDENTITY);
    CREATE VIEW _lockstep.status AS SELECT count(*) AS rows FROM _lockstep.quarantine;
    CREATE SEQUENCE _lockstep.ticket;
    INSERT INTO salesforce.account VALUES ('001')`);
  for (const table of ['salesforce.account', '_lockstep.quarantine']) {
    await reader.transaction(async (tx) => {
      await tx.script(`LOCK TABLE ${table} IN ACCESS SHARE MODE; SELECT * FROM ${table}`);
    });
    await denied(reader.transaction((tx) => tx.script(`SET TRANSACTION READ WRITE; DELETE FROM ${table}`)));
    await denied(reader.transaction((tx) => tx.script(`SET TRANSACTION READ WRITE; LOCK TABLE ${table}`)));
  }
  await reader.query(sql`SELECT last_value FROM _lockstep.ticket`);
  await denied(reader.query(sql`SELECT nextval('_lockstep.ticket')`));

  const [server] = await reader.query<{ major: number }>(
    sql`SELECT current_setting('server_version_num')::integer / 10000 AS major`,
  );
  const version = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const major = Number(/ (\d+)\./.exec(version)?.[1] ?? 0);
  if (major < (server?.major ?? 0))
    return t.diagnostic(`pg_dump ${major || ''} is older than the server: not run`);
  const url = databaseUrl(testServerUrl(), {
    database: names.database,
    user: names.reader,
    password: secrets.readerPassword,
  });
  const dumped = spawnSync('pg_dump', [url], { encoding: 'utf8' });
  assert.equal(dumped.status, 0, dumped.stderr);
  assert.match(dumped.stdout, /COPY salesforce\.account \(id\) FROM stdin;\n001\n/);
});

test('the reader cannot write, create, assume a role or read a file, even in a read-write transaction', async () => {
  await using harness = await openPrivateDatabase();
  await harness.writer.query(sql`CREATE TABLE salesforce.account (id text)`);
  const asReader = (statement: Sql) =>
    harness.reader.transaction(async (tx) => {
      await tx.query(sql`SET TRANSACTION READ WRITE`);
      await tx.query(statement);
    });

  await denied(asReader(sql`INSERT INTO salesforce.account VALUES ('001')`));
  await denied(asReader(sql`UPDATE salesforce.account SET id = '002'`));
  await denied(asReader(sql`DELETE FROM salesforce.account`));
  await denied(asReader(sql`TRUNCATE salesforce.account`));
  await denied(asReader(sql`DROP TABLE salesforce.account`));
  // Before version 15 only a superuser may take `public` from everybody.
  const [server] = await superuser.query<{ old: boolean }>(
    sql`SELECT current_setting('server_version_num')::integer < 150000 AS old`,
  );
  for (const schema of ['salesforce', '_lockstep', ...(server?.old ? [] : ['public'])]) {
    await denied(asReader(sql`CREATE TABLE ${ident(schema)}.mine (id text)`));
  }
  await denied(asReader(sql`CREATE SCHEMA mine`));
  await denied(asReader(sql`CREATE TEMPORARY TABLE mine (id text)`));
  for (const role of [harness.names.owner, harness.names.writer, hostedAdmin]) {
    await denied(asReader(sql`SET ROLE ${ident(role)}`));
  }
  await denied(asReader(sql`SELECT pg_read_file('PG_VERSION')`));
  await denied(asReader(sql`COPY salesforce.account TO PROGRAM 'true'`));
  await assert.rejects(harness.reader.query(sql`SELECT * INTO salesforce.mine FROM salesforce.account`), {
    code: '25006', // read-only transaction: its own default
  });
});

test('where the login is a superuser, the reader can fill the disk neither by large objects nor by temporary files', async () => {
  await using harness = await openPrivateDatabase({ by: superuser, openAsAdmin: (name) => open(name) });
  await cannotFillTheDisk(harness.reader);
  await harness.reader.query(sql`SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE`);
  await denied(harness.reader.query(sql`CREATE TABLE public.mine (id text)`));
});

test('the start of a server restricts the readers of mirrors that an older version made in the same way', async () => {
  await using harness = await openPrivateDatabase(); // by a login that may not restrict them
  await restrictReaders(admin, [harness.syncId], (name) => open(name, hostedAdmin, 'admin'));
  assert.deepEqual(await harness.reader.query(sql`SHOW temp_file_limit`), [{ temp_file_limit: '-1' }]);

  await restrictReaders(superuser, [harness.syncId], (name) => open(name));
  const reader = open(harness.names.database, harness.names.reader, secrets.readerPassword);
  await cannotFillTheDisk(reader);
  await reader.end();

  await restrictReaders(superuser, [harness.syncId], (name) => assert.fail(`${name} is restricted already`));
});

async function cannotFillTheDisk(reader: Database): Promise<void> {
  const asReader = (statement: Sql) =>
    reader.transaction(async (tx) => {
      await tx.query(sql`SET TRANSACTION READ WRITE`);
      return tx.query(statement);
    });
  for (const maker of [
    sql`SELECT lo_from_bytea(0, 'much')`,
    sql`SELECT lo_create(0)`,
    sql`SELECT lo_creat(-1)`,
    sql`SELECT lo_put(1, 0, 'much')`,
  ])
    await denied(asReader(maker));
  await denied(asReader(sql`SET temp_file_limit = -1`));
  assert.deepEqual(await asReader(sql`SHOW temp_file_limit`), [{ temp_file_limit: '2GB' }]);
}

test("neither reader nor writer can connect to another sync's database or to the control database", async () => {
  await using harness = await openPrivateDatabase();
  await using other = await openPrivateDatabase();
  for (const database of [other.names.database, controlName()]) {
    for (const [user, password] of [
      [harness.names.reader, secrets.readerPassword],
      [harness.names.writer, secrets.writerPassword],
    ]) {
      const stranger = open(database, user, password);
      await denied(stranger.query(sql`SELECT 1`));
      await stranger.end();
    }
  }
});

test("the reader's limits apply from its first statement on", async () => {
  await using harness = await openPrivateDatabase();
  const rows = await harness.reader.query(sql`
    SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
           current_setting('default_transaction_read_only') AS read_only, rolconnlimit AS connections
      FROM pg_roles WHERE rolname = current_user`);
  assert.deepEqual(rows, [{ statement: '1min', lock: '10s', read_only: 'on', connections: 20 }]);
});

test('the writer can end its own other sessions when it acts as itself', async () => {
  await using harness = await openPrivateDatabase();
  const former = open(harness.names.database, harness.names.writer, secrets.writerPassword);
  const session = await former.session();
  const [backend] = await session.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  await harness.writer.transaction(async (tx) => {
    await tx.query(sql`SET LOCAL ROLE NONE`);
    await tx.query(sql`SELECT pg_terminate_backend(${backend?.pid}::int)`);
  });
  await session.closed;
  await former.end();
});

test('a second call completes a first one that failed half way, and sets the passwords', async () => {
  const syncId = newSyncId();
  await admin.query(sql`CREATE ROLE ${ident(`lockstep_${syncId}_owner`)} LOGIN`);
  await admin.query(sql`CREATE ROLE ${ident(`lockstep_${syncId}_ro`)} LOGIN PASSWORD 'old'`);
  await using harness = await openPrivateDatabase({ syncId });
  await using again = await openPrivateDatabase({ syncId });
  assert.deepEqual(again.names, harness.names);
  assert.deepEqual(await again.reader.query(sql`SELECT current_user::text AS name`), [
    { name: harness.names.reader },
  ]);
  const owner = await admin.query(
    sql`SELECT rolcanlogin FROM pg_roles WHERE rolname = ${harness.names.owner}`,
  );
  assert.deepEqual(owner, [{ rolcanlogin: false }]);
});

test('dropping removes the database and every role while a reader is connected', async () => {
  const harness = await openPrivateDatabase();
  await harness.writer.query(sql`CREATE TABLE salesforce.account (id text)`);
  const session = await harness.reader.session();
  await createReader(admin, readersOf(harness), 'reports', 'a-password');

  await harness.writer.end();
  await dropPrivateDatabase(admin, harness.syncId);

  await session.closed;
  await harness.reader.end();
  const like = `lockstep\\_${harness.syncId}%`;
  const left = await superuser.query(sql`
    SELECT rolname AS name FROM pg_roles WHERE rolname LIKE ${like}
    UNION ALL SELECT datname FROM pg_database WHERE datname LIKE ${like}`);
  assert.deepEqual(left, []);
  await dropPrivateDatabase(admin, harness.syncId); // a second time: nothing to do
});

test('each application has a reader of its own, with the rights and limits of the others', async () => {
  await using harness = await openPrivateDatabase();
  const { names } = harness;
  await harness.writer.query(sql`CREATE TABLE salesforce.account (id text)`);
  const role = await createReader(admin, readersOf(harness), 'reports', 'its-password');
  assert.equal(role, `${names.reader}_reports`);
  assert.equal(await createReader(admin, readersOf(harness), 'reports', 'another'), null);
  await createReader(admin, readersOf(harness), 'app', 'other-password');
  assert.deepEqual(
    (await listReaders(admin, readersOf(harness))).map(({ name }) => name),
    ['app', 'reports'],
  );
  const reports = open(names.database, role, 'its-password');
  assert.deepEqual(await reports.query(sql`SELECT id FROM salesforce.account`), []);
  const limits = sql`
    SELECT setconfig AS limits FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = `;
  assert.deepEqual(
    await superuser.query(sql`${limits}${role}`),
    await superuser.query(sql`${limits}${names.reader}`),
  );
  await reports.query(sql`SET default_transaction_read_only = off`);
  await denied(reports.query(sql`CREATE TABLE salesforce.mine (id text)`));
  await reports.end();
});

test('dropping a reader ends its sessions and leaves the other readers alone', async () => {
  await using harness = await openPrivateDatabase();
  const { names } = harness;
  await createReader(admin, readersOf(harness), 'reports', 'its-password');
  const reports = open(names.database, `${names.reader}_reports`, 'its-password');
  const session = await reports.session();
  assert.equal(await dropReader(admin, readersOf(harness), 'reports'), true);
  await session.closed;
  await assert.rejects(reports.query(sql`SELECT 1`), { code: '28P01' });
  await reports.end();
  assert.equal(await dropReader(admin, readersOf(harness), 'reports'), false);
  assert.deepEqual(await harness.reader.query(sql`SELECT 1 AS one`), [{ one: 1 }]);
});

test('a password reaches the server as the verifier that it would have computed itself', async () => {
  const role = `test_${randomBytes(6).toString('hex')}`;
  await superuser.query(sql`CREATE ROLE ${ident(role)} PASSWORD 'a-clear-password'`);
  const [row] = await superuser.query<{ verifier: string }>(
    sql`SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = ${role}`,
  );
  await superuser.query(sql`DROP ROLE ${ident(role)}`);
  const salt = Buffer.from(row?.verifier.split(/[:$]/)[2] ?? '', 'base64');
  assert.equal(scramVerifier('a-clear-password', salt), row?.verifier);
});
