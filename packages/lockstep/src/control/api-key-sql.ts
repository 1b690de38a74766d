import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the keys that programs hold (api-keys.ts). Times as the server prints them. */

export type ApiKeyRow = {
  key_id: string;
  name: string;
  scope: 'read' | 'write';
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  is_expired: boolean;
};

const isOf = (syncId: SyncId | null): Sql => sql`sync_id IS NOT DISTINCT FROM ${syncId}`;

const columns = sql`
  key_id, name, scope, created_at, expires_at, last_used_at, coalesce(expires_at <= clock_timestamp(), false) AS is_expired`;

export const insertApiKey = (
  tx: Tx,
  key: {
    keyId: string;
    syncId: SyncId | null;
    name: string;
    hash: string;
    scope: string;
    expiresInMs: number | null;
  },
) =>
  tx.query<ApiKeyRow>(sql`
  INSERT INTO lockstep.api_key (key_id, sync_id, name, hash, scope, expires_at)
  VALUES (${key.keyId}, ${key.syncId}, ${key.name}, ${key.hash}, ${key.scope},
          clock_timestamp() + ${key.expiresInMs}::double precision * interval '1 ms')
  RETURNING ${columns}`);

/** All, by name. */
export const selectApiKeys = (tx: Tx, of: SyncId | null) =>
  tx.query<ApiKeyRow>(sql`SELECT ${columns} FROM lockstep.api_key WHERE ${isOf(of)} ORDER BY name`);

export const selectApiKey = (tx: Tx, of: SyncId | null, keyId: string) =>
  tx.query<ApiKeyRow & { hash: string }>(
    sql`SELECT ${columns}, hash FROM lockstep.api_key WHERE key_id = ${keyId} AND ${isOf(of)}`,
  );

/** At most once a minute, so that a busy client does not write with each request. */
export const touchApiKey = (tx: Tx, keyId: string) =>
  tx.query(sql`
  UPDATE lockstep.api_key SET last_used_at = clock_timestamp()
   WHERE key_id = ${keyId} AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)`);

/** One row: there was such a key. */
export const deleteApiKey = (tx: Tx, of: SyncId | null, name: string) =>
  tx.query(sql`DELETE FROM lockstep.api_key WHERE name = ${name} AND ${isOf(of)} RETURNING key_id`);
