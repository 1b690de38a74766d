import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parseExact } from '@lockstep/foundation/exact-json';
import { OrgError, parserError, tooLarge, unsupportedMedia } from './errors.ts';

/** For a request body that is read into memory; files are streamed instead. */
const bodyBytesMax = 50 * 1024 * 1024;

const gunzipped = promisify(gunzip);

export const isForm = (request: IncomingMessage): boolean =>
  /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');

/** A refused body must not destroy the request: it still has to be answered. */
export async function readBytes(
  request: IncomingMessage,
  bytesMax: number,
  refusal: () => Error,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw refusal();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const body = await readBytes(request, bodyBytesMax, tooLarge);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || body.length === 0) return body;
  if (encoding !== 'gzip') throw unsupportedMedia(`Content-Encoding '${encoding}' not supported`);
  try {
    return await gunzipped(body, { maxOutputLength: bodyBytesMax });
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : undecodable();
  }
}

export const undecodable = (): OrgError =>
  parserError('The request body is not in the encoding that its header names.');

/** JSON, or the raw bytes of a form for the one resource that takes a small one. */
export function bodyOf(request: IncomingMessage, path: readonly string[], body: Buffer): unknown {
  if (isForm(request) && path.join('/') === 'jobs/ingest') return body;
  return body.length === 0 ? undefined : readJson(request, body);
}

function readJson(request: IncomingMessage, body: Buffer): unknown {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw unsupportedMedia("Content type not supported. Use 'application/json'.");
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
