import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { Fault } from '../core/faults.ts';

/**
 * Sealed text: AES-256-GCM, written `v1.<key id>.<iv>.<ciphertext>.<tag>` (base64url). The additional authenticated
 * data is the place where the text is stored, so that sealed text copied into another row or column does not open
 * there.
 */
export interface Key {
  /** Identifies the key without revealing it: the beginning of a hash over 256 random bits. */
  readonly id: string;
  /** A KeyObject neither prints nor serialises its bytes. */
  readonly secret: KeyObject;
}

/** Where a sealed text is stored. */
export interface Place {
  table: string;
  column: string;
  rowId: string;
}

export const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

export function keyFromBytes(bytes: Buffer): Key {
  const id = createHash('sha256').update('lockstep key id|').update(bytes).digest('hex').slice(0, 16);
  return { id, secret: createSecretKey(bytes) };
}

export const newKeyBytes = (): Buffer => randomBytes(keyBytes);

export function seal(key: Key, place: Place, clear: Buffer): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key.secret, iv, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(place, key));
  const ciphertext = Buffer.concat([cipher.update(clear), cipher.final()]);
  const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'));
  return `v1.${key.id}.${parts.join('.')}`;
}

/** @throws {@link Fault} `KEY-03` if the text is not a result of {@link seal} with this key for this place */
export function unseal(key: Key, place: Place, sealed: string): Buffer {
  const { keyId, iv, ciphertext, tag } = parse(sealed);
  if (keyId !== key.id || iv.length !== ivBytes || tag.length !== tagBytes) throw new Fault('KEY-03');
  const decipher = createDecipheriv('aes-256-gcm', key.secret, iv, { authTagLength: tagBytes });
  decipher.setAAD(boundTo(place, key));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new Fault('KEY-03');
  }
}

/** The id of the key that a text claims to be sealed with. */
export const sealedWith = (sealed: string): string => parse(sealed).keyId;

const boundTo = ({ table, column, rowId }: Place, key: Key) =>
  Buffer.from([table, column, rowId, key.id].join('|'));

function parse(sealed: string): { keyId: string; iv: Buffer; ciphertext: Buffer; tag: Buffer } {
  const [version, keyId, iv, ciphertext, tag, ...rest] = sealed.split('.');
  if (version !== 'v1' || !keyId || iv === undefined || ciphertext === undefined || tag === undefined) {
    throw new Fault('KEY-03');
  }
  if (rest.length > 0) throw new Fault('KEY-03');
  const bytes = (part: string) => Buffer.from(part, 'base64url');
  return { keyId, iv: bytes(iv), ciphertext: bytes(ciphertext), tag: bytes(tag) };
}
