import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import { changeHeaders, deliver, resetConnection } from '../control/delivery.ts';
import type { Org } from '../org.ts';
import type { Answer } from './answer.ts';
import { type OnDefect, placeOf } from './defect.ts';
import { asOrgError } from './errors.ts';
import { prettyJson } from './pretty-json.ts';
import { standardHeaders } from './standard-headers.ts';

/** Sends an answer: the headers that every answer has, compression, and what a fault does to it. */

/** Below this, compressing costs more than it saves. */
const gzipBytesMin = 2048;
/** How long a client may keep sending a refused body; it reads the answer meanwhile. */
const lingerMs = 10_000;

const gzipped = promisify(gzip);

export async function send(
  org: Org,
  request: IncomingMessage,
  response: ServerResponse,
  given: Answer,
  onDefect: OnDefect,
): Promise<void> {
  if (given.delivery?.isReset) return resetConnection(response);
  response.statusCode = given.status;
  response.setHeader('Date', new Date(org.clock.now()).toUTCString());
  if (!request.complete) response.setHeader('Connection', 'close');
  for (const [name, value] of Object.entries(standardHeaders(request.url ?? '')))
    response.setHeader(name, value);
  if (given.body !== null) response.setHeader('Content-Type', 'application/json;charset=UTF-8');
  // Recorded refusals do not have it.
  if (given.body !== null && given.status < 400) response.setHeader('Vary', 'Accept-Encoding');
  for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
  if (given.delivery) changeHeaders(response, given.delivery);
  if (given.stream) return sendStream(org, request, response, { ...given, stream: given.stream }, onDefect);
  if (given.body === null) return end(request, response, Buffer.alloc(0));
  const isPretty = request.headers['x-prettyprint'] === '1' && isJson(response);
  let bytes: Buffer = Buffer.from(isPretty ? prettyJson(given.body) : given.body);
  if (bytes.length > gzipBytesMin && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = await gzipped(bytes, { level: constants.Z_BEST_SPEED });
    response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Vary', 'Accept-Encoding');
  }
  if (!response.hasHeader('Content-Length')) response.setHeader('Content-Length', bytes.length);
  if (!given.delivery || request.method === 'HEAD') return end(request, response, bytes);
  await deliver(response, Readable.from([bytes]), given.delivery, org.control.sleep);
}

/**
 * A connection whose request body was not read to its end is not reused. Closing it while bytes still arrive resets
 * it, and the client may lose the answer. So the answer is sent first, then the rest of the body is discarded, then
 * the response ends.
 */
export async function end(request: IncomingMessage, response: ServerResponse, bytes: Buffer): Promise<void> {
  if (request.complete) return void response.end(bytes);
  response.setHeader('Connection', 'close');
  response.flushHeaders();
  if (bytes.length > 0) response.write(bytes);
  request.resume();
  await finished(request, { signal: AbortSignal.timeout(lingerMs) }).catch(() => undefined);
  response.end();
}

const isJson = (response: ServerResponse): boolean =>
  String(response.getHeader('Content-Type')).startsWith('application/json');

/** At the client's pace. A failure in between ends the connection, so that no part passes for the whole. */
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
    if (response.writableEnded) return; // a fault cut the answer short
    response.destroy();
    const hasClientLeft = (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!hasClientLeft && !delivery?.truncate && !asOrgError(error)) onDefect(placeOf(error));
  });
}
