/** Takes away what a demo has made. */

import type { Config } from '../config.ts';
import { type Control, eraseSync, listSyncs } from '../control/index.ts';
import { dropPrivateDatabase } from '../postgres/index.ts';
import { demoName } from './demo-stage.ts';
import { eraseDirectory } from './directory.ts';
import { dropOrgDatabase } from './org-database.ts';
import { withControl } from './running.ts';

/** Everything of the data directory; on a server of the person's own the demo's sync, its mirror and the org. */
export async function eraseDemo(config: Config, say: (line: string) => void): Promise<void> {
  const { dataDir, databaseUrl: own } = config;
  if (own !== undefined) {
    await withControl(config, (control) => eraseDemoDatabases(control, own, dataDir));
    say("Erased the demo's sync, its mirror and its org from the server of DATABASE_URL.");
  }
  if (await eraseDirectory(dataDir)) say(`Erased what was in ${dataDir}.`);
}

export async function eraseDemoDatabases(control: Control, adminUrl: string, dataDir: string): Promise<void> {
  for (const { id, name } of await listSyncs(control)) {
    if (name !== demoName) continue;
    await dropPrivateDatabase(control.db, id);
    await eraseSync(control, id);
  }
  await dropOrgDatabase({ adminUrl, isEmbedded: false }, dataDir);
}
