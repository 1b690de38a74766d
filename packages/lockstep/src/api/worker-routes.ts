/** The processes that run syncs, and which ones have run a sync. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { leasesQuery, leasesSchema, workersSchema } from '../contract/workers.ts';
import { type Control, readLeases, readWorkers } from '../control/index.ts';
import { cutPage } from '../operations/cut-page.ts';
import { readNow } from '../operations/read-objects.ts';
import { leaseView, workerView } from '../operations/worker-view.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

export const workerRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const schema = {
    operationId: 'listWorkers',
    summary: 'The processes that run syncs, and which sync each one runs',
    tags: ['system'],
    response: { 200: workersSchema, ...problemAnswers },
  };
  app.get('/workers', { schema }, async () => ({
    items: (await readWorkers(control)).map(workerView),
    as_of: new Date(await readNow(control.db)).toISOString(),
  }));

  const history = {
    operationId: 'listLeases',
    summary: 'Which process has run a sync from when to when, for 30 days, the newest first',
    description: 'The newest 1,000 of a sync.',
    tags: ['system'],
    params: namedSync,
    querystring: leasesQuery,
    response: { 200: leasesSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/leases', { schema: history }, async ({ params, query: { limit, after } }) => {
    const sync = await requiredSync(control, params.sync);
    const before = after === undefined ? null : Number(after);
    const found = await readLeases(control, sync.id, { before, limit: limit + 1 });
    return cutPage(found.map(leaseView), limit, ({ epoch }) => String(epoch), await readNow(control.db));
  });
};
