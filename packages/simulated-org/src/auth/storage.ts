import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/**
 * Who may sign in, and what they signed in with. Secrets, passwords, codes and tokens are only stored as hashes. The
 * one secret in the clear is the key that signs id tokens, which would be useless as a hash.
 */
export async function createAuthTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.app (
      client_id      text PRIMARY KEY,
      name           text NOT NULL,
      secret_hash    bytea,
      flows          text[] NOT NULL,
      redirect_uris  text[] NOT NULL,
      scopes         text[] NOT NULL,
      rotates        boolean NOT NULL,
      certificate    text,
      run_as         text,
      approved_users text[])`);
  await tx.query(sql`
    CREATE TABLE simulator.password (
      user_id             text PRIMARY KEY,
      salt                bytea NOT NULL,
      hash                bytea NOT NULL,
      security_token_hash bytea NOT NULL)`);
  await tx.query(sql`
    CREATE TABLE simulator.approval (
      id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      client_id text NOT NULL REFERENCES simulator.app ON DELETE CASCADE,
      user_id   text NOT NULL,
      scopes    text[] NOT NULL)`);
  await tx.query(sql`CREATE INDEX ON simulator.approval (client_id, user_id)`);
  await tx.query(sql`
    CREATE TABLE simulator.token (
      hash        bytea PRIMARY KEY,
      kind        text NOT NULL CHECK (kind IN ('access', 'refresh', 'rotated')),
      client_id   text REFERENCES simulator.app ON DELETE CASCADE,
      user_id     text NOT NULL,
      approval_id bigint REFERENCES simulator.approval ON DELETE CASCADE,
      scopes      text[] NOT NULL,
      issued_at   timestamptz NOT NULL,
      expires_at  timestamptz NOT NULL)`);
  await tx.query(sql`CREATE INDEX ON simulator.token (approval_id)`);
  await tx.query(sql`CREATE INDEX ON simulator.token (expires_at)`);
  await createSignInTables(tx);
}

/** What the pages need between two requests of a browser, and the codes that they issue. */
async function createSignInTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.open_sign_in (
      hash           bytea PRIMARY KEY,
      browser_hash   bytea NOT NULL,
      client_id      text NOT NULL REFERENCES simulator.app ON DELETE CASCADE,
      redirect_uri   text,
      user_code      text,
      scopes         text[] NOT NULL,
      state          text,
      nonce          text,
      code_challenge text,
      user_id        text,
      expires_at     timestamptz NOT NULL)`);
  await tx.query(sql`CREATE INDEX ON simulator.open_sign_in (expires_at)`);
  await tx.query(sql`
    CREATE TABLE simulator.authorization_code (
      hash           bytea PRIMARY KEY,
      client_id      text NOT NULL REFERENCES simulator.app ON DELETE CASCADE,
      user_id        text NOT NULL,
      redirect_uri   text NOT NULL,
      scopes         text[] NOT NULL,
      nonce          text,
      code_challenge text,
      is_used        boolean NOT NULL DEFAULT false,
      expires_at     timestamptz NOT NULL)`);
  await tx.query(sql`
    CREATE TABLE simulator.device_code (
      hash       bytea PRIMARY KEY,
      user_code  text NOT NULL UNIQUE,
      client_id  text NOT NULL REFERENCES simulator.app ON DELETE CASCADE,
      scopes     text[] NOT NULL,
      state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'allowed', 'denied')),
      user_id    text,
      polled_at  timestamptz,
      expires_at timestamptz NOT NULL)`);
  await tx.query(sql`
    CREATE TABLE simulator.signing_key (
      id          integer PRIMARY KEY CHECK (id = 1),
      private_pem text NOT NULL)`);
}
