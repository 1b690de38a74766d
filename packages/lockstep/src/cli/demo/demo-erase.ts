/** Erases what a demo has made. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@lockstep/foundation/database';
import type { Config } from '../../config.ts';
import { type Control, controlDatabase, eraseSync, listSyncs } from '../../control/index.ts';
import { RequestError } from '../../core/request-error.ts';
import { dropPrivateDatabase, selectDatabase, startEmbedded } from '../../postgres/index.ts';
import { eraseDirectory } from '../../server/index.ts';
import { withControl } from '../control-access.ts';
import { demoName } from './demo-stage.ts';
import { dropOrgDatabase } from './org-database.ts';

/**
 * Erases the whole data directory; on the user's own server the demo's sync, its mirror and the org.
 * @throws {@link RequestError} if the directory holds the mirror of any other sync; then nothing is erased
 */
export async function eraseDemo(config: Config, say: (line: string) => void): Promise<void> {
  const { dataDir, databaseUrl: own } = config;
  await refuseOthers(config);
  if (own !== undefined) {
    await withControl(config, (control) => eraseDemoDatabases(control, own, dataDir));
    say("Erased the demo's sync, its mirror and its org from the server of DATABASE_URL.");
  }
  if (await eraseDirectory(dataDir)) say(`Erased what was in ${dataDir}.`);
}

/** Erasing the directory deletes the embedded server and every mirror on it, so this starts it to see what it holds. */
async function refuseOthers(config: Config): Promise<void> {
  const { dataDir } = config;
  if (!(await stat(join(dataDir, 'postgres-password')).catch(() => undefined))) return;
  const server = await startEmbedded({ dataDir, preferredPort: 0 });
  const admin = openDatabase({ url: server.url, applicationName: 'lockstep erase', connectionsMax: 1 });
  try {
    const [control] = await selectDatabase(admin, controlDatabase);
    if (!control) return; // an earlier start was interrupted
    const syncs = await withControl({ ...config, databaseUrl: undefined }, listSyncs);
    const others = syncs.filter(({ name }) => name !== demoName).map(({ name }) => name);
    if (others.length === 0) return;
    throw new RequestError(`${dataDir} also holds the mirror of ${others.join(', ')}; nothing was erased`, {
      kind: 'not allowed',
      next: 'Give the demo a directory of its own with --data, or go on without --fresh.',
    });
  } finally {
    await admin.end();
    await server.leave();
  }
}

export async function eraseDemoDatabases(control: Control, adminUrl: string, dataDir: string): Promise<void> {
  for (const { id, name } of await listSyncs(control)) {
    if (name !== demoName) continue;
    await dropPrivateDatabase(control.db, id);
    await eraseSync(control, id);
  }
  await dropOrgDatabase({ adminUrl, isEmbedded: false }, dataDir);
}
