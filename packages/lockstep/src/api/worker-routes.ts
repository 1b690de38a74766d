/** The processes that run syncs. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { workersSchema } from '../contract/workers.ts';
import { type Control, readWorkers } from '../control/index.ts';
import { readNow } from '../operations/read-objects.ts';
import { workerView } from '../operations/worker-view.ts';
import { problemAnswers } from './problems.ts';

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
};
