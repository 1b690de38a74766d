/** Passwords of people: Argon2id (RFC 9106), in the usual text form, so that its cost can be raised later. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** KiB and passes: more than OWASP's minimum of 19 MiB and two passes. A try takes an eighth of a second. */
const cost = { memory: 47_104, passes: 2, parallelism: 1 };
const saltBytes = 16;
const tagBytes = 32;

const derive = promisify(argon2);

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await derive('argon2id', {
    ...cost,
    message: bytesOf(password),
    nonce: salt,
    tagLength: tagBytes,
  });
  return textOf(salt, tag);
}

/** Takes as long without a stored hash, so that nobody can tell by the time whether there is one. */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', tag = ''] = form.exec(stored ?? nobodysHash) ?? [];
  const expected = Buffer.from(tag, 'base64');
  const given = await derive('argon2id', {
    message: bytesOf(password),
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: tagBytes,
  });
  return expected.length === tagBytes && timingSafeEqual(given, expected) && stored !== undefined;
}

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([\w+/]+)\$([\w+/]+)$/;

const textOf = (salt: Buffer, tag: Buffer): string => {
  const { memory, passes, parallelism } = cost;
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(tag)}`;
};

const nobodysHash = textOf(randomBytes(saltBytes), randomBytes(tagBytes));

/** Keyboards write the same letter in several ways. */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFC'));
