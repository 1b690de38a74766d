import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** What stands in the database instead of a secret. */

/** Good enough where the secret itself is random: 256 bits cannot be guessed, however fast the hash is. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const randomSecret = (): string => randomBytes(32).toString('base64url');

const slowHash = promisify<string, Buffer, number, Buffer>(scrypt);

/** Slow on purpose, for passwords that a person may have chosen. About 40 ms of another thread. */
export const passwordHash = (password: string, salt: Buffer): Promise<Buffer> => slowHash(password, salt, 32);

export const newSalt = (): Buffer => randomBytes(16);

export const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** Text for a statement that looks for it: U+0000, which no column can hold, becomes a character that no name has. */
export const sought = (text: string): string => text.replaceAll('\0', '\uFFFD');
