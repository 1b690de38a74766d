import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { tooLarge, unsupportedMedia } from '../http/errors.ts';
import { undecodable } from '../http/request-body.ts';

/** The body of an upload request, the file of an ingest job: read as it arrives, never buffered as a whole. */
const encodedBytesMax = 150 * 1024 * 1024;

/** `/jobs/ingest/<id>/batches`, the only path that takes a file. */
export const isUpload = (path: readonly string[]): boolean =>
  path[0] === 'jobs' && path[1] === 'ingest' && path[3] === 'batches';

/** Undefined if the request's body is not CSV. */
export const uploadOf = (request: IncomingMessage): AsyncIterable<Buffer> | undefined =>
  /^text\/csv\b/i.test(request.headers['content-type'] ?? '') ? limited(decoded(request)) : undefined;

/** If the reader gives up, the request must stay open: it still has to be answered. */
function decoded(request: IncomingMessage): AsyncIterable<Buffer> {
  const bytes = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip') throw unsupportedMedia(`Content-Encoding '${encoding}' not supported`);
  return pipeline(Readable.from(bytes, { objectMode: false }), createGunzip(), () => undefined);
}

/** Salesforce stores the file in base 64 and applies the limit to that size. */
async function* limited(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let count = 0;
  try {
    for await (const piece of bytes) {
      count += piece.length;
      if (Math.ceil(count / 3) * 4 > encodedBytesMax) throw tooLarge();
      yield piece;
    }
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw code.startsWith('Z_') ? undecodable() : error;
  }
}
