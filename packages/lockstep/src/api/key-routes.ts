/** Keys of programs that use this API. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { keyOnceSchema, keySchema, type NewKey, newKeySchema } from '../contract/keys.ts';
import { pageOf, pageQuery } from '../contract/pages.ts';
import { type Control, createApiKey, type KeyOf, listApiKeys, revokeApiKey } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { apiKeyView, newApiKey } from '../operations/api-key-view.ts';
import { readNow } from '../operations/read-objects.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';

const tags = ['keys'];

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
  app.get('/api-keys', { schema }, async ({ query }) => pageOfKeys(control, null, query));
}

function createRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'createApiKey',
    summary: 'Makes a key, which only this answer shows',
    tags,
    body: newKeySchema,
    response: { 201: keyOnceSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['scope', 'expires_in_days'] } };
  app.post('/api-keys', { schema, config }, async ({ body }, reply) => {
    return reply.code(201).send(await makeKey(control, null, body));
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
    if (await revokeApiKey(control, null, params.name)) return reply.code(204).send(null);
    throw unknownKey(params.name, 'lockstep api-key list');
  });
}

export async function pageOfKeys(control: Control, of: KeyOf, query: z.infer<typeof pageQuery>) {
  const keys = await listApiKeys(control, of);
  const page = pageFrom(keys, ({ name }) => name, query, await readNow(control.db));
  return { ...page, items: page.items.map(apiKeyView) };
}

export async function makeKey(control: Control, of: KeyOf, body: NewKey) {
  const { apiKey, key } = await createApiKey(control, of, newApiKey(body));
  return { ...apiKeyView(apiKey), key };
}

export const unknownKey = (name: string, list: string) =>
  new RequestError(`There is no key ${JSON.stringify(name)}`, {
    kind: 'not found',
    next: `All keys: ${list}`,
  });
