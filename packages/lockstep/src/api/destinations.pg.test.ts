/** A database that a person owns, before a mirror is made in it: the SQL to run first, and the checks. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { selfSignedCertificate } from '@lockstep/foundation/self-signed-certificate';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { type ApiHarness, openApi } from '@lockstep/harness/api-harness';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import type { DestinationChecks } from '../contract/destinations.ts';

let api: ApiHarness;
before(async () => {
  api = await openApi();
});
after(() => api[Symbol.asyncDispose]());

async function check(form: object): Promise<DestinationChecks> {
  const { status, body } = await api.ask('POST', '/api/v1/destinations/check', form);
  assert.equal(status, 200, JSON.stringify(body));
  return body as DestinationChecks;
}

type Line = DestinationChecks['checks'][number];
const line = ({ checks }: DestinationChecks, name: string): Line =>
  checks.find((one) => one.name === name) ?? assert.fail(`there is a line ${name}`);
const failed = ({ checks }: DestinationChecks) =>
  checks.filter(({ state }) => state === 'failed').map(({ name, code }) => `${name} ${code}`);

/** A login of the harness, in its database. */
const openAs = (url: string) => openDatabase({ url, applicationName: 'test', connectionsMax: 1 });

test('after the SQL was run by the owner, who is no superuser, every check passes and leaves nothing', async () => {
  await using own = await openOwnDatabase();
  const seen = await check(own.form());
  assert.deepEqual(failed(seen), []);
  assert.deepEqual(
    seen.checks.filter(({ state }) => state === 'skipped').map(({ name }) => name),
    ['tls'],
  );
  assert.equal(seen.passed, true);
  const left = await own.superuser.query(
    sql`SELECT relname FROM pg_class WHERE relnamespace IN ('salesforce'::regnamespace, '_lockstep'::regnamespace)`,
  );
  assert.deepEqual(left, []);
});

test('the undo removes everything that the SQL has made, and it can be run again', async () => {
  await using own = await openOwnDatabase({ schema: 'crm' });
  await using writer = await asWriter(own.url);
  await writer.db.query(sql`CREATE TABLE crm.account (id text)`);
  await own.owner.script(own.undo);
  const roles = await own.owner.query(
    sql`SELECT rolname FROM pg_roles WHERE starts_with(rolname, ${own.prefix})`,
  );
  assert.deepEqual(roles, []);
  const schemas = await own.owner.query(
    sql`SELECT nspname FROM pg_namespace WHERE nspname IN ('crm', '_lockstep')`,
  );
  assert.deepEqual(schemas, []);
});

test('the undo refuses to remove what others have made in the schema', async () => {
  await using own = await openOwnDatabase();
  await own.superuser.query(sql`CREATE TABLE salesforce.mine (id text)`);
  await assert.rejects(own.owner.script(own.undo), { code: '2BP01' });
  await own.superuser.query(sql`SELECT FROM salesforce.mine`);
});

async function asWriter(url: string) {
  const db = openAs(url);
  return { db, [Symbol.asyncDispose]: () => db.end() };
}

