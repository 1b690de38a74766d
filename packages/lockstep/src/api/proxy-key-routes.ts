/** Keys with which programs without a token of Salesforce use a sync's proxy. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { keyOnceSchema, keySchema, newKeySchema } from '../contract/keys.ts';
import { pageOf, pageQuery } from '../contract/pages.ts';
import { type Control, revokeApiKey } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import type { Caller } from './access.ts';
import type { ApiInstance } from './api-instance.ts';
import { makeKey, pageOfKeys, unknownKey } from './key-routes.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

const tags = ['keys'];

export const proxyKeyRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  listRoute(app, control);
  createRoute(app, control);
  revokeRoute(app, control);
};

function listRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listProxyKeys',
    summary: "All keys of a sync's proxy, without what makes them valid",
    tags,
    params: namedSync,
    querystring: pageQuery,
    response: { 200: pageOf(keySchema), ...problemAnswers },
  };
  app.get('/syncs/:sync/proxy-keys', { schema }, async ({ params, query }) => {
    const { id } = await requiredSync(control, params.sync);
    return pageOfKeys(control, id, query);
  });
}

function createRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'createProxyKey',
    summary: "Makes a key of a sync's proxy, which only this answer shows",
    description:
      "Requests with it have the rights of the sync's own user in Salesforce, as far as docs/proxy.md says. Of the scope write only the administrator makes one, or a command on the server's machine.",
    tags,
    params: namedSync,
    body: newKeySchema,
    response: { 201: keyOnceSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['scope', 'expires_in_days'] } };
  app.post('/syncs/:sync/proxy-keys', { schema, config }, async ({ params, body, caller }, reply) => {
    if (body.scope === 'write') refuseKeys(caller);
    const { id } = await requiredSync(control, params.sync);
    return reply.code(201).send(await makeKey(control, id, body));
  });
}

/** Otherwise whoever holds a key of this API could write in Salesforce. */
function refuseKeys({ who }: Caller): void {
  if (who !== 'administrator' && who !== 'this machine') throw new Fault('API-17');
}

function revokeRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'revokeProxyKey',
    summary: "Revokes a key of a sync's proxy, which refuses it within seconds",
    tags,
    params: namedSync.extend({ name: z.string().max(80) }),
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/syncs/:sync/proxy-keys/:name', { schema }, async ({ params }, reply) => {
    const { id } = await requiredSync(control, params.sync);
    if (await revokeApiKey(control, id, params.name)) return reply.code(204).send(null);
    throw unknownKey(params.name, 'lockstep proxy-key list');
  });
}
