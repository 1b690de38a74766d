/** A measured write of one record. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { newTrialSchema, trialSchema } from '../contract/trial.ts';
import { tryWrite } from '../operations/trial-write.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

export const trialRoute: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, { control, proxyUrl, stop }) => {
  const schema = {
    operationId: 'tryWrite',
    summary:
      'Writes the value of one field of one record back through the proxy, and measures when SQL shows it',
    description:
      'No value changes, but it is an update: triggers and flows of the org run. A step that fails is in the answer.',
    tags: ['proxy'],
    params: namedSync,
    body: newTrialSchema,
    response: { 200: trialSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['object', 'id', 'field'] } };
  app.post('/syncs/:sync/trial', { schema, config }, async ({ params, body }) =>
    tryWrite(control, await requiredSync(control, params.sync), { ...body, proxyUrl: proxyUrl() }, stop),
  );
};
