import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** Statements of the administrator and the set-up token (administrator.ts). */

/** No row: there is none yet. */
export const selectAdministrator = (tx: Tx) =>
  tx.query<{ password_hash: string; email: string | null }>(
    sql`SELECT password_hash, email FROM lockstep.administrator`,
  );

/** One row: there was none before. */
export const insertAdministrator = (tx: Tx, passwordHash: string) =>
  tx.query(sql`
  INSERT INTO lockstep.administrator (password_hash) VALUES (${passwordHash})
      ON CONFLICT DO NOTHING RETURNING only_one`);

/** Uses the token up and makes the administrator, in one statement. One row: done; none: another one was first. */
export const consumeToken = (tx: Tx, made: { hash: string; passwordHash: string; email: string | null }) =>
  tx.query(sql`
  WITH used AS (
    DELETE FROM lockstep.setup_token WHERE hash = ${made.hash} AND expires_at > clock_timestamp() RETURNING only_one
  )
  INSERT INTO lockstep.administrator (password_hash, email)
  SELECT ${made.passwordHash}, ${made.email} FROM used
      ON CONFLICT DO NOTHING RETURNING only_one`);

/** One row: the token would be accepted now. */
export const selectToken = (tx: Tx, hash: string) =>
  tx.query(
    sql`SELECT only_one FROM lockstep.setup_token WHERE hash = ${hash} AND expires_at > clock_timestamp()`,
  );

/** In place of any earlier token. No row: there is an administrator. */
export const upsertToken = (tx: Tx, hash: string) =>
  tx.query<{ expires_at: string }>(sql`
  INSERT INTO lockstep.setup_token (hash, expires_at)
  SELECT ${hash}, clock_timestamp() + interval '24 hours'
   WHERE NOT EXISTS (SELECT FROM lockstep.administrator)
      ON CONFLICT (only_one) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at
  RETURNING expires_at`);

export const deleteTokens = (tx: Tx) => tx.query(sql`DELETE FROM lockstep.setup_token`);

/** The administrator's new password; makes the administrator if there is none. */
export const upsertPassword = (tx: Tx, passwordHash: string) =>
  tx.query(sql`
  INSERT INTO lockstep.administrator (password_hash) VALUES (${passwordHash})
      ON CONFLICT (only_one)
      DO UPDATE SET password_hash = excluded.password_hash, changed_at = clock_timestamp()`);

/** One row: nobody has changed the password since it had this hash. */
export const replacePassword = (tx: Tx, former: string, passwordHash: string) =>
  tx.query(sql`
  UPDATE lockstep.administrator SET password_hash = ${passwordHash}, changed_at = clock_timestamp()
   WHERE password_hash = ${former} RETURNING only_one`);
