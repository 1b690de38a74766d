/** Parses the bodies of requests and answers where the format is one that we know. */
import { gunzipSync } from 'node:zlib';
import { type RecordId, toRecordId } from '../core/ids.ts';
import { bufferBytesMax } from './buffered-bytes.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import type { ParsedAnswer } from './writes-of.ts';

/** A request's body as parsed JSON; undefined if it was not buffered or is not JSON. */
export function parseRequestBody(rawHeaders: readonly string[], whole: Buffer | null): unknown {
  return whole === null ? undefined : parsedJson(plainText(rawHeaders, whole));
}

/** What we understand of an answer. The answer itself is not changed. */
export function parseAnswer(answer: UpstreamAnswer): ParsedAnswer {
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
    if (encoding === 'gzip') return gunzipSync(bytes, { maxOutputLength: bufferBytesMax }).toString('utf8');
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
