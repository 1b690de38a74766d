/** How far a request is whose answer takes its time, or was lost. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { requestSchema } from '../contract/requests.ts';
import { type Control, readBegunRequest } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { RequestError } from '../core/request-error.ts';
import { idempotencyKey } from './idempotency.ts';
import { problemAnswers } from './problems.ts';

export const requestRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const schema = {
    operationId: 'getRequest',
    summary: 'How far a request is that was sent with an Idempotency-Key in the last 24 hours',
    tags: ['requests'],
    params: z.object({ key: idempotencyKey }),
    response: { 200: requestSchema, ...problemAnswers },
  };
  app.get('/requests/:key', { schema }, async ({ params }) => {
    const begun = await readBegunRequest(control, params.key);
    if (begun) return { ...begun, begun_at: inRfc3339(begun.begunAt) ?? '' };
    throw new RequestError('No request has come with this Idempotency-Key', {
      kind: 'not found',
      next: 'Send the request with the key. A request that the server failed to do leaves nothing.',
    });
  });
};
