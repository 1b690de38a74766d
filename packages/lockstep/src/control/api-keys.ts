/** Keys that programs hold: of the management API, or of one sync's proxy. Shown once, and kept as a hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import {
  type ApiKeyRow,
  deleteApiKey,
  insertApiKey,
  selectApiKey,
  selectApiKeys,
  touchApiKey,
} from './api-key-sql.ts';
import type { Control } from './database.ts';

/** What a key opens: the proxy of a sync, or for null the management API. */
export type KeyOf = SyncId | null;

/** A key, without what makes it valid. */
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

const prefixOf = (of: KeyOf) => (of === null ? 'lsk' : 'lsp');

/**
 * Makes a key, which is shown once: only a hash of it is kept. It has 256 random bits, so a plain hash is enough.
 *
 * @throws {@link Fault} `CFG-03`: the name is taken; `PRX-01`: there is no such sync
 */
export async function createApiKey(
  control: Control,
  of: KeyOf,
  { name, scope, expiresInMs }: { name: string; scope: 'read' | 'write'; expiresInMs: number | null },
): Promise<{ apiKey: ApiKey; key: string }> {
  const keyId = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const wanted = { keyId, syncId: of, name, hash: hashOf(secret), scope, expiresInMs };
  try {
    const [row] = await insertApiKey(control.db, wanted);
    return { apiKey: toApiKey(row as ApiKeyRow), key: `${prefixOf(of)}_${keyId}_${secret}` };
  } catch (error) {
    if (sqlState(error) === '23503') throw new Fault('PRX-01');
    if (sqlState(error) !== '23505') throw error;
    throw new Fault('CFG-03', { reason: `A key named ${JSON.stringify(name)} already exists` });
  }
}

/** Sorted by name. */
export const listApiKeys = async (control: Control, of: KeyOf): Promise<ApiKey[]> =>
  (await selectApiKeys(control.db, of)).map(toApiKey);

/** From now on it is refused, by a proxy within seconds. False: there is no such key. */
export const revokeApiKey = async (control: Control, of: KeyOf, name: string): Promise<boolean> =>
  (await deleteApiKey(control.db, of, name)).length > 0;

/** Null: no such key, or not any more, or of something else. */
export async function findApiKey(control: Control, of: KeyOf, key: string): Promise<ApiKey | null> {
  const [, prefix, keyId, secret] = /^(lsk|lsp)_([0-9a-f]{12})_([\w-]{43})$/.exec(key) ?? [];
  if (prefix !== prefixOf(of) || keyId === undefined || secret === undefined) return null;
  const [row] = await selectApiKey(control.db, of, keyId);
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
