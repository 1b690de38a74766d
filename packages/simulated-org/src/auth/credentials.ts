import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import { type AppRegistration, registerApp } from './apps.ts';
import { setPassword } from './passwords.ts';
import { randomSecret } from './secrets.ts';

/** The secrets for signing in to this org. One file contains them; the database has only hashes. */
interface Credentials {
  orgId: string;
  /** For the sync: client credentials. */
  integration: NewApp & { username: string };
  /** For callers: username and password, which the security token may follow as elsewhere in Salesforce. */
  demo: NewApp & { username: string; password: string; securityToken: string };
  /** For programs that send their user's browser here: the web-server flow, redirecting to this machine. */
  web: NewApp & { redirectUris: readonly string[] };
}

interface NewApp {
  clientId: string;
  clientSecret: string;
}

/** The second is that of Salesforce's own command line. */
const webRedirectUris = ['http://127.0.0.1:8403/oauth/callback', 'http://localhost:1717/OauthRedirect'];

/**
 * Writes the file unless this org's exists. If it was lost, new secrets are made: the old ones cannot be read back.
 */
export async function ensureCredentials(org: Org, file: string): Promise<void> {
  const [known] = await org.db.query<{ exists: boolean }>(
    sql`SELECT EXISTS (SELECT FROM simulator.app) AS exists`,
  );
  if (known?.exists && existsSync(file)) return;
  const { integrationUserId, demoUserId } = org.settings;
  const password = randomSecret();
  const integration = { ...newApp(), username: await usernameOf(org, integrationUserId) };
  const demo = { ...newApp(), username: await usernameOf(org, demoUserId), password };
  const web = { ...newApp(), redirectUris: webRedirectUris };
  // If anything stops this half way, the next start finds no file and tries again.
  await rm(file, { force: true });
  const securityToken = await org.db.transaction(async (tx) => {
    await tx.query(sql`TRUNCATE simulator.app, simulator.password CASCADE`);
    for (const app of appsOf(org, { integration, demo, web })) await registerApp({ db: tx }, app);
    return setPassword({ db: tx }, demoUserId, password);
  });
  await writeSecretFile(file, { orgId: org.id, integration, demo: { ...demo, securityToken }, web });
}

function appsOf(
  org: Org,
  { integration, demo, web }: Record<'integration' | 'demo', NewApp> & Pick<Credentials, 'web'>,
): AppRegistration[] {
  const appScopes = ['api', 'id', 'refresh_token'];
  return [
    {
      ...secretsOf(integration),
      name: 'Integration',
      flows: ['client_credentials'],
      scopes: appScopes,
      runAsUserId: org.settings.integrationUserId,
    },
    { ...secretsOf(demo), name: 'Demo', flows: ['password'], scopes: appScopes },
    {
      ...web,
      name: 'Web',
      flows: ['authorization_code', 'device'],
      scopes: [...appScopes, 'web', 'openid', 'profile', 'email'],
    },
  ];
}

const secretsOf = ({ clientId, clientSecret }: NewApp): NewApp => ({ clientId, clientSecret });

const newApp = (): NewApp => ({
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
