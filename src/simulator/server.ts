import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gunzip, gzip } from 'node:zlib';
import { sobjectsSeenBy } from './access.ts';
import { type Answer, type Call, errorAnswer } from './answer.ts';
import { disturb } from './disturbances.ts';
import { asOrgError, methodNotAllowed, notFound, OrgError, parserError, sessionInvalid } from './errors.ts';
import { parseExact } from './exact-json.ts';
import { identity, plainText, userInfo } from './identity.ts';
import { bearerOf, tokenAnswer, userOfToken } from './oauth.ts';
import { type Org, writeTransaction } from './org.ts';
import { route, versions } from './rest.ts';
import { splitTarget } from './target.ts';
import { clientNamed } from './writer.ts';

/** The org on HTTP: bodies in and out, who is asking, and the headers that every answer carries. */
const headerBytesMax = 16_384;
const bodyBytesMax = 50 * 1024 * 1024;
/** Of a file for an ingest job. */
const uploadBytesMax = 150 * 1024 * 1024;
/** Below this, compressing costs more than it saves. */
const gzipBytesMin = 2048;
const portsTriedMax = 100;

const gzipped = promisify(gzip);
const gunzipped = promisify(gunzip);

/** Told what no client should be able to cause: the kind and place of an error, never its message. */
type OnDefect = (where: string) => void;

/** Listens on the first free port from `port` on; 0 takes any. Sets the org's URL. */
export async function listen(org: Org, host: string, port: number, onDefect: OnDefect): Promise<Server> {
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    serve(org, request, response, onDefect).catch((error: unknown) => {
      if (!response.destroyed) onDefect(placeOf(error));
      response.destroy();
    });
  });
  // Longer than clients keep a connection: one that closes just as a request is sent would look like a lost answer.
  server.keepAliveTimeout = 65_000;
  server.on('clientError', refuseConnection);
  await listenFrom(server, host, port);
  const { port: chosen } = server.address() as AddressInfo;
  org.url = `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`;
  return server;
}

async function listenFrom(server: Server, host: string, port: number): Promise<void> {
  for (let tried = port; ; tried++) {
    try {
      server.listen(tried, host);
      await once(server, 'listening');
      return;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || tried >= Math.min(port + portsTriedMax, 65_535)) throw error;
    }
  }
}

/** What is not HTTP, or more of it than Salesforce takes, is answered and the connection closed. */
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
  const given = await answerTo(org, request, response).catch((error: unknown) => {
    const known = asOrgError(error);
    if (known) return errorAnswer(known);
    onDefect(placeOf(error));
    return errorAnswer(new OrgError(500, 'UNKNOWN_EXCEPTION', unexpected));
  });
  await send(org, request, response, given, onDefect);
}

const unexpected =
  'An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (-1234)';

/** The first line of a stack below the message, which may hold a value. */
export const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return [error.name, typeof code === 'string' ? code : '', place].filter(Boolean).join(' ');
};

async function answerTo(org: Org, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const target = splitTarget(request.url ?? '/');
  const body = await readBody(request, target && isUpload(target.path) ? uploadBytesMax : bodyBytesMax);
  if (!target) throw notFound();
  const { version, path, parameters } = target;
  const method = methodOf(request, parameters);
  const place = path.join('/');
  if (version === undefined) {
    if (place === 'services/data') return method === 'GET' ? versions() : refuseMethod(method);
    if (place === 'services/oauth2/token') {
      if (method !== 'POST') return refuseMethod(method, ['POST']);
      return tokenAnswer(org, new URLSearchParams(body.toString()), request.headers.authorization);
    }
    if (place === 'services/oauth2/userinfo' || path[0] === 'id')
      return identityAnswer(org, request, path, parameters);
  }
  const token = bearerOf(request.headers.authorization);
  const userId = token === undefined ? undefined : await userOfToken(org, token);
  if (userId === undefined) throw sessionInvalid();
  if (version === undefined && path[0] === 'simulator')
    return disturb(
      await callOf(org, userId, request, { version: '', path: path.slice(1), parameters, method }, body),
    );
  try {
    org.usage.spend();
    if (version === undefined) throw notFound();
    return await route(await callOf(org, userId, request, { version, path, parameters, method }, body));
  } finally {
    response.setHeader('Sforce-Limit-Info', `api-usage=${org.usage.used}/${org.usage.max}`);
  }
}

const refuseMethod = (method: string, allowed: readonly string[] = ['GET', 'HEAD']): never => {
  throw methodNotAllowed(method, allowed);
};

