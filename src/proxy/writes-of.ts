/**
 * What a request may write, told from its address, and what it has written, told from Salesforce's answer. Nothing
 * is read from the request's body: Salesforce trims, cuts and rejects, so only the answer counts.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { type RecordId, toLongId, toRecordId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import type { Target } from './target.ts';

/** One record of an sobject (lower case) is written by this request. */
export interface RecordWrite {
  kind: 'record';
  sobject: string;
  change:
    | { verb: 'create' }
    | { verb: 'update'; id: RecordId }
    | { verb: 'delete'; id: RecordId }
    | { verb: 'upsert'; field: string; value: string };
}

export type Write =
  | RecordWrite
  /** Records may be written, and the address does not tell which: all tables are polled. */
  | { kind: 'poll' }
  | { kind: 'none' };

/** Answers of record writes are short; a longer one is passed on without a look at it. */
export const holdBytesMax = 8 * 1024 * 1024;

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Under /services/data/{version}/, asked by POST, and yet only read. */
const readingResources = new Set(['parameterizedsearch', 'jobs/query']);

export function writeOf(target: Pick<Target, 'method' | 'segments' | 'query'>): Write {
  const names = target.segments.map((segment) => segment.toLowerCase());
  const [, api, , resource = '', second = ''] = names;
  if (readingMethods.has(target.method)) {
    // This GET runs code.
    return { kind: resource === 'tooling' && second === 'executeanonymous' ? 'poll' : 'none' };
  }
  if (api === 'oauth2') return { kind: 'none' };
  if (api !== 'data') return { kind: 'poll' };
  if (readingResources.has(resource) || readingResources.has(`${resource}/${second}`))
    return { kind: 'none' };
  if (resource === 'sobjects' && second !== '') {
    const change = changeOf(verbOf(target), target.segments.slice(5));
    if (change) return { kind: 'record', sobject: second, change };
  }
  return { kind: 'poll' };
}

/** A client that cannot send PATCH says so in the query of a POST. */
function verbOf({ method, query }: Pick<Target, 'method' | 'query'>): string {
  if (method !== 'POST') return method;
  for (const [name, value] of new URLSearchParams(query)) {
    const isOverride = name.toLowerCase() === '_httpmethod' && /^(?:patch|delete)$/i.test(value);
    if (isOverride) return value.toUpperCase();
  }
  return method;
}

/** @param rest  what follows `/sobjects/{name}` */
function changeOf(verb: string, rest: readonly string[]): RecordWrite['change'] | null {
  const [first = '', value] = rest;
  if (verb === 'POST') {
    const isCreate = rest.length === 0 || (rest.length === 1 && first.toLowerCase() === 'id');
    return isCreate ? { verb: 'create' } : null;
  }
  const known = verb === 'PATCH' ? 'update' : verb === 'DELETE' ? 'delete' : null;
  if (known === null || rest.length > 2) return null;
  const id = toWrittenId(value === undefined ? first : first.toLowerCase() === 'id' ? value : '');
  if (id) return { verb: known, id };
  // With a record's Id in front, the second part names a relationship, and another record is written.
  const isExternalId = known === 'update' && value !== undefined && !looksLikeId(first);
  return isExternalId ? { verb: 'upsert', field: first, value } : null;
}

const looksLikeId = (text: string) => /\d/.test(text) && toLongId(text) !== undefined;

/**
 * An Id as a caller may write it. One of 18 characters is understood in any case: its last three tell which letters
 * are upper-case, five characters each.
 */
function toWrittenId(text: string): RecordId | undefined {
  if (!looksLikeId(text)) return undefined;
  if (text.length === 15) return toRecordId(text);
  const restored = Array.from(text.slice(0, 15), (character, index) => {
    const checksum = text.charAt(15 + Math.floor(index / 5)).toUpperCase();
    const bits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'.indexOf(checksum);
    return bits & (1 << (index % 5)) ? character.toUpperCase() : character.toLowerCase();
  });
  return toRecordId(restored.join(''));
}

const creation = z.object({ id: z.string() });

/**
 * The records that the answer proves to be written. `no`: none is. `poll`: one is, but the answer does not say
 * which, or is too long to be held.
 */
export function writesOf(write: RecordWrite, answer: UpstreamAnswer): WrittenRecord[] | 'no' | 'poll' {
  if (answer.status < 200 || answer.status > 299) return 'no';
  const { sobject, change } = write;
  if ('id' in change) {
    return [{ sobject, id: change.id, deleted: change.verb === 'delete' }];
  }
  const id = idIn(answer);
  if (id) return [{ sobject, id, deleted: false }];
  if (change.verb === 'create' || answer.status === 201) return 'poll';
  const { field, value } = change;
  return [{ sobject, externalId: { field, value }, deleted: false }];
}

function idIn(answer: UpstreamAnswer): RecordId | undefined {
  const body = plainBody(answer);
  if (body === undefined) return undefined;
  if (/xml/i.test(headerValues(answer.headers, 'content-type')[0] ?? '')) {
    return toRecordId(/<id>(\w+)<\/id>/.exec(body)?.[1] ?? '');
  }
  try {
    const parsed = creation.safeParse(JSON.parse(body));
    return parsed.success ? toRecordId(parsed.data.id) : undefined;
  } catch {
    return undefined;
  }
}

/** The body as text; of a compressed one, a copy is unpacked and the answer itself stays as it is. */
function plainBody(answer: UpstreamAnswer): string | undefined {
  const body = answer.body();
  const encoding = headerValues(answer.headers, 'content-encoding')[0]?.toLowerCase() ?? 'identity';
  if (body === null) return undefined;
  try {
    if (encoding === 'gzip') return gunzipSync(body, { maxOutputLength: holdBytesMax }).toString('utf8');
    return encoding === 'identity' ? body.toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}
