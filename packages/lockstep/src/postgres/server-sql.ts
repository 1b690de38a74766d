/** Statements on a server and its databases. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

/** Rejects if the server does not answer. */
export const probe = (tx: Tx) => tx.query(sql`SELECT 1`);

/** One row. */
export const selectServerVersion = (tx: Tx) =>
  tx.query<{ version: number }>(sql`SELECT current_setting('server_version_num')::integer AS version`);

/** One row: the server process that answers, and the session's search path. */
export const selectSession = (tx: Tx) =>
  tx.query<{ pid: number; path: string }>(
    sql`SELECT pg_backend_pid() AS pid, current_setting('search_path') AS path`,
  );

/** One row: where the server has its files. */
export const selectDataDirectory = (tx: Tx) =>
  tx.query<{ folder: string }>(sql`SELECT current_setting('data_directory') AS folder`);

/** The server's time, as it prints it. */
export const readServerClock = async (tx: Tx): Promise<string> => {
  const [clock] = await tx.query<{ now: string }>(sql`SELECT clock_timestamp() AS now`);
  return clock?.now ?? '';
};

/** One row: the database that the session is in. */
export const selectDatabaseName = (tx: Tx) =>
  tx.query<{ name: string }>(sql`SELECT current_database() AS name`);

/** No row: the server has no database of this name. */
export const selectDatabase = (tx: Tx, name: string) =>
  tx.query<{ owner: string }>(
    sql`SELECT pg_catalog.pg_get_userbyid(datdba) AS owner FROM pg_catalog.pg_database WHERE datname = ${name}`,
  );

/**
 * From template0: template1 may contain anything, and cannot be copied while somebody is connected to it.
 *
 * @param owner  without one the session's own role
 */
export const createDatabase = (tx: Tx, name: string, owner?: string) =>
  tx.query(sql`
  CREATE DATABASE ${ident(name)} ${owner === undefined ? sql`` : sql`OWNER ${ident(owner)}`}
         TEMPLATE template0 ENCODING 'UTF8'`);

/** Even if somebody is connected; does nothing if there is none. */
export const dropDatabase = (tx: Tx, name: string) =>
  tx.query(sql`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`);

const presenceLock = sql`5432::int, 1::int`;

/** A session's presence on the embedded server: shared by all processes that use it. */
export const takePresence = (tx: Tx) => tx.query(sql`SELECT pg_advisory_lock_shared(${presenceLock})`);

export const giveUpPresence = (tx: Tx) => tx.query(sql`SELECT pg_advisory_unlock_shared(${presenceLock})`);

/** One row: whether no other session is present. If so, those that arrive wait for the end of this session. */
export const tryToBeAlone = (tx: Tx) =>
  tx.query<{ alone: boolean }>(sql`SELECT pg_try_advisory_lock(${presenceLock}) AS alone`);
