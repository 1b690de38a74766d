/** Making the administrator, once, and its password. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ownSessionSchema, passwordChangeSchema, setUpSchema } from '../contract/sessions.ts';
import { changePassword, setUpAdministrator } from '../control/index.ts';
import type { ApiInstance } from './api-instance.ts';
import { problemAnswers } from './problems.ts';
import { begin, placeOf, type SignInDeps, tags } from './session-routes.ts';

export interface AdministratorDeps extends SignInDeps {
  /** The set-up token is used. */
  onSetUp: () => Promise<void>;
}

export const administratorRoutes: FastifyPluginAsyncZod<AdministratorDeps> = async (app, deps) => {
  setUpRoute(app, deps);
  passwordRoute(app, deps);
};

function setUpRoute(app: ApiInstance, { control, tries, onSetUp }: AdministratorDeps): void {
  const schema = {
    operationId: 'setUp',
    summary: 'Makes the administrator, once, and signs it in',
    description:
      'The token is what the server has shown at its start. The answer sets a cookie. Over plain http only on the server itself.',
    tags,
    security: [],
    body: setUpSchema,
    response: { 201: ownSessionSchema, ...problemAnswers },
  };
  app.post(
    '/setup',
    { schema, config: { isPublic: true, audit: { members: ['email'] } } },
    async (request, reply) => {
      const { token, password, email = null } = request.body;
      const place = placeOf(request);
      const tried = tries.begin(place.address);
      const opened = await setUpAdministrator(control, { token: token.trim(), password, email }, place);
      tried.wasRight();
      await onSetUp();
      return reply.code(201).send(begin(request, reply, opened));
    },
  );
}

function passwordRoute(app: ApiInstance, { control, tries }: AdministratorDeps): void {
  const schema = {
    operationId: 'changePassword',
    summary: "Changes the administrator's password, and ends its other sessions",
    tags,
    body: passwordChangeSchema,
    response: { 204: z.null(), ...problemAnswers },
  };
  app.post('/password', { schema }, async (request, reply) => {
    const { current, new: next } = request.body;
    const place = placeOf(request);
    const tried = tries.begin(place.address);
    await changePassword(control, { current, next, except: request.caller.own?.session.id ?? null });
    tried.wasRight();
    return reply.code(204).send(null);
  });
}
