/** Parses the bodies of requests and answers where the format is one that we know. */
import { gunzipSync } from 'node:zlib';
import { type RecordId, toRecordId } from '../core/ids.ts';
import { bufferBytesMax } from './buffered-bytes.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import { isWithinBounds } from './json-bounds.ts';
import { isSuccess, type ParsedAnswer } from './writes-of.ts';

/** A request's body as parsed JSON; undefined if it was not buffered, is not JSON, or has too many values to parse. */
export function parseRequestBody(rawHeaders: readonly string[], whole: Buffer | null): unknown {
  const text = whole === null ? undefined : plainText(rawHeaders, whole);
  return text !== undefined && isWithinBounds(text) ? parsedJson(text) : undefined;
}

/** What we understand of an answer. The answer itself is not changed. Only a success says what was written. */
export function parseAnswer(answer: UpstreamAnswer): ParsedAnswer {
  const { status } = answer;
  if (!isSuccess(answer)) return { status, body: undefined };
  const bytes = answer.body();
  const text = bytes === null ? undefined : plainText(answer.headers, bytes);
  if (/xml/i.test(headerValues(answer.headers, 'content-type')[0] ?? ''))
    return { status, body: undefined, id: idInXml(text) };
  return { status, body: parsedJson(text) };
}

const idInXml = (text: Buffer | undefined): RecordId | undefined =>
  toRecordId(/<id>(\w+)<\/id>/.exec(text?.toString('utf8') ?? '')?.[1] ?? '');

/** Undefined if it cannot be unzipped, or is too long then. */
function plainText(headers: readonly string[], bytes: Buffer): Buffer | undefined {
  const encoding = headerValues(headers, 'content-encoding')[0]?.toLowerCase() ?? 'identity';
  try {
    if (encoding === 'gzip') return gunzipSync(bytes, { maxOutputLength: bufferBytesMax });
    return encoding === 'identity' ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function parsedJson(text: Buffer | undefined): unknown {
  if (text === undefined || text.length === 0) return undefined;
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}
