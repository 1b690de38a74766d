/** The limits of a mirror's logins. Those of readers guard against accidents: a reader may change its settings itself. */
import { ident, type Sql, sql } from '@lockstep/foundation/sql';

/** For a few pools of the sync, and for many readers: a leak in either must not use up the server's connections. */
export const writerConnections = sql`CONNECTION LIMIT 40`;
export const readerConnections = sql`CONNECTION LIMIT 20`;

/** @param schema  of the mirror's tables */
export const readerSettings = (schema: string): Sql[] => [
  sql`default_transaction_read_only = on`,
  sql`statement_timeout = '60s'`,
  sql`idle_in_transaction_session_timeout = '60s'`,
  sql`lock_timeout = '10s'`,
  sql`search_path = ${ident(schema)}`,
];
