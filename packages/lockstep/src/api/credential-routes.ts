/** How a sync signs in: sign-ins in a browser, and replacing a credential. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  newSignInSchema,
  replaceCredentialSchema,
  signInOnceSchema,
  signInSchema,
} from '../contract/credentials.ts';
import { syncSchema } from '../contract/syncs.ts';
import { onBehalfOf, readSignIn } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { openGivenCredential } from '../operations/given-credential.ts';
import { replaceSyncCredential } from '../operations/replace-credential.ts';
import { beginWebSignIn, signInView } from '../operations/web-sign-in.ts';
import type { ApiInstance } from './api-instance.ts';
import { ownOrigin } from './own-origin.ts';
import { problemAnswers } from './problems.ts';
import {
  answerWith,
  dryRun,
  expectedBy,
  ifMatch,
  namedSync,
  requiredSync,
  type SyncRouteDeps,
} from './sync-routes.ts';

const tags = ['credentials'];

export const credentialRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  beginRoute(app, deps);
  getRoute(app, deps);
  replaceRoute(app, deps);
};

function beginRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'beginSignIn',
    summary: 'Begins a sign-in at Salesforce in a browser',
    description:
      'The web server flow with PKCE. Open start_url in a browser and wait until the sign-in is done; then it serves as a credential.',
    tags,
    body: newSignInSchema,
    response: { 201: signInOnceSchema, ...problemAnswers },
  };
  app.post('/sign-ins', { schema }, async (request, reply) => {
    const { login_url: loginUrl, client_id: clientId, client_secret: clientSecret = null } = request.body;
    const origin = ownOrigin(request, deps.trustedProxies);
    const redirectUri = `${origin}/oauth/callback`;
    const wanted = { loginUrl, clientId, clientSecret, redirectUri };
    const { id, ticket } = await beginWebSignIn({ ...deps, clock: systemClock }, wanted);
    const signIn = signInView(await requiredSignIn(deps, id));
    const start_url = `${origin}/oauth/start?ticket=${ticket}`;
    reply.code(201).header('Location', `/api/v1/sign-ins/${id}`);
    return reply.send({ ...signIn, start_url, redirect_uri: redirectUri });
  });
}

function getRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'getSignIn',
    summary: 'Whether a sign-in is done',
    tags,
    params: z.object({ signIn: z.string().max(100) }),
    response: { 200: signInSchema, ...problemAnswers },
  };
  app.get('/sign-ins/:signIn', { schema }, async ({ params }) =>
    signInView(await requiredSignIn(deps, params.signIn)),
  );
}

async function requiredSignIn({ control }: SyncRouteDeps, id: string) {
  const signIn = await readSignIn(control, id);
  if (signIn) return signIn;
  throw new RequestError('There is no such sign-in, or it has expired', {
    kind: 'not found',
    next: 'Sign in again.',
  });
}

function replaceRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'replaceCredential',
    summary: 'Replaces the credential of a sync, which goes on where it is',
    description: 'It is tried first, and refused if it is of another org. With dry_run it is only tried.',
    tags,
    params: namedSync,
    querystring: dryRun,
    headers: ifMatch,
    body: replaceCredentialSchema,
    response: { 200: syncSchema, ...problemAnswers },
  };
  app.put('/syncs/:sync/credential', { schema }, async ({ params, query, headers, body, caller }, reply) => {
    const { control, log, allowHosts, stop } = deps;
    const sync = await requiredSync(control, params.sync);
    const given = await openGivenCredential(control, body.login_url ?? sync.loginUrl, body.credential);
    const isDryRun = query.dry_run === 'true';
    const tryDeps = { control: onBehalfOf(control, caller.who), clock: systemClock, log };
    await replaceSyncCredential(
      tryDeps,
      sync,
      given,
      { allowHosts, isDryRun, isExpected: expectedBy(headers) },
      stop,
    );
    return answerWith(reply, deps, await requiredSync(control, sync.id));
  });
}
