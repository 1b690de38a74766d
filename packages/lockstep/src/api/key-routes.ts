/** Keys of programs that use this API. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type Control, createApiKey, listApiKeys, revokeApiKey } from '../control/index.ts';
import { givenName } from '../core/given-names.ts';
import { RequestError } from '../core/request-error.ts';
import { apiKeyView } from '../operations/api-key-view.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom, pageOf, pageQuery } from './pages.ts';
import { problemAnswers } from './problems.ts';

const tags = ['keys'];
const time = z.iso.datetime().nullable();
const scope = z.enum(['read', 'write']).describe('read: only what changes nothing.');
const name = z.string().regex(givenName, 'up to 60 letters, digits, spaces and . _ -');
const keySchema = z
  .object({
    name: z.string(),
    scope,
    created_at: time,
    expires_at: time,
    last_used_at: time,
    is_expired: z.boolean(),
  })
  .meta({ id: 'ApiKey' });
const newKeySchema = z
  .strictObject({ name, scope, expires_in_days: z.int().min(1).max(3_650).optional() })
  .meta({ id: 'NewApiKey' });

export const keyRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  listRoute(app, control);
  createRoute(app, control);
  revokeRoute(app, control);
};

function listRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listApiKeys',
    summary: 'All keys of this API, without what makes them valid',
    tags,
    querystring: pageQuery,
    response: { 200: pageOf(keySchema), ...problemAnswers },
  };
  app.get('/api-keys', { schema }, async ({ query }) => {
    const page = pageFrom(await listApiKeys(control), (key) => key.name, query);
    return { items: page.items.map(apiKeyView), next: page.next };
  });
}

function createRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'createApiKey',
    summary: 'Makes a key, which only this answer shows',
    tags,
    body: newKeySchema,
    response: { 201: keySchema.extend({ key: z.string() }).meta({ id: 'ApiKeyOnce' }), ...problemAnswers },
  };
  app.post('/api-keys', { schema }, async ({ body }, reply) => {
    const { expires_in_days: days } = body;
    const expiresInMs = days === undefined ? null : days * 86_400_000;
    const { apiKey, key } = await createApiKey(control, { name: body.name, scope: body.scope, expiresInMs });
    return reply.code(201).send({ ...apiKeyView(apiKey), key });
  });
}

function revokeRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'revokeApiKey',
    summary: 'Revokes a key: from now on it is refused',
    tags,
    params: z.object({ name: z.string().max(80) }),
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/api-keys/:name', { schema }, async ({ params }, reply) => {
    if (await revokeApiKey(control, params.name)) return reply.code(204).send(null);
    throw new RequestError(`There is no key ${JSON.stringify(params.name)}`, {
      kind: 'not found',
      next: 'All keys: GET /api/v1/api-keys',
    });
  });
}
