/** The database of the simulated org, with its own login, on the same server as the control database. */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { z } from 'zod';
import {
  createDatabase,
  databaseFault,
  dropDatabase,
  dropRole,
  ensureRole,
  joinRole,
  loginWith,
  revokePublicConnect,
  roleExists,
  scramVerifier,
  selectDatabase,
} from '../../postgres/index.ts';
import type { DatabaseServer } from '../../server/index.ts';
import { writeSecretFile } from '../../server/index.ts';

const schema = z.object({ server: z.string(), name: z.string(), password: z.string() });
type OrgDatabase = z.infer<typeof schema>;

const fileOf = (dataDir: string) => join(dataDir, 'org-database.json');
export const credentialsFileOf = (dataDir: string): string => join(dataDir, 'org-credentials.json');

/** Returns the URL of the org's database, and creates it if missing. Name and password are kept in the data directory. */
export async function ensureOrgDatabase(server: DatabaseServer, dataDir: string): Promise<string> {
  const { name, password } = await nameOrgDatabase(server, dataDir);
  await withAdmin(server, async (admin) => {
    await ensureRole(admin, name, loginWith(scramVerifier(password)));
    const [existing] = await selectDatabase(admin, name);
    if (existing) return;
    await joinRole(admin, name);
    await createDatabase(admin, name, name);
    await revokePublicConnect(admin, name);
  });
  return databaseUrl(server.adminUrl, { database: name, user: name, password });
}

/** Removes what ensureOrgDatabase made. */
export async function dropOrgDatabase(server: DatabaseServer, dataDir: string): Promise<void> {
  const known = await readKnown(dataDir);
  if (!known || known.server !== serverName(server)) return;
  await withAdmin(server, async (admin) => {
    if (!(await roleExists(admin, known.name))) return; // the role is created before the database, so there is none either
    await joinRole(admin, known.name);
    await dropDatabase(admin, known.name);
    await dropRole(admin, known.name);
  });
  await rm(fileOf(dataDir), { force: true });
  await rm(credentialsFileOf(dataDir), { force: true });
}

/** The embedded server's name has no port, because that may change from start to start. */
const serverName = ({ adminUrl, isEmbedded }: DatabaseServer) =>
  isEmbedded ? 'embedded' : new URL(adminUrl).host;

/** On the user's own server the name must not collide with the org of another data directory. */
async function nameOrgDatabase(server: DatabaseServer, dataDir: string): Promise<OrgDatabase> {
  const known = await readKnown(dataDir);
  if (known?.server === serverName(server)) return known;
  const chosen = {
    server: serverName(server),
    name: server.isEmbedded ? 'lockstep_org' : `lockstep_org_${randomBytes(6).toString('hex')}`,
    password: randomBytes(24).toString('hex'),
  };
  await writeSecretFile(fileOf(dataDir), `${JSON.stringify(chosen)}\n`);
  await rm(credentialsFileOf(dataDir), { force: true }); // of the org on the other server
  return chosen;
}

async function readKnown(dataDir: string): Promise<OrgDatabase | undefined> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

async function withAdmin(server: DatabaseServer, work: (admin: Database) => Promise<void>): Promise<void> {
  const admin = openDatabase({ url: server.adminUrl, applicationName: 'lockstep org', connectionsMax: 1 });
  try {
    await work(admin);
  } catch (error) {
    throw databaseFault(error, new URL(server.adminUrl).host) ?? error;
  } finally {
    await admin.end();
  }
}
