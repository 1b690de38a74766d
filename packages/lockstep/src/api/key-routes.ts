/** Keys of programs that use this API. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type ApiKey, type Control, createApiKey, listApiKeys, revokeApiKey } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { RequestError } from '../core/request-error.ts';
import { pageFrom, pageOf, pageQuery } from './pages.ts';
import { problemAnswers } from './problems.ts';

type Api = Parameters<FastifyPluginAsyncZod>[0];

const tags = ['keys'];
const time = z.iso.datetime().nullable();
const scope = z.enum(['read', 'write']).describe('read: only what changes nothing.');
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,59}$/, 'up to 60 letters, digits, spaces and . _ -');
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

function listRoute(app: Api, control: Control): void {
  const schema = {
    operationId: 'listApiKeys',
    summary: 'All keys of this API, without what makes them valid',
    tags,
    querystring: pageQuery,
    response: { 200: pageOf(keySchema), ...problemAnswers },
  };
  app.get('/api-keys', { schema }, async ({ query }) => {
    const page = pageFrom(await listApiKeys(control), (key) => key.name, query);
    return { items: page.items.map(keyView), next: page.next };
  });
}

function createRoute(app: Api, control: Control): void {
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
    return reply.code(201).send({ ...keyView(apiKey), key });
  });
}

function revokeRoute(app: Api, control: Control): void {
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

const keyView = ({ name, scope, createdAt, expiresAt, lastUsedAt, isExpired }: ApiKey) => ({
  name,
  scope,
  created_at: inRfc3339(createdAt),
  expires_at: inRfc3339(expiresAt),
  last_used_at: inRfc3339(lastUsedAt),
  is_expired: isExpired,
});
