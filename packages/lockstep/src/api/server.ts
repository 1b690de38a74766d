/**
 * The management API: its server, the checks of every request, and the document that describes its routes. The console's
 * files come from the same server, so that its pages may ask the API.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import swagger from '@fastify/swagger';
import { systemClock } from '@lockstep/foundation/clock';
import { sqlState } from '@lockstep/foundation/database';
import { listenFrom, urlOf } from '@lockstep/foundation/listen-from';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { type Control, findApiKey, findSession, hasAdministrator } from '../control/index.ts';
import { type Certificate, renewCertificate, tlsOptions } from '../core/certificate.ts';
import { Fault } from '../core/faults.ts';
import { ownVersion } from '../core/version.ts';
import { openBackfillRates } from '../operations/backfill-rates.ts';
import { type AccessRules, type Caller, checkAccess, isReading } from './access.ts';
import { activityRoutes } from './activity-routes.ts';
import { type AdministratorDeps, administratorRoutes } from './administrator-routes.ts';
import { addAudit } from './audit.ts';
import { auditRoutes } from './audit-routes.ts';
import { type ConsoleDeps, consoleRoutes } from './console-routes.ts';
import { createRoute } from './create-route.ts';
import { credentialRoutes } from './credential-routes.ts';
import { destinationRoutes } from './destination-routes.ts';
import { errorRoutes } from './error-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { jwtKeyRoutes } from './jwt-key-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { mirrorRoutes } from './mirror-routes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { objectRoutes } from './object-routes.ts';
import { operationRoutes } from './operation-routes.ts';
import { orgRoutes } from './org-routes.ts';
import { problemOf } from './problems.ts';
import { proxyKeyRoutes } from './proxy-key-routes.ts';
import { proxyRoutes } from './proxy-routes.ts';
import { recopyRoute } from './recopy-route.ts';
import { reportRoutes } from './report-routes.ts';
import { requestRoutes } from './request-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { openSignInTries } from './sign-in-tries.ts';
import { syncRoutes } from './sync-routes.ts';
import { type SystemDeps, systemRoute } from './system-route.ts';
import { trialRoute } from './trial-route.ts';
import { versionRoutes } from './version-routes.ts';
import { workerRoutes } from './worker-routes.ts';

type RouteDeps = SystemDeps & AdministratorDeps & ConsoleDeps;

export interface ApiDeps
  extends Omit<RouteDeps, 'tries' | 'rates'>,
    Pick<AccessRules, 'localKey' | 'trustedProxies'> {
  /** Without one it speaks http. */
  certificate: Certificate | undefined;
  host: string;
  /** If it is taken, one of the next is used; 0 for any. */
  port: number;
  /** Further names that the Host header may have, with the port if clients send one. */
  publicHosts: readonly string[];
}

export interface RunningApi {
  url: string;
  port: number;
  /** Refuses new connections, and finishes the requests under way. */
  close(): Promise<void>;
}

export const apiPath = '/api/v1';
const bodyBytesMax = 1_000_000;
const requestTimeoutMs = 30_000;

export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  let hosts: readonly string[] = [];
  const keyOf = (key: string) => findApiKey(deps.control, null, key);
  const sessionOf: AccessRules['sessionOf'] = (secret, use) => findSession(deps.control, secret, use);
  const closing = new AbortController();
  const stop = AbortSignal.any([deps.stop, closing.signal]);
  const { certificate, localKey, trustedProxies } = deps;
  const signedOut = tellSignedOut(deps);
  const rules = { hosts: () => hosts, localKey, trustedProxies, keyOf, sessionOf, signedOut };
  const tries = openSignInTries(deps.control.clock);
  const rates = openBackfillRates();
  const app = await openApp({ ...deps, stop, tries, rates }, rules, certificate && tlsOptions(certificate));
  await app.ready();
  const port = await listenFrom(app.server, deps.host, deps.port);
  const url = urlOf(certificate ? 'https' : 'http', deps.host, port);
  const own = [`localhost:${port}`, `127.0.0.1:${port}`, new URL(url).host];
  hosts = [...own, ...deps.publicHosts].map((host) => host.toLowerCase());
  if (certificate && app.server instanceof TlsServer)
    void renewCertificate(app.server, certificate, { clock: systemClock, log: deps.log }, stop);
  return {
    url,
    port,
    async close() {
      closing.abort(); // ends event streams, which would last for ever
      const closed = new Promise((resolve) => app.server.close(resolve));
      app.server.closeIdleConnections();
      await closed;
      await app.close();
    },
  };
}

/** An administrator stays, so it is looked for until there is one. */
function tellSignedOut({ control, isDemo }: { control: Control; isDemo: boolean }): AccessRules['signedOut'] {
  let isSetUp = false;
  return async () => {
    isSetUp ||= await hasAdministrator(control);
    if (isSetUp) return 'API-02';
    return isDemo ? 'API-20' : 'API-19';
  };
}

/** OpenAPI 3.1, made from the schemas that validate. */
export async function openApiDocument(): Promise<object> {
  const app = await openApp({ consoleFolder: null } as RouteDeps, null, undefined); // no route is called
  await app.ready();
  const document = app.swagger();
  await app.close();
  return tidied(document as unknown as Document);
}

interface Document {
  components: { schemas: Record<string, unknown> };
  paths: Record<
    string,
    Record<string, { summary: string; responses: Record<string, { description: string }> }>
  >;
}