test('what writer and reader may do, and what they may not', async () => {
  await using own = await openOwnDatabase();
  await own.superuser.script(
    `CREATE SCHEMA payroll; CREATE TABLE payroll.salary (amount int); CREATE TABLE public.mine (id int)`,
  );
  await using writer = await asWriter(own.url);
  await writer.db.script(`
    CREATE TABLE salesforce.account (id text); INSERT INTO salesforce.account VALUES ('001');
    CREATE TABLE _lockstep.status (state text); CREATE SEQUENCE _lockstep.ticket`);
  await using reader = await asWriter(own.readerUrl);
  const readWrite = (statement: Sql) =>
    reader.db.transaction(async (tx) => {
      await tx.query(sql`SET TRANSACTION READ WRITE`);
      await tx.query(statement);
    });
  for (const may of [
    sql`SELECT id FROM salesforce.account`,
    sql`SELECT state FROM _lockstep.status`,
    sql`SELECT last_value FROM _lockstep.ticket`,
  ])
    await reader.db.query(may);
  for (const mayNot of [
    sql`INSERT INTO salesforce.account VALUES ('002')`,
    sql`UPDATE salesforce.account SET id = '003'`,
    sql`DELETE FROM salesforce.account`,
    sql`TRUNCATE salesforce.account`,
    sql`DROP TABLE salesforce.account`,
    sql`ALTER TABLE salesforce.account ADD COLUMN mine text`,
    sql`CREATE TABLE salesforce.mine (id text)`,
    sql`CREATE TABLE _lockstep.mine (id text)`,
    sql`CREATE SCHEMA mine`,
    sql`SELECT nextval('_lockstep.ticket')`,
    sql`SELECT amount FROM payroll.salary`,
    sql`SET ROLE ${ident(`${own.prefix}_owner`)}`,
    sql`CREATE ROLE mine`,
  ])
    await assert.rejects(readWrite(mayNot), { code: '42501' }, JSON.stringify(mayNot));
  for (const mayNot of [
    sql`SELECT amount FROM payroll.salary`,
    sql`INSERT INTO public.mine VALUES (1)`,
    sql`DROP TABLE public.mine`,
    sql`CREATE SCHEMA mine`,
    sql`CREATE ROLE mine`,
    sql`SET ROLE ${ident(own.name)}`,
  ])
    await assert.rejects(writer.db.query(mayNot), { code: '42501' }, JSON.stringify(mayNot));
  assert.deepEqual(await reader.db.query(sql`SHOW default_transaction_read_only`), [
    { default_transaction_read_only: 'on' },
  ]);
});

