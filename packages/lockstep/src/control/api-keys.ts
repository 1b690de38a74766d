import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import {
  type ApiKeyRow,
  deleteApiKey,
  insertApiKey,
  selectApiKey,
  selectApiKeys,
  touchApiKey,
} from './api-key-sql.ts';
import type { Control } from './database.ts';

/** A key of the management API, without what makes it valid. */
export interface ApiKey {
  name: string;
  /** `read`: what changes nothing. */
  scope: 'read' | 'write';
  /** As the server prints them; null: never. */
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  isExpired: boolean;
}

/**
 * Makes a key, which is shown once: only a hash of it is kept. It has 256 random bits, so a plain hash is enough.
 *
 * @throws {@link Fault} `CFG-01`: the name is taken
 */
export async function createApiKey(
  control: Control,
  { name, scope, expiresInMs }: { name: string; scope: 'read' | 'write'; expiresInMs: number | null },
): Promise<{ apiKey: ApiKey; key: string }> {
  const keyId = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  try {
    const [row] = await insertApiKey(control.db, { keyId, name, hash: hashOf(secret), scope, expiresInMs });
    return { apiKey: toApiKey(row as ApiKeyRow), key: `lsk_${keyId}_${secret}` };
  } catch (error) {
    if (sqlState(error) !== '23505') throw error;
    throw new Fault('CFG-01', { reason: `A key named ${JSON.stringify(name)} already exists.` });
  }
}

/** Sorted by name. */
export const listApiKeys = async (control: Control): Promise<ApiKey[]> =>
  (await selectApiKeys(control.db)).map(toApiKey);

/** From now on it is refused. False: there is no such key. */
export const revokeApiKey = async (control: Control, name: string): Promise<boolean> =>
  (await deleteApiKey(control.db, name)).length > 0;

/** Null: no such key, or not any more. */
export async function findApiKey(control: Control, key: string): Promise<ApiKey | null> {
  const [, keyId, secret] = /^lsk_([0-9a-f]{12})_([\w-]{43})$/.exec(key) ?? [];
  if (keyId === undefined || secret === undefined) return null;
  const [row] = await selectApiKey(control.db, keyId);
  if (!row || row.is_expired || !isEqual(row.hash, hashOf(secret))) return null;
  await touchApiKey(control.db, keyId);
  return toApiKey(row);
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const isEqual = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(one), Buffer.from(other));

const toApiKey = (row: ApiKeyRow): ApiKey => ({
  name: row.name,
  scope: row.scope,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  isExpired: row.is_expired,
});