/** HEAD is a GET whose body stays unsent; a POST may say PATCH, for clients that cannot. */
function methodOf(request: IncomingMessage, parameters: URLSearchParams): string {
  const method = request.method ?? 'GET';
  if (method === 'HEAD') return 'GET';
  return method === 'POST' ? (parameters.get('_HttpMethod') ?? method).toUpperCase() : method;
}

async function identityAnswer(
  org: Org,
  request: IncomingMessage,
  path: readonly string[],
  parameters: URLSearchParams,
): Promise<Answer> {
  const token = bearerOf(request.headers.authorization) ?? parameters.get('oauth_token');
  if (!token) return plainText(403, 'Missing_OAuth_Token');
  const userId = await userOfToken(org, token);
  if (userId === undefined) return plainText(403, 'Bad_OAuth_Token');
  if (path[0] !== 'id') return userInfo(org, userId);
  const [, orgId = '', named = ''] = path;
  const isOwn =
    path.length === 3 && orgId.startsWith(org.id.slice(0, 15)) && named.startsWith(userId.slice(0, 15));
  return isOwn ? identity(org, userId, parameters.get('version')) : plainText(403, 'Bad_OAuth_Token');
}

async function callOf(
  org: Org,
  userId: string,
  request: IncomingMessage,
  target: Pick<Call, 'version' | 'path' | 'parameters' | 'method'>,
  body: Buffer,
): Promise<Call> {
  const client = clientNamed(request.headers['sforce-call-options']?.toString());
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
    body: bodyOf(request, target.path, body),
    db: org.db,
    write: (work) => writeTransaction(org, work),
  };
}

/** `/jobs/ingest/<id>/batches`, the one place that takes a file. */
const isUpload = (path: readonly string[]): boolean =>
  path[0] === 'jobs' && path[1] === 'ingest' && path[3] === 'batches';

function bodyOf(request: IncomingMessage, path: readonly string[], body: Buffer): unknown {
  if (isUpload(path) && /^text\/csv\b/i.test(request.headers['content-type'] ?? '')) return body;
  return body.length === 0 ? undefined : readJson(request, body);
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new OrgError(413, 'REQUEST_ENTITY_TOO_LARGE', 'The request is too large.');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || body.length === 0) return body;
  if (encoding !== 'gzip') throw unsupported(`Content-Encoding '${encoding}' not supported`);
  try {
    return await gunzipped(body, { maxOutputLength: bytesMax });
  } catch {
    throw parserError('The request body is not in the encoding that its header names.');
  }
}

const unsupported = (message: string) => new OrgError(415, 'UNSUPPORTED_MEDIA_TYPE', message);

function readJson(request: IncomingMessage, body: Buffer): unknown {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw unsupported("Content type not supported. Use 'application/json'.");
  }
  const text = body.toString();
  try {
    return parseExact(text);
  } catch (error) {
    const at = Number(/position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? text.length);
    const lines = text.slice(0, at).split('\n');
    const column = (lines.at(-1)?.length ?? 0) + 1;
    throw parserError(`Unexpected character or end of input at [line:${lines.length}, column:${column}]`);
  }
}

async function send(
  org: Org,
  request: IncomingMessage,
  response: ServerResponse,
  given: Answer,
  onDefect: OnDefect,
): Promise<void> {
  response.statusCode = given.status;
  response.setHeader('Date', new Date(org.clock.now()).toUTCString());
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  if (given.body !== null) response.setHeader('Content-Type', 'application/json;charset=UTF-8');
  for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
  if (given.stream) return sendStream(request, response, given.stream, onDefect);
  if (given.body === null) return void response.end();
  let bytes: Buffer = Buffer.from(given.body);
  if (bytes.length > gzipBytesMin && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = await gzipped(bytes, { level: constants.Z_BEST_SPEED });
    response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Vary', 'Accept-Encoding');
  }
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

/** As fast as the client reads. Whatever fails in between ends the connection, so that no part passes for the whole. */
async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  stream: AsyncIterable<string>,
  onDefect: OnDefect,
): Promise<void> {
  if (request.method === 'HEAD') return void response.end();
  const isGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.setHeader('Vary', 'Accept-Encoding');
  if (isGzip) response.setHeader('Content-Encoding', 'gzip');
  const text = Readable.from(stream, { objectMode: false });
  const sent = isGzip
    ? pipeline(text, createGzip({ level: constants.Z_BEST_SPEED }), response)
    : pipeline(text, response);
  await sent.catch((error: unknown) => {
    response.destroy();
    const hasClientLeft = (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!hasClientLeft && !asOrgError(error)) onDefect(placeOf(error));
  });
}
