/** Statements of the demo: a lock in the org's database, and what a customer would ask the mirror. */
import type { Database, Session } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

const orgLock = sql`5432::int, 2::int`;

/** One row: whether the session has the org now. Only one program at a time uses it. */
export const tryToLockOrg = (session: Session) =>
  session.query<{ taken: boolean }>(sql`SELECT pg_try_advisory_lock(${orgLock}) AS taken`);

/** One row. */
export const selectRowCount = (mirror: Database, schema: string, table: string) =>
  mirror.query<{ rows: number }>(sql`SELECT count(*) AS rows FROM ${ident(schema, table)}`);

/** No row: the mirror has no account. */
export const selectFirstAccount = (mirror: Database) =>
  mirror.query<{ id: string }>(sql`SELECT id FROM salesforce.account ORDER BY id LIMIT 1`);

/** No row: the mirror does not have this account. */
export const selectAccountName = (mirror: Database, id: string) =>
  mirror.query<{ name: string }>(sql`SELECT name FROM salesforce.account WHERE id = ${id}`);