test('each failed check has the statement that repairs it, and after that the check passes', async () => {
  await using own = await openOwnDatabase({ schema: 'crm' });
  const [owner, group, reader, writer] = ['owner', 'read', 'ro', 'writer'].map(
    (role) => `${own.prefix}_${role}`,
  );
  const broken: [statement: string, name: string, code: string, sql: RegExp][] = [
    [`DROP SCHEMA crm`, 'schema', 'DB-06', /^CREATE SCHEMA "crm" AUTHORIZATION/],
    [`REVOKE CREATE ON SCHEMA crm FROM ${owner}`, 'schema', 'DB-06', /^GRANT USAGE, CREATE ON SCHEMA "crm"/],
    [
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA crm REVOKE SELECT ON TABLES FROM ${group}`,
      'grants',
      'DB-14',
      /^ALTER DEFAULT PRIVILEGES .* GRANT SELECT ON TABLES/,
    ],
    [
      `REVOKE USAGE ON SCHEMA _lockstep FROM ${group}`,
      'grants',
      'DB-14',
      /^GRANT USAGE ON SCHEMA "_lockstep"/,
    ],
    [
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA crm GRANT INSERT ON TABLES TO ${group}`,
      'reader',
      'DB-23',
      /REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON TABLES FROM/,
    ],
    [
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA crm GRANT INSERT ON TABLES TO PUBLIC`,
      'reader',
      'DB-23',
      /FROM PUBLIC/,
    ],
    [`GRANT ${owner} TO ${reader}`, 'reader', 'DB-23', /^REVOKE/],
    [`ALTER ROLE ${reader} SUPERUSER`, 'reader', 'DB-23', /NOSUPERUSER/],
    [`ALTER ROLE ${writer} CONNECTION LIMIT 5`, 'connections', 'DB-07', /CONNECTION LIMIT 40/],
  ];
  for (const [statement, name, code, repair] of broken) {
    await own.superuser.script(statement);
    const seen = await check(own.form({ schema: 'crm' }));
    assert.equal(seen.passed, false, statement);
    const { state, code: said, sql: offered } = line(seen, name);
    assert.deepEqual([state, said], ['failed', code], `${statement}: ${JSON.stringify(seen)}`);
    assert.match(offered ?? '', repair);
    await own.superuser.script(offered ?? '');
    if (statement.startsWith('DROP SCHEMA')) await repairGrants(own.form({ schema: 'crm' }), own.superuser);
    assert.deepEqual(failed(await check(own.form({ schema: 'crm' }))), [], statement);
  }
});

/** A new schema has no grants: the checks name them one after the other. */
async function repairGrants(form: object, superuser: { script(text: string): Promise<void> }) {
  for (let nth = 0; nth < 2; nth++) await superuser.script(line(await check(form), 'grants').sql ?? '');
}

test('tables of others in the schema are named and refused, or stay beside the mirror if a person says so', async () => {
  await using own = await openOwnDatabase({ schema: 'public' });
  await own.owner.script(
    'CREATE TABLE public.invoices (id int); CREATE VIEW public.totals AS SELECT 1 AS one',
  );
  const seen = await check(own.form({ schema: 'public' }));
  assert.deepEqual(failed(seen), ['schema DB-10']);
  assert.match(line(seen, 'schema').says, /public has invoices, totals, which this sync has not made/);
  assert.deepEqual(failed(await check(own.form({ schema: 'public', share_schema: true }))), []);
  assert.equal((await own.owner.query(sql`SELECT FROM public.invoices`)).length, 0);
});

test('a database that has not been prepared says what is missing, and skips what depends on it', async () => {
  await using own = await openOwnDatabase({ prepared: false });
  assert.deepEqual(failed(await check(own.form())), ['sign-in DB-03']);
  const asOwner = new URL(own.url);
  [asOwner.username, asOwner.password] = [own.name, own.name];
  const seen = await check(own.form({ url: asOwner.href }));
  assert.deepEqual(failed(seen), ['schema DB-06']);
  assert.match(line(seen, 'reader').says, /needs write/);
});

test('a bookkeeping schema of something else is not taken for one of ours', async () => {
  await using own = await openOwnDatabase();
  await own.superuser.query(sql`CREATE TABLE _lockstep.mine (id text)`);
  assert.deepEqual(failed(await check(own.form())), ['schema DB-10']);
});

test('a wrong password, a missing database and a missing right to connect are told apart', async () => {
  await using own = await openOwnDatabase();
  const wrong = new URL(own.url);
  wrong.password = 'wrong-canary';
  const seen = await check(own.form({ url: wrong.href }));
  assert.deepEqual(failed(seen), ['sign-in DB-03']);
  assert.ok(!JSON.stringify(seen).includes('canary'));

  const names = {
    url: databaseUrl(own.url, { database: 'none' }),
    reader_url: databaseUrl(own.readerUrl, { database: 'none' }),
  };
  const missing = await check(names);
  assert.deepEqual(failed(missing), ['sign-in CFG-01']);
  assert.match(line(missing, 'sign-in').sql ?? '', /^CREATE DATABASE "none"/);

  await own.superuser.script(
    `REVOKE CONNECT ON DATABASE ${own.name} FROM PUBLIC, ${own.prefix}_writer, ${own.prefix}_read`,
  );
  const shut = await check(own.form());
  assert.deepEqual(failed(shut), ['sign-in DB-06']);
  await own.superuser.script(line(shut, 'sign-in').sql ?? '');
  assert.deepEqual(failed(await check(own.form())), ['reader DB-06']);
});

test('nothing listens, nothing resolves, or the address is that of the machine itself', async () => {
  const form = (host: string) => ({
    url: `postgres://w:w@${host}:1/crm`,
    reader_url: `postgres://r:r@${host}:1/crm`,
  });
  assert.deepEqual(failed(await check(form('localhost'))), ['tcp DB-02']);
  assert.deepEqual(failed(await check(form('no-such-host.invalid'))), ['name DB-01']);
  for (const host of ['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]', '2852039166'])
    assert.deepEqual(failed(await check(form(host))), ['name DB-22'], host);
});

