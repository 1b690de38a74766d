import { randomBytes } from 'node:crypto';
import { assert } from '@lockstep/foundation/assert';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

/**
 * A database for one test file, on the real server that `npm test` has started. Dropped at the end, which fails
 * while somebody is still connected: a leaked connection fails the test that leaked it.
 */
export interface TestDatabase extends AsyncDisposable {
  url: string;
  db: Database;
}

export function testServerUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  assert(url, 'these tests need PostgreSQL; run them by: npm test -- FILE');
  return url;
}

/**
 * Copies the template file by file: measured at 15 to 25 ms, against 140 to 380 ms through the write-ahead log.
 *
 * @param template  the database to copy; nobody may be connected to it meanwhile
 */
export async function openTestDatabase(
  template = 'template1',
  name = `test_${randomBytes(6).toString('hex')}`,
  server = testServerUrl(),
): Promise<TestDatabase> {
  const admin = openDatabase({ url: server, applicationName: 'test', connectionsMax: 1 });
  const [known] = await admin.query<{ choice: boolean }>(
    sql`SELECT current_setting('server_version_num')::integer >= 150000 AS choice`,
  );
  const strategy = known?.choice ? sql`STRATEGY FILE_COPY` : sql``; // older servers know no other
  await admin.query(sql`CREATE DATABASE ${ident(name)} TEMPLATE ${ident(template)} ${strategy}`);
  const url = databaseUrl(server, { database: name });
  const db = openDatabase({ url, applicationName: 'test', connectionsMax: 8 });
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.end();
      await admin.query(sql`DROP DATABASE ${ident(name)}`);
      await admin.end();
    },
  };
}
