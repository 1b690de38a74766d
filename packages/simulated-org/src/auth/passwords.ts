import { randomBytes } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { notFound, refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { folded } from '../schema/storage.ts';
import { hashOf, isSame, newSalt, passwordHash, searchText } from './secrets.ts';

/** Signing in by username and password, with or without the security token appended. */
const passwordLengthMax = 1024;
const securityTokenBytes = 18;
const securityTokenLength = (securityTokenBytes * 4) / 3;

/**
 * Sets a user's password and, as in Salesforce, a new security token.
 *
 * @throws {@link OrgError} for a user that does not exist, and for a password that is empty or too long
 */
export async function setPassword({ db }: { db: Tx }, userId: string, password: string): Promise<string> {
  if (password === '' || password.length > passwordLengthMax)
    throw refused('INVALID_NEW_PASSWORD', 'Your password cannot be empty or longer than 1024 characters.');
  const securityToken = randomBytes(securityTokenBytes).toString('base64url');
  const salt = newSalt();
  const hash = await passwordHash(password, salt);
  const made = await db.query(sql`
    INSERT INTO simulator.password (user_id, salt, hash, security_token_hash)
    SELECT "Id", ${salt}::bytea, ${hash}::bytea, ${hashOf(securityToken)}::bytea
      FROM org."User" WHERE "Id" = ${searchText(userId)}
    ON CONFLICT (user_id) DO UPDATE
       SET (salt, hash, security_token_hash) = ROW (EXCLUDED.salt, EXCLUDED.hash, EXCLUDED.security_token_hash)
    RETURNING user_id`);
  if (made.length === 0) throw notFound();
  return securityToken;
}

interface Stored {
  user_id: string;
  salt: string;
  hash: string;
  token: string;
}

/** The active user with this name and password; otherwise undefined. */
export async function userOfPassword(
  org: Pick<Org, 'db'>,
  username: string,
  password: string,
): Promise<string | undefined> {
  if (password.length > passwordLengthMax + securityTokenLength) return undefined;
  const [stored] = await org.db.query<Stored>(sql`
    SELECT user_id, encode(salt, 'hex') AS salt, encode(hash, 'hex') AS hash,
           encode(security_token_hash, 'hex') AS token
      FROM org."User" JOIN simulator.password ON user_id = "Id"
     WHERE ${folded(ident('Username'))} = ${folded(sql`${searchText(username)}::text`)} AND "IsActive"`);
  if (!stored) return undefined;
  const endsInToken = isSame(hashOf(password.slice(-securityTokenLength)), Buffer.from(stored.token, 'hex'));
  const known = endsInToken ? password.slice(0, -securityTokenLength) : password;
  const hash = await passwordHash(known, Buffer.from(stored.salt, 'hex'));
  return isSame(hash, Buffer.from(stored.hash, 'hex')) ? stored.user_id : undefined;
}
