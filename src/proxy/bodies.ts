/** Bodies that are looked into: the beginning of a request that is held back, and the text of what came whole. */
import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { type RecordId, toRecordId } from '../core/ids.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import type { Answered } from './writes-of.ts';

/** Bodies that name records are shorter; a longer one is passed on without a look at it. */
export const holdBytesMax = 8 * 1024 * 1024;

/** The first bytes of a request, and whether they are all. */
export interface HeldBody {
  chunks: readonly Buffer[];
  isWhole: boolean;
}

/**
 * Waits for the body of a request, up to `holdBytesMax`. What comes behind that is left unread.
 *
 * @throws Error where the caller leaves before its end
 */
export function holdBody(request: IncomingMessage): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    // Of one that has gone already nothing would be heard any more.
    if (request.destroyed) return reject(new Error('the caller left before the upload'));
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (isWhole: boolean) => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      request.pause();
      resolve({ chunks, isWhole });
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > holdBytesMax) settle(false);
    };
    const onEnd = () => settle(true);
    const onClose = () => reject(new Error('the caller left during the upload'));
    request.on('data', onData);
    request.once('end', onEnd);
    request.once('close', onClose);
  });
}

/** The body as parsed JSON; undefined where it did not come whole or is something else. */
export function parsedRequest(rawHeaders: readonly string[], held: HeldBody): unknown {
  if (!held.isWhole) return undefined;
  return parsedJson(plainText(rawHeaders, Buffer.concat(held.chunks)));
}

/** An answer as far as it is understood. The answer itself stays as it is. */
export function answeredBy(answer: UpstreamAnswer): Answered {
  const bytes = answer.body();
  const text = bytes === null ? undefined : plainText(answer.headers, bytes);
  if (/xml/i.test(headerValues(answer.headers, 'content-type')[0] ?? ''))
    return { status: answer.status, body: undefined, id: idInXml(text) };
  return { status: answer.status, body: parsedJson(text) };
}

const idInXml = (text: string | undefined): RecordId | undefined =>
  toRecordId(/<id>(\w+)<\/id>/.exec(text ?? '')?.[1] ?? '');

function plainText(headers: readonly string[], bytes: Buffer): string | undefined {
  const encoding = headerValues(headers, 'content-encoding')[0]?.toLowerCase() ?? 'identity';
  try {
    if (encoding === 'gzip') return gunzipSync(bytes, { maxOutputLength: holdBytesMax }).toString('utf8');
    return encoding === 'identity' ? bytes.toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}

function parsedJson(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
