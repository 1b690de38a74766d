import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { systemSchema } from '../contract/system.ts';
import { ownVersion } from '../core/version.ts';
import { readPublicDatabasesOf } from '../operations/public-databases.ts';
import { problemAnswers } from './problems.ts';
import type { SyncRouteDeps } from './sync-routes.ts';

export const systemRoute: FastifyPluginAsyncZod<SyncRouteDeps> = async (
  app,
  { control, proxyUrl, isDemo },
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
    public_databases: await readPublicDatabasesOf(control),
  }));
};
