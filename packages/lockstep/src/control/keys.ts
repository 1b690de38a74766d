import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../core/faults.ts';
import { type Key, keyBytes, keyFromBytes, newKeyBytes, seal, sealedWith, unseal } from './sealing.ts';

/**
 * Two layers of keys. The operator supplies the key-encryption key (as a file or a value); we never store it, except in
 * the default key file. It wraps one data key per sync, which seals that sync's secrets: a new key-encryption key
 * means wrapping the data keys again, not touching every secret.
 */
export interface KeySource {
  /** Path of a file with the key, from LOCKSTEP_KEY_FILE. */
  keyFile?: string | undefined;
  /** The key itself, from LOCKSTEP_KEY. */
  key?: string | undefined;
  /** Used if neither is given; created if nothing is sealed yet. It is outside the data directory. */
  defaultKeyFile: string;
}

/** Which keys the secrets of a control database need; known without opening any. */
export interface SealedSyncs {
  syncs: number;
  /** Ids of the key-encryption keys; altered texts contribute none. */
  keyIds: readonly string[];
}

/**
 * The key-encryption key: 32 random bytes as base64, with optional white space around it. A new default key file is
 * created only if no sync exists: otherwise it could open none of the sealed secrets and would hide that their key is
 * lost.
 *
 * @throws {@link Fault} `KEY-01`: both ways used at once, file missing or unreadable, or not 32 bytes of base64;
 *   `KEY-04`: the key cannot be read although syncs exist, or it is the key of none of them
 */
export async function readKey(source: KeySource, sealed: SealedSyncs): Promise<Key> {
  const { keyFile, key: given, defaultKeyFile } = source;
  if (keyFile !== undefined && given !== undefined) {
    throw new Fault('KEY-01', { reason: 'LOCKSTEP_KEY_FILE and LOCKSTEP_KEY are both set' });
  }
  const where = given === undefined ? (keyFile ?? defaultKeyFile) : 'LOCKSTEP_KEY';
  if (sealed.syncs === 0 && where === defaultKeyFile) await makeKeyFileOnce(where);
  const wanted = sealed.keyIds.join(', ') || 'unknown';
  const lost = (reason: string) => new Fault('KEY-04', { key: wanted, reason });
  const key = await readGiven(given, where).catch((error: unknown) => {
    if (sealed.syncs === 0 || !(error instanceof Fault)) throw error;
    throw lost(`no key can be read (${error.safe.reason})`);
  });
  if (sealed.keyIds.length > 0 && !sealed.keyIds.includes(key.id)) throw lost(`${where} is key ${key.id}`);
  return key;
}

const readGiven = async (given: string | undefined, where: string): Promise<Key> =>
  parseKey(given ?? (await readKeyFile(where)), where);

function parseKey(text: string, where: string): Key {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed) || bytes.length !== keyBytes) {
    throw new Fault('KEY-01', { reason: `${where} is not ${keyBytes} bytes of base64` });
  }
  return keyFromBytes(bytes);
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('KEY-01', { reason: `${path}: ${codeOf(error)}` });
  }
}

/**
 * Written and synced under another name first, then linked: the file is complete as soon as it exists, and of two first
 * starts at the same time the later one uses the file of the earlier.
 */
async function makeKeyFileOnce(path: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const exists = await open(path).then(
      (file) => file.close().then(() => true),
      (error) => codeOf(error) !== 'ENOENT',
    );
    if (exists) return; // an unreadable file is never replaced; reading it reports the fault
    const file = await open(unfinished, 'wx', 0o400);
    try {
      await file.writeFile(`${newKeyBytes().toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(unfinished, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new Fault('KEY-01', { reason: `${path} cannot be created: ${codeOf(error)}` });
  } finally {
    await rm(unfinished, { force: true });
  }
}

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown';
};

const dataKeyPlace = (syncId: string) => ({ table: 'sync', column: 'sealed_data_key', rowId: syncId });

/** A new data key for one sync, and its wrapped form, which is stored. */
export function newDataKey(key: Key, syncId: string): { dataKey: Key; wrapped: string } {
  const bytes = newKeyBytes();
  return { dataKey: keyFromBytes(bytes), wrapped: seal(key, dataKeyPlace(syncId), bytes) };
}

/**
 * @throws {@link Fault} `KEY-02`: wrapped with another key-encryption key than the one given
 * @throws {@link Fault} `KEY-03`: altered, or another sync's
 */
export function unwrapDataKey(key: Key, syncId: string, wrapped: string): Key {
  const wrappedWith = sealedWith(wrapped);
  if (wrappedWith !== key.id) throw new Fault('KEY-02', { reason: wrappedWith });
  return keyFromBytes(unseal(key, dataKeyPlace(syncId), wrapped));
}
