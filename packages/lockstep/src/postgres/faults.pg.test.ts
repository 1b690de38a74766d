import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase, testServerUrl } from '@lockstep/harness/database';
import { databaseFault } from './faults.ts';

async function faultOf(url: string, statement = sql`SELECT 1`) {
  const db = openDatabase({ url, applicationName: 'test', connectTimeoutMs: 5_000 });
  try {
    await db.query(statement);
  } catch (error) {
    return databaseFault(error, 'db.example.com:5432');
  } finally {
    await db.end();
  }
  return undefined;
}

test('a wrong password, a missing database, a stopped server and an unknown host are different faults', async () => {
  const server = testServerUrl();
  const away = new URL(server);
  away.port = '1';
  const unknown = new URL(server);
  unknown.hostname = 'nowhere.invalid';

  assert.equal((await faultOf(databaseUrl(server, { password: 'wrong canary' })))?.code, 'DB-03');
  assert.equal((await faultOf(databaseUrl(server, { database: 'not there' })))?.code, 'CFG-01');
  assert.equal((await faultOf(away.toString()))?.code, 'DB-02');
  assert.equal((await faultOf(unknown.toString()))?.code, 'DB-01');
});

test('a fault of the database names the host and contains no text of the driver', async () => {
  const fault = await faultOf(
    databaseUrl(testServerUrl(), { user: 'nobody_canary', password: 'secret canary' }),
  );
  assert.match(fault?.message ?? '', /db\.example\.com:5432/);
  assert.doesNotMatch(`${fault?.message} ${JSON.stringify(fault)} ${fault?.stack}`, /canary/);
  assert.equal(fault?.cause, undefined);
});

test('a missing privilege and a read-only mode are faults; an error of one statement is not', async () => {
  await using database = await openTestDatabase();
  const code = async (text: string) => {
    const error = await database.db.transaction((tx) => tx.script(text)).catch((caught: unknown) => caught);
    return databaseFault(error, 'host')?.code;
  };
  assert.equal(await code('SET LOCAL ROLE pg_monitor; CREATE SCHEMA x'), 'DB-06');
  assert.equal(await code('SET TRANSACTION READ ONLY; CREATE SCHEMA x'), 'DB-08');
  const ended = await database.db
    .query(sql`SELECT pg_terminate_backend(pg_backend_pid())`)
    .catch((error: unknown) => error);
  assert.equal(databaseFault(ended, 'host')?.code, 'DB-02');
  assert.equal(await code('SELECT 1 / 0'), undefined);
  assert.equal(databaseFault(Object.assign(new Error('write'), { code: 'EPIPE' }), 'host')?.code, 'DB-02');
  assert.equal(databaseFault(new Error('timeout exceeded when trying to connect'), 'host')?.code, 'DB-02');
  assert.equal(databaseFault(new TypeError('a mistake of ours'), 'host'), undefined);
});
