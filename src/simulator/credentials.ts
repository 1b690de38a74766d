import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from '../lib/sql.ts';
import type { Org } from './org.ts';

/** The secrets that sign in at this org. They stand in one file; the database holds hashes only. */
interface Credentials {
  orgId: string;
  /** The sync's: client credentials. */
  integration: { clientId: string; clientSecret: string; username: string };
  /** The caller's: username and password. */
  demo: { clientId: string; clientSecret: string; username: string; password: string };
}

/** Good enough where the secret itself is random: 256 bits cannot be guessed, however fast the hash is. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** Writes the file unless this org's is there. A lost file means new secrets, since nobody can read the old ones. */
export async function ensureCredentials(org: Org, file: string): Promise<void> {
  const [known] = await org.db.query<{ exists: boolean }>(
    sql`SELECT EXISTS (SELECT FROM simulator.app) AS exists`,
  );
  if (known?.exists && existsSync(file)) return;
  const { integrationUserId, demoUserId } = org.settings;
  const credentials: Credentials = {
    orgId: org.id,
    integration: { ...newApp(), username: await usernameOf(org, integrationUserId) },
    demo: { ...newApp(), username: await usernameOf(org, demoUserId), password: randomSecret() },
  };
  await writeSecretFile(file, credentials);
  await storeHashes(org, credentials);
}

const newApp = () => ({
  clientId: `3MVG9.${randomBytes(24).toString('base64url')}`,
  clientSecret: randomSecret(),
});

async function usernameOf(org: Org, userId: string): Promise<string> {
  const [row] = await org.db.query<{ username: string }>(
    sql`SELECT "Username" AS username FROM org."User" WHERE "Id" = ${userId}`,
  );
  return row?.username ?? '';
}

async function writeSecretFile(file: string, credentials: Credentials): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await rename(unfinished, file);
}

async function storeHashes(org: Org, { integration, demo }: Credentials): Promise<void> {
  const { integrationUserId, demoUserId } = org.settings;
  await org.db.transaction(async (tx) => {
    await tx.query(sql`TRUNCATE simulator.app, simulator.password, simulator.token`);
    await tx.query(sql`
      INSERT INTO simulator.app (client_id, secret_hash, kind, run_as)
      VALUES (${integration.clientId}, ${hashOf(integration.clientSecret)}, 'client_credentials', ${integrationUserId}),
             (${demo.clientId}, ${hashOf(demo.clientSecret)}, 'password', NULL)`);
    await tx.query(sql`
      INSERT INTO simulator.password (user_id, hash) VALUES (${demoUserId}, ${hashOf(demo.password)})`);
  });
}
