import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** Statements on key pairs of the JWT bearer flow (jwt-keys.ts). */

export type JwtKeyRow = { name: string; certificate: string; created_at: string; expires_at: string };

/** No row: the name is taken. */
export const insertJwtKey = (
  tx: Tx,
  key: { name: string; certificate: string; sealedPrivateKey: string; expiresAt: string },
) =>
  tx.query<JwtKeyRow>(sql`
  INSERT INTO lockstep.jwt_key (name, certificate, sealed_private_key, expires_at)
  VALUES (${key.name}, ${key.certificate}, ${key.sealedPrivateKey}, ${key.expiresAt}::timestamptz)
  ON CONFLICT (name) DO NOTHING
  RETURNING name, certificate, created_at, expires_at`);

/** All, by name. */
export const selectJwtKeys = (tx: Tx) =>
  tx.query<JwtKeyRow>(
    sql`SELECT name, certificate, created_at, expires_at FROM lockstep.jwt_key ORDER BY name`,
  );

export const selectPrivateKey = (tx: Tx, name: string) =>
  tx.query<{ sealed_private_key: string }>(
    sql`SELECT sealed_private_key FROM lockstep.jwt_key WHERE name = ${name}`,
  );

/** One row: there was such a key. */
export const deleteJwtKey = (tx: Tx, name: string) =>
  tx.query(sql`DELETE FROM lockstep.jwt_key WHERE name = ${name} RETURNING name`);
