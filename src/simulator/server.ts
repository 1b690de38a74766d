import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gunzip, gzip } from 'node:zlib';
import type { Tx } from '../lib/database.ts';
import { sobjectsSeenBy } from './access.ts';
import { type Answer, type Call, errorAnswer } from './answer.ts';
import { authAnswer } from './auth/index.ts';
import { userOfRequest } from './auth/tokens.ts';
import { isUpload, uploadOf } from './bulk/upload-body.ts';
import { changeHeaders, deliver, resetConnection } from './control/delivery.ts';
import { type Incoming, struckRequest } from './control/struck.ts';
import { asOrgError, methodNotAllowed, notFound, OrgError, parserError, unexpected } from './errors.ts';
import { parseExact } from './exact-json.ts';
import { listenFrom } from './listen.ts';
import { type Org, writeTransaction } from './org.ts';
import { prettyJson } from './pretty-json.ts';
import { isRecordForm, routeForm } from './record-form.ts';
import { route, versions } from './rest.ts';
import { splitTarget } from './target.ts';
import { clientNamed } from './writer.ts';

/** The org on HTTP: bodies in and out, who is asking, and the headers that every answer carries. */
const headerBytesMax = 16_384;
const bodyBytesMax = 50 * 1024 * 1024;
/** Below this, compressing costs more than it saves. */
const gzipBytesMin = 2048;

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
  // As long as Salesforce gives a request; a file of two gigabytes may need it.
  server.requestTimeout = 600_000;
  server.on('clientError', refuseConnection);
  org.url = await listenFrom(server, host, port);
  return server;
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
  using _counted = org.longRequests.begin();
  const given = await answerTo(org, request, response).catch((error: unknown) => {
    const known = asOrgError(error);
    if (known) return errorAnswer(known);
    onDefect(placeOf(error));
    return errorAnswer(unexpected());
  });
  await send(org, request, response, given, onDefect);
}

/** The first line of a stack below the message, which may hold a value. */
export const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return [error.name, typeof code === 'string' ? code : '', place].filter(Boolean).join(' ');
};

async function answerTo(org: Org, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const target = splitTarget(request.url ?? '/');
  const isStreamed = target !== undefined && (isUpload(target.path) || isRecordForm(request, target.path));
  const body = isStreamed ? Buffer.alloc(0) : await readBody(request, bodyBytesMax);
  if (!target) throw notFound();
  const { authorization } = request.headers;
  const incoming = { ...target, method: methodOf(request, target.parameters), authorization, body };
  return struckRequest(org, incoming, (db, isStale) => handle(org, request, response, incoming, db, isStale));
}

/** @param db  what the request reads from; `isStale` where that is an older state */
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
  }
  const userId = await userOfRequest(org, request.headers.authorization);
  try {
    org.longRequests.check();
    org.usage.spend();
    if (version === undefined) throw notFound();
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

/** HEAD is a GET whose body stays unsent; a POST may say PATCH, for clients that cannot. */
function methodOf(request: IncomingMessage, parameters: URLSearchParams): string {
  const method = request.method ?? 'GET';
  if (method === 'HEAD') return 'GET';
  return method === 'POST' ? (parameters.get('_HttpMethod') ?? method).toUpperCase() : method;
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
    ...(isUpload(target.path)
      ? { body: undefined, file: uploadOf(request) }
      : { body: bodyOf(request, target.path, body) }),
    db: org.db,
    write: (work) => writeTransaction(org, work),
  };
}

/** One resource takes a form. */
function bodyOf(request: IncomingMessage, path: readonly string[], body: Buffer): unknown {
  const isForm = /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
  if (isForm && path.join('/') === 'jobs/ingest') return body;
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
  if (given.delivery?.isReset) return resetConnection(response);
  response.statusCode = given.status;
  response.setHeader('Date', new Date(org.clock.now()).toUTCString());
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) {
    response.setHeader('Connection', 'close');
    request.resume();
  }
  if (given.body !== null) response.setHeader('Content-Type', 'application/json;charset=UTF-8');
  for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
  if (given.delivery) changeHeaders(response, given.delivery);
  if (given.stream) return sendStream(org, request, response, { ...given, stream: given.stream }, onDefect);
  if (given.body === null) return void response.end();
  const isPretty = request.headers['x-prettyprint'] === '1' && isJson(response);
  let bytes: Buffer = Buffer.from(isPretty ? prettyJson(given.body) : given.body);
  if (bytes.length > gzipBytesMin && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = await gzipped(bytes, { level: constants.Z_BEST_SPEED });
    response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Vary', 'Accept-Encoding');
  }
  if (!response.hasHeader('Content-Length')) response.setHeader('Content-Length', bytes.length);
  if (!given.delivery || request.method === 'HEAD') return void response.end(bytes);
  await deliver(response, Readable.from([bytes]), given.delivery, org.control.sleep);
}

const isJson = (response: ServerResponse): boolean =>
  String(response.getHeader('Content-Type')).startsWith('application/json');

/** As fast as the client reads. Whatever fails in between ends the connection, so that no part passes for the whole. */
async function sendStream(
  org: Org,
  request: IncomingMessage,
  response: ServerResponse,
  { stream, delivery }: Answer & { stream: AsyncIterable<string | Uint8Array> },
  onDefect: OnDefect,
): Promise<void> {
  if (request.method === 'HEAD') return void response.end();
  const hasLength = response.hasHeader('Content-Length');
  const isGzip = !hasLength && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.setHeader('Vary', 'Accept-Encoding');
  if (isGzip) response.setHeader('Content-Encoding', 'gzip');
  const text = Readable.from(stream, { objectMode: false });
  const sink = delivery
    ? (source: AsyncIterable<Buffer>) => deliver(response, source, delivery, org.control.sleep)
    : response;
  const sent = isGzip
    ? pipeline(text, createGzip({ level: constants.Z_BEST_SPEED }), sink)
    : pipeline(text, sink);
  await sent.catch((error: unknown) => {
    if (response.writableEnded) return; // a fault wanted no more of it
    response.destroy();
    const hasClientLeft = (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!hasClientLeft && !delivery?.truncate && !asOrgError(error)) onDefect(placeOf(error));
  });
}