/** Each schema comes twice, for requests and for answers: only what is used stays, under its own name. */
function tidied(document: Document): Document {
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    const { 200: answer } = operation.responses;
    if (answer) answer.description = operation.summary;
  }
  const { schemas } = document.components;
  let text = JSON.stringify(document);
  for (const name of Object.keys(schemas)) {
    if (text.includes(`"#/components/schemas/${name}"`)) continue;
    delete schemas[name];
  }
  text = JSON.stringify(document);
  for (const name of Object.keys(schemas)) {
    const plain = name.replace(/Input$/, '');
    if (!(plain in schemas)) text = text.replaceAll(new RegExp(`(?<=["/])${name}(?=")`, 'g'), plain);
  }
  return JSON.parse(text) as Document;
}

async function openApp(
  deps: RouteDeps,
  access: AccessRules | null,
  tls: ReturnType<typeof tlsOptions> | undefined,
): Promise<FastifyInstance> {
  const options = {
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    genReqId: () => randomUUID(),
    clientErrorHandler: refuseUnreadable,
    // A path that cannot be decoded, or with a part that is longer than any name.
    frameworkErrors(_error: unknown, request: FastifyRequest, reply: FastifyReply) {
      void sendProblem(new Fault('API-05'), request, reply);
    },
  };
  // To Fastify's types, a server with TLS is another kind of instance.
  const instance = tls
    ? (Fastify({ ...options, https: tls }) as unknown as FastifyInstance)
    : Fastify(options);
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addChecks(app, access);
  addAudit(app, deps);
  app.addHook('onResponse', async ({ method, id, refusal, failure }, { statusCode, elapsedTime }) =>
    deps.log.info('api request', {
      method,
      status: statusCode,
      tookMs: Math.round(elapsedTime),
      requestId: id,
      ...(refusal && { code: refusal }),
      ...(failure && { sqlState: failure }),
    }),
  );
  app.setNotFoundHandler(() => {
    throw new Fault('API-05');
  });
  app.setErrorHandler(sendProblem);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Lockstep', version: ownVersion(), description: 'The management API of Lockstep.' },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-lockstep' },
        },
      },
      security: [{ key: [] }, { session: [] }],
    },
    transform: (given) => {
      const { schema, url } = jsonSchemaTransform(given);
      return { schema: { security: securityOf(given.route), ...schema }, url };
    },
    transformObject: jsonSchemaTransformObject,
  });
  await addRoutes(app, { ...deps, prefix: apiPath });
  await app.register(oauthRoutes, deps);
  await app.register(consoleRoutes, deps);
  return app;
}

/** The scope that a key must have is a role of the scheme. */
function securityOf({ method, config = {} }: RouteOptions): Record<string, string[]>[] {
  const changesNothing = config.changesNothing ?? [method].flat().every(isReading);
  return [{ key: [changesNothing ? 'read' : 'write'] }, { session: [] }];
}

/** Says of each request who sends it, or refuses it. */
function addChecks(app: FastifyInstance, access: AccessRules | null): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff');
    reply.header('X-Request-Id', request.id);
    const { method, headers, routeOptions, socket } = request;
    const peer = { address: socket.remoteAddress ?? '', isEncrypted: socket instanceof TLSSocket };
    const {
      isPublic = false,
      isNavigation = false,
      changesNothing = isReading(method),
    } = routeOptions.config;
    const asked = { peer, method, headers, isPublic, isNavigation, changesNothing };
    if (access) request.caller = await checkAccess(asked, access);
  });
}

async function addRoutes(app: FastifyInstance, deps: RouteDeps & { prefix: string }): Promise<void> {
  await app.register(syncRoutes, deps);
  await app.register(createRoute, deps);
  await app.register(objectRoutes, deps);
  await app.register(operationRoutes, deps);
  await app.register(eventRoutes, deps);
  await app.register(reportRoutes, deps);
  await app.register(activityRoutes, deps);
  await app.register(proxyRoutes, deps);
  await app.register(trialRoute, deps);
  await app.register(mirrorRoutes, deps);
  await app.register(systemRoute, deps);
  await app.register(workerRoutes, deps);
  await app.register(credentialRoutes, deps);
  await app.register(recopyRoute, deps);
  await app.register(versionRoutes, deps);
  await app.register(destinationRoutes, deps);
  await app.register(orgRoutes, deps);
  await app.register(jwtKeyRoutes, deps);
  await app.register(keyRoutes, deps);
  await app.register(proxyKeyRoutes, deps);
  await app.register(requestRoutes, deps);
  await app.register(administratorRoutes, deps);
  await app.register(sessionRoutes, deps);
  await app.register(auditRoutes, deps);
  await app.register(errorRoutes, { prefix: deps.prefix });
}

/** What is no HTTP, or has longer headers than Node reads. */
function refuseUnreadable(error: { code?: string }, socket: Socket): void {
  const isTooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const reason = isTooLong ? 'the address and the headers are too long' : 'this is no HTTP request';
  const status = isTooLong ? 431 : 400;
  const problem = problemOf({ validation: [{ message: reason }] }, randomUUID());
  const body = JSON.stringify({ ...problem, status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.id);
  request.refusal = problem.code;
  request.failure = sqlState(error);
  const waitMs = error instanceof Fault && error.code === 'API-14' ? error.safe.waitMs : undefined;
  if (waitMs !== undefined) reply.header('Retry-After', Math.ceil(waitMs / 1_000));
  if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a route is called. */
    caller: Caller;
    /** The code with which it is refused. */
    refusal?: string;
    /** Of a database error that is not of the catalogue. */
    failure?: string | undefined;
  }
  interface FastifyContextConfig {
    /** Everybody may read it, without a key. */
    isPublic?: boolean;
    /** A page of Salesforce leads a browser here. */
    isNavigation?: boolean;
    /** A key that may only read is enough, although the method is none of those that only read. */
    changesNothing?: boolean;
  }
}