test('addresses that cannot be right are refused, and no answer repeats their passwords', async () => {
  const good = 'postgres://w:canary@localhost:1/crm';
  const urls: [string, string, RegExp][] = [
    ['postgres://localhost/crm', good, /needs a user, a password/],
    ['canary', good, /does not have the form/],
    [good, good, /another login/],
    [good, 'postgres://r:canary@localhost:2/crm', /not those of one database/],
    [`${good}?sslmode=prefer`, `${good}?sslmode=prefer`, /sslmode may be/],
    [`${good}?options=-c`, good, /no parameter but sslmode/],
    [
      'postgres://w:canary@db.example.com/x?sslmode=require',
      'postgres://r:canary@db.example.com/x?sslmode=require',
      /must be verify-full/,
    ],
  ];
  for (const [url, reader_url, reason] of urls) {
    const { status, body } = await api.ask('POST', '/api/v1/destinations/check', { url, reader_url });
    assert.equal(status, 400);
    assert.match(String(body.detail), reason);
    assert.ok(!JSON.stringify(body).includes('canary'));
  }
});

/** Takes TLS as a PostgreSQL server does, and passes on what is in it. */
async function openTlsServer(pair: KeyPairKeyObjectResult, commonName: string, to: URL) {
  const [notBefore, notAfter] = [Date.UTC(2020, 0, 1), Date.UTC(2049, 0, 1)];
  const cert = selfSignedCertificate(pair, { commonName, notBefore, notAfter });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = createServer((near) => {
    near.on('error', () => undefined);
    near.once('data', () => {
      near.write('S');
      const secure = new TLSSocket(near, { isServer: true, cert, key });
      const far = connect(Number(to.port), to.hostname);
      for (const side of [secure, far]) side.on('error', () => near.destroy());
      secure.pipe(far).pipe(secure);
      near.once('close', () => far.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { cert, port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}

test('the certificate is verified, with the name and with the authority that are given', async () => {
  await using own = await openOwnDatabase();
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  using server = await openTlsServer(pair, 'localhost', new URL(own.url));
  const through = (host: string, mode: string) => {
    const [url, reader_url] = [own.url, own.readerUrl].map((each) => {
      const one = new URL(each);
      [one.hostname, one.port, one.search] = [host, String(server.port), `sslmode=${mode}`];
      return one.href;
    });
    return { url, reader_url };
  };
  const verified = await check({ ...through('localhost', 'verify-full'), ca: server.cert });
  assert.deepEqual(failed(verified), []);
  assert.match(line(verified, 'tls').says, /^TLSv1\.3\. The certificate is for localhost/);
  assert.deepEqual(failed(await check(through('localhost', 'verify-full'))), ['tls DB-18']);
  const otherName = await check({ ...through('127.0.0.1', 'verify-full'), ca: server.cert });
  assert.deepEqual(failed(otherName), ['tls DB-18']);
  assert.match(line(otherName, 'tls').says, /ERR_TLS_CERT_ALTNAME_INVALID/);
  assert.deepEqual(failed(await check(through('127.0.0.1', 'require'))), []);

  const plain = own.form({
    url: own.url.replace('disable', 'verify-full'),
    reader_url: own.readerUrl.replace('disable', 'verify-full'),
  });
  assert.match(line(await check(plain), 'tls').says, /does not offer TLS/);
});

test('the SQL is for the names that are given, and names that need quotes get them', async () => {
  const { status, body } = await api.ask('POST', '/api/v1/destinations/sql', {
    database: 'My "CRM"; x',
    schema: 'sales',
  });
  assert.equal(status, 200);
  assert.match(String(body.sql), /GRANT CONNECT ON DATABASE "My ""CRM""; x" TO "lockstep_my_crm_x_writer"/);
  assert.match(
    String(body.sql),
    /CREATE SCHEMA IF NOT EXISTS "sales" AUTHORIZATION "lockstep_my_crm_x_owner";/,
  );
  const { password } = new URL(String(body.url));
  assert.ok(password.length >= 30 && !String(body.sql).includes(password));
  for (const schema of ['pg_catalog', '_lockstep', 'Upper', 'a b'])
    assert.equal(
      (await api.ask('POST', '/api/v1/destinations/sql', { database: 'crm', schema })).status,
      400,
    );
});
