import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** What the database stores instead of a secret. */

/** Sufficient for random secrets: 256 bits cannot be guessed, however fast the hash is. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const randomSecret = (): string => randomBytes(32).toString('base64url');

const slowHash = promisify<string, Buffer, number, Buffer>(scrypt);

/** Slow on purpose, for passwords that a person may have chosen. Takes about 40 ms in another thread. */
export const passwordHash = (password: string, salt: Buffer): Promise<Buffer> => slowHash(password, salt, 32);

export const newSalt = (): Buffer => randomBytes(16);

export const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** Text for use in a search: U+0000, which no column can store, becomes a character that no name contains. */
export const searchText = (text: string): string => text.replaceAll('\0', '\uFFFD');
