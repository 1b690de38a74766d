/** What a code of a problem means: the catalogue, which is no secret. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { faults } from '../core/fault-catalogue.ts';
import { Fault, isFaultCode } from '../core/faults.ts';
import { problemAnswers } from './problems.ts';

const entry = z
  .object({
    code: z.string(),
    kind: z.enum(['transient', 'permanent', 'needs-person']),
    title: z.string(),
    explanation: z.string().describe('Names in braces are filled in where the error occurs.'),
    next: z.string(),
  })
  .meta({ id: 'ErrorEntry' });

const common = { tags: ['errors'], security: [] };
const isPublic = { isPublic: true };

export const errorRoutes: FastifyPluginAsyncZod = async (app) => {
  const list = {
    operationId: 'listErrors',
    summary: 'All errors that have a code',
    ...common,
    response: { 200: z.object({ items: z.array(entry) }), ...problemAnswers },
  };
  app.get('/errors', { schema: list, config: isPublic }, async () => ({
    items: Object.entries(faults).map(([code, fault]) => ({ code, ...fault })),
  }));

  const explain = {
    operationId: 'explainError',
    summary: 'What an error means and what to do about it',
    ...common,
    params: z.object({ code: z.string().max(20) }),
    response: { 200: entry, ...problemAnswers },
  };
  app.get('/errors/:code', { schema: explain, config: isPublic }, async ({ params: { code } }) => {
    if (!isFaultCode(code)) throw new Fault('API-05');
    return { code, ...faults[code] };
  });
};
