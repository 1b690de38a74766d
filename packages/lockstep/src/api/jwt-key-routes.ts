/** Key pairs for the JWT bearer flow. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { jwtKeySchema, newJwtKeySchema } from '../contract/credentials.ts';
import { pageOf, pageQuery } from '../contract/pages.ts';
import { type Control, createJwtKey, dropJwtKey, listJwtKeys } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { jwtKeyView } from '../operations/jwt-key-view.ts';
import { readNow } from '../operations/read-objects.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';

const tags = ['credentials'];

export const jwtKeyRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const create = {
    operationId: 'createJwtKey',
    summary: 'Makes a key pair for the JWT bearer flow',
    description: 'Give its certificate to the app in Salesforce. The private key stays here.',
    tags,
    body: newJwtKeySchema,
    response: { 201: jwtKeySchema, ...problemAnswers },
  };
  app.post('/jwt-keys', { schema: create }, async ({ body }, reply) =>
    reply.code(201).send(jwtKeyView(await createJwtKey(control, body.name))),
  );

  const list = {
    operationId: 'listJwtKeys',
    summary: 'Key pairs for the JWT bearer flow, with their certificates',
    tags,
    querystring: pageQuery,
    response: { 200: pageOf(jwtKeySchema), ...problemAnswers },
  };
  app.get('/jwt-keys', { schema: list }, async ({ query }) => {
    const keys = (await listJwtKeys(control)).map(jwtKeyView);
    return pageFrom(keys, ({ name }) => name, query, await readNow(control.db));
  });

  const drop = {
    operationId: 'deleteJwtKey',
    summary: 'Deletes a key pair; syncs that were created with it keep working',
    tags,
    params: z.object({ name: z.string().max(80) }),
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/jwt-keys/:name', { schema: drop }, async ({ params }, reply) => {
    if (await dropJwtKey(control, params.name)) return reply.code(204).send(null);
    throw new RequestError(`There is no key ${JSON.stringify(params.name)}`, {
      kind: 'not found',
      next: 'All keys: lockstep jwt-key list',
    });
  });
};
