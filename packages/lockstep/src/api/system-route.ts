import { statfs } from 'node:fs/promises';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { systemSchema } from '../contract/system.ts';
import { ownVersion } from '../core/version.ts';
import { readPublicDatabasesOf } from '../operations/public-databases.ts';
import { problemAnswers } from './problems.ts';
import type { SyncRouteDeps } from './sync-routes.ts';

export interface SystemDeps extends SyncRouteDeps {
  /** Where the database server keeps its files; null: that is on another machine, or not known. */
  databaseFolder: string | null;
}

export const systemRoute: FastifyPluginAsyncZod<SystemDeps> = async (
  app,
  { control, proxyUrl, isDemo, databaseFolder },
) => {
  const schema = {
    operationId: 'getSystem',
    summary: 'The server itself: its version and its database server',
    tags: ['system'],
    response: { 200: systemSchema, ...problemAnswers },
  };
  app.get('/system', { schema }, async () => ({
    version: ownVersion(),
    is_demo: isDemo,
    database_host: control.host,
    proxy_url: proxyUrl() ?? null,
    free_disk_bytes: databaseFolder === null ? null : await freeBytes(databaseFolder),
    public_databases: await readPublicDatabasesOf(control),
  }));
};

/** What a process without special rights can still write. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
