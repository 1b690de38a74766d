/** Signing in and out, and the sessions of the administrator. */
import { isThisMachine } from '@lockstep/foundation/this-machine';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf } from '../contract/pages.ts';
import {
  linkSchema,
  ownSessionSchema,
  sessionSchema,
  sessionsQuery,
  signInSchema,
} from '../contract/sessions.ts';
import {
  type Control,
  csrfTokenOf,
  endSession,
  findSession,
  listSessions,
  type OpenedSession,
  openLinkedSession,
  signIn,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { RequestError } from '../core/request-error.ts';
import { readNow } from '../operations/read-objects.ts';
import { listedSessionView, sessionView, shortUserAgent } from '../operations/session-view.ts';
import type { SignInLink } from '../operations/sign-in-link.ts';
import type { Caller } from './access.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';
import { cookieOf, secretIn } from './session-cookie.ts';
import type { SignInTries } from './sign-in-tries.ts';

export interface SignInDeps {
  control: Control;
  tries: SignInTries;
  /** Null: only a password signs in. */
  signInLink: SignInLink | null;
  onLinkUsed: () => Promise<void>;
}

export const tags = ['sessions'];

export const sessionRoutes: FastifyPluginAsyncZod<SignInDeps> = async (app, deps) => {
  signInRoute(app, deps);
  linkRoute(app, deps);
  ownRoute(app);
  signOutRoute(app, deps.control);
  listRoute(app, deps.control);
  endRoute(app, deps.control);
};

function signInRoute(app: ApiInstance, { control, tries }: SignInDeps): void {
  const schema = {
    operationId: 'signIn',
    summary: 'Signs the administrator in',
    description: 'The answer sets a cookie. Over plain http only on the server itself.',
    tags,
    security: [],
    body: signInSchema,
    response: { 201: ownSessionSchema, ...problemAnswers },
  };
  app.post('/session', { schema, config: { isPublic: true } }, async (request, reply) => {
    const { headers, body } = request;
    const { client } = request.caller;
    const place = placeOf(request);
    const tried = tries.begin(client.address);
    const opened = await signIn(control, body.password, place);
    tried.wasRight();
    const former = secretIn(headers, client);
    const known = former === null ? null : await findSession(control, former, { isUsed: false });
    if (known) await endSession(control, known.id, 'signed in again');
    return reply.code(201).send(begin(request, reply, opened));
  });
}

function linkRoute(app: ApiInstance, { control, tries, signInLink, onLinkUsed }: SignInDeps): void {
  const schema = {
    operationId: 'signInByLink',
    summary: 'Signs in by the link that the demo has shown, once',
    description: 'The secret is what follows `#link=`. Only on the server itself. The answer sets a cookie.',
    tags,
    security: [],
    body: linkSchema,
    response: { 201: ownSessionSchema, ...problemAnswers },
  };
  app.post('/session/by-link', { schema, config: { isPublic: true } }, async (request, reply) => {
    const { client } = request.caller;
    const place = placeOf(request);
    const tried = tries.begin(client.address);
    const isHere = isThisMachine(client.address);
    if (!isHere || !signInLink?.take(request.body.secret.trim())) throw new Fault('API-18');
    tried.wasRight();
    await onLinkUsed();
    const opened = await openLinkedSession(control, place);
    return reply.code(201).send(begin(request, reply, opened));
  });
}

/**
 * Where the request is from, for a session that is to begin.
 * @throws {@link Fault} `API-16`: the password could be read on the way, and so could the cookie
 */
export function placeOf({ caller: { client }, headers }: FastifyRequest): {
  address: string;
  userAgent: string;
} {
  if (client.way === 'plain') throw new Fault('API-16');
  return { address: client.address, userAgent: shortUserAgent(headers['user-agent'] ?? '') };
}

/** Gives the browser its cookie. Returns the answer. */
export function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  opened: OpenedSession,
): z.infer<typeof ownSessionSchema> {
  const { client } = request.caller;
  if (client.way === 'plain') throw new Fault('API-16');
  request.caller = { ...request.caller, who: 'administrator', own: opened };
  reply.header('Set-Cookie', cookieOf(opened.secret, client.way));
  return ownView(opened);
}

const ownView = ({ session, secret }: OpenedSession) => ({
  ...sessionView(session),
  csrf_token: csrfTokenOf(secret),
});

function ownRoute(app: ApiInstance): void {
  const schema = {
    operationId: 'getSession',
    summary: 'The session of this request, with what its changes need',
    tags,
    response: { 200: ownSessionSchema, ...problemAnswers },
  };
  app.get('/session', { schema }, async ({ caller }) => ownView(requiredSession(caller)));
}

function signOutRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'signOut',
    summary: 'Ends the session of this request',
    tags,
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/session', { schema }, async (request, reply) => {
    const { way } = request.caller.client;
    await endSession(control, requiredSession(request.caller).session.id, 'signed out');
    if (way !== 'plain') reply.header('Set-Cookie', cookieOf('', way));
    return reply.code(204).send(null);
  });
}

function requiredSession({ own }: Caller): OpenedSession {
  if (own) return own;
  throw new RequestError('A request with a key has no session', {
    kind: 'not found',
    next: 'Sign in: POST /api/v1/session',
  });
}

function listRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listSessions',
    summary: 'All sessions that last, the first to begin first',
    tags,
    querystring: sessionsQuery,
    response: { 200: pageOf(sessionSchema), ...problemAnswers },
  };
  app.get('/sessions', { schema }, async ({ query, caller }) => {
    const sessions = await listSessions(control, { isEndedToo: query.ended === 'true' });
    const page = pageFrom(
      sessions,
      ({ createdAt, id }) => `${createdAt} ${id}`,
      query,
      await readNow(control.db),
    );
    const isOwn = (id: string) => id === caller.own?.session.id;
    return {
      ...page,
      items: page.items.map((one) => ({ ...listedSessionView(one), is_own: isOwn(one.id) })),
    };
  });
}

function endRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'endSession',
    summary: 'Ends a session: its next request is refused',
    tags,
    params: z.object({ session: z.string().max(80) }),
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/sessions/:session', { schema }, async ({ params }, reply) => {
    if (await endSession(control, params.session, 'ended by a person')) return reply.code(204).send(null);
    throw new RequestError('There is no such session, or it has ended', {
      kind: 'not found',
      next: 'All sessions: lockstep session list',
    });
  });
}
