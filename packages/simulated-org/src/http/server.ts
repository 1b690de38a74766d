import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Tx } from '@lockstep/foundation/database';
import { listenFrom, urlOf } from '@lockstep/foundation/listen-from';
import { authAnswer } from '../auth/index.ts';
import { userOfRequest } from '../auth/tokens.ts';
import { isUpload, uploadOf } from '../bulk/upload-body.ts';
import { type Incoming, injectedRequest } from '../control/injected.ts';
import { type Org } from '../org.ts';
import { isRecordForm, routeForm } from '../rest/record-form.ts';
import { route, versions } from '../rest/rest.ts';
import { sobjectsSeenBy } from '../schema/access.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { clientNamed } from '../write/writer.ts';
import { type Answer, errorAnswer } from './answer.ts';
import { type Call } from './call.ts';
import { type OnDefect, placeOf } from './defect.ts';
import { asOrgError, methodNotAllowed, notFound, unexpected } from './errors.ts';
import { bodyOf, readBody } from './request-body.ts';
import { send } from './send.ts';
import { splitTarget } from './target.ts';

/** The org's HTTP server: reads a request, applies faults, finds out who sends it, and answers. */
const headerBytesMax = 16_384;

/** Listens on the first free port from `port` on; 0 picks any. Sets the org's URL. */
export async function listen(org: Org, host: string, port: number, onDefect: OnDefect): Promise<Server> {
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    serve(org, request, response, onDefect).catch((error: unknown) => {
      if (!response.destroyed) onDefect(placeOf(error));
      response.destroy();
    });
  });
  // Longer than clients keep a connection: closing one just as a request is sent would look like a lost answer.
  server.keepAliveTimeout = 65_000;
  // As long as Salesforce allows for a request; a file of two gigabytes may need it.
  server.requestTimeout = 600_000;
  server.on('clientError', refuseConnection);
  org.url = urlOf('http', host, await listenFrom(server, host, port));
  return server;
}

/** Answers what is not HTTP, or exceeds Salesforce's header limits, and closes the connection. */
function refuseConnection(error: Error & { code?: string; rawPacket?: Buffer }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const firstLine = (error.rawPacket ?? Buffer.alloc(0)).indexOf('\n');
  const isLongUri = isTooLarge && (firstLine < 0 || firstLine > headerBytesMax);
  const status = isLongUri
    ? '414 URI Too Long'
    : isTooLarge
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function serve(
  org: Org,
  request: IncomingMessage,
  response: ServerResponse,
  onDefect: OnDefect,
): Promise<void> {
  using _counted = org.longRequests.begin();
  const given = await answerTo(org, request, response).catch((error: unknown) => {
    const known = asOrgError(error);
    if (known) return errorAnswer(known);
    onDefect(placeOf(error));
    return errorAnswer(unexpected());
  });
  await send(org, request, response, given, onDefect);
}

async function answerTo(org: Org, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const target = splitTarget(request.url ?? '/');
  const isStreamed = target !== undefined && (isUpload(target.path) || isRecordForm(request, target.path));
  const body = isStreamed ? Buffer.alloc(0) : await readBody(request);
  if (!target) throw notFound();
  const incoming = {
    ...target,
    method: methodOf(request, target.parameters),
    authorization: request.headers.authorization,
    client: clientOf(request),
    body,
  };
  return injectedRequest(org, incoming, (db, isStale) =>
    handle(org, request, response, incoming, db, isStale),
  );
}

/** @param db  what the request reads from; `isStale` if that is an older state */
async function handle(
  org: Org,
  request: IncomingMessage,
  response: ServerResponse,
  incoming: Incoming,
  db: Tx,
  isStale: boolean,
): Promise<Answer> {
  const { version, path, parameters, method, body } = incoming;
  const place = path.join('/');
  if (version === undefined) {
    if (place === 'services/data') return method === 'GET' ? versions(org) : refuseMethod(method);
    const signIn = await authAnswer(org, { method, path, parameters, headers: request.headers, body });
    if (signIn) return signIn;
    // Other APIs take their session from elsewhere, so a missing bearer token says nothing about them.
    throw notFound();
  }
  const userId = await userOfRequest(org, request.headers.authorization);
  try {
    org.longRequests.check();
    org.usage.spend();
    const call = await callOf(org, userId, request, { version, path, parameters, method }, body);
    const hasForm = isRecordForm(request, path);
    const read = { ...call, db, isStale };
    return hasForm ? await routeForm(read, request, route) : await route(read);
  } finally {
    response.setHeader('Sforce-Limit-Info', `api-usage=${org.usage.used}/${org.usage.max}`);
  }
}

const refuseMethod = (method: string): never => {
  throw methodNotAllowed(method, ['GET', 'HEAD']);
};

/** HEAD is a GET without the body; a POST may name PATCH, for clients that cannot send it. */
function methodOf(request: IncomingMessage, parameters: URLSearchParams): string {
  const method = request.method ?? 'GET';
  if (method === 'HEAD') return 'GET';
  return method === 'POST' ? (parameters.get('_HttpMethod') ?? method).toUpperCase() : method;
}

const clientOf = ({ headers }: IncomingMessage) => clientNamed(headers['sforce-call-options']?.toString());

async function callOf(
  org: Org,
  userId: string,
  request: IncomingMessage,
  target: Pick<Call, 'version' | 'path' | 'parameters' | 'method'>,
  body: Buffer,
): Promise<Call> {
  const client = clientOf(request);
  return {
    org,
    userId,
    ...(client !== undefined && { client }),
    sobjects: await sobjectsSeenBy(org, userId),
    ...target,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    ...(isUpload(target.path)
      ? { body: undefined, file: uploadOf(request) }
      : { body: bodyOf(request, target.path, body) }),
    db: org.db,
    write: (work) => writeTransaction(org, work),
  };
}
