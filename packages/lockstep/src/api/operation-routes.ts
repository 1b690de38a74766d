/** Work that takes longer than a request: it is begun by one, and looked at by others. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newOperationSchema, operationSchema } from '../contract/operations.ts';
import { type Control, onBehalfOf, withdrawSyncRequest } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { beginWork, readWork } from '../operations/sync-work.ts';
import type { ApiInstance } from './api-instance.ts';
import { addIdempotency, idempotencyHeaders } from './idempotency.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

const tags = ['operations'];
export const numbered = z.object({
  operation: z
    .string()
    .regex(/^\d{1,15}$/)
    .describe('Its id.'),
});

export const operationRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  beginRoute(app, control, addIdempotency(app, control));
  getRoute(app, control);
  withdrawRoute(app, control);
};

function beginRoute(app: ApiInstance, control: Control, attemptOf: ReturnType<typeof addIdempotency>): void {
  const schema = {
    operationId: 'beginOperation',
    summary: 'Asks a sync for work, which it begins at once if it runs',
    description: 'Repeat it with the same Idempotency-Key if you do not know whether it arrived.',
    tags,
    params: namedSync,
    headers: idempotencyHeaders,
    body: newOperationSchema,
    response: { 202: operationSchema, ...problemAnswers },
  };
  const audit = { members: ['kind', 'level', 'object', 'objects'] };
  app.post('/syncs/:sync/operations', { schema, config: { audit } }, async (request, reply) => {
    const sync = await requiredSync(control, request.params.sync);
    const acting = onBehalfOf(control, request.caller.who);
    const id = await beginWork(acting, sync, request.body, attemptOf(request).id);
    return reply
      .code(202)
      .header('Location', `/api/v1/operations/${id}`)
      .send(await readWork(control, id));
  });
}

function getRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'getOperation',
    summary: 'How far an operation is',
    tags,
    params: numbered,
    response: { 200: operationSchema, ...problemAnswers },
  };
  app.get('/operations/:operation', { schema }, ({ params }) => readWork(control, Number(params.operation)));
}

const syncOf = async (control: Control, { operation }: Readonly<Record<string, string>>) =>
  (await readWork(control, Number(operation))).sync_id;

function withdrawRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'withdrawOperation',
    summary: 'Withdraws an operation that has not ended',
    tags,
    params: numbered,
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete(
    '/operations/:operation',
    { schema, config: { audit: { syncOf } } },
    async ({ params: { operation } }, reply) => {
      if (await withdrawSyncRequest(control, Number(operation))) return reply.code(204).send(null);
      throw new RequestError(`Operation ${operation} has ended, or there is none`, {
        kind: 'not found',
        next: 'Operations are kept for 30 days after their end.',
      });
    },
  );
}
