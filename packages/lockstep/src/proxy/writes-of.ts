/**
 * What a request may write, according to its address, and what a write of one record has written, according to
 * Salesforce's answer. Salesforce trims, truncates and rejects values, so nothing is taken from the request's body.
 * For writes of several records see composite-writes.ts.
 */
import { z } from 'zod';
import { type RecordId, toLongId, toRecordId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { Target } from './target.ts';

/** This request writes one record of an sobject (in lower case). */
export interface RecordWrite {
  kind: 'record';
  sobject: string;
  change:
    | { verb: 'create' }
    | { verb: 'update'; id: RecordId }
    | { verb: 'delete'; id: RecordId }
    | { verb: 'upsert'; field: string; value: string };
}

/** The parts of a request that say what it may write. */
export type Call = Pick<Target, 'method' | 'segments' | 'query'>;

export type Write =
  | RecordWrite
  /** The request's body says which records are written: the composite family. */
  | { kind: 'several' }
  /** A bulk job is created or closed: Salesforce writes its records later. */
  | { kind: 'ingest' }
  /** Data of a bulk job is uploaded. It is written only when the job is closed. */
  | { kind: 'upload' }
  /** Records may be written, and the address does not say which: all tables are polled. */
  | { kind: 'poll' }
  | { kind: 'none' };

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Under /services/data/{version}/: a POST to these only reads. */
const readingResources = new Set(['parameterizedsearch', 'jobs/query']);

export function writeOf(target: Call): Write {
  const names = target.segments.map((segment) => segment.toLowerCase());
  const [, api, , resource = '', second = ''] = names;
  if (readingMethods.has(target.method)) {
    const runsCode = api === 'apexrest' || (resource === 'tooling' && second === 'executeanonymous');
    // A HEAD runs what a GET would (Apex developer guide, @HttpGet).
    return { kind: runsCode && target.method !== 'OPTIONS' ? 'poll' : 'none' };
  }
  if (api === 'oauth2') return { kind: 'none' };
  if (api !== 'data') return { kind: 'poll' };
  if (readingResources.has(resource) || readingResources.has(`${resource}/${second}`))
    return { kind: 'none' };
  if (resource === 'jobs' && second === 'ingest') {
    if (target.method === 'PUT') return { kind: 'upload' };
    const isOfJob = target.segments.length <= 6 && (verbOf(target) === 'POST' || verbOf(target) === 'PATCH');
    if (isOfJob) return { kind: 'ingest' };
  }
  if (resource === 'composite') return severalOf(target);
  if (resource === 'sobjects' && second !== '') {
    const change = changeOf(verbOf(target), target.segments.slice(5));
    if (change) return { kind: 'record', sobject: second, change };
  }
  return { kind: 'poll' };
}

function severalOf(target: Call): Write {
  const [, , , , kind = '', sobject] = target.segments.map((segment) => segment.toLowerCase());
  const verb = verbOf(target);
  if (kind === 'sobjects') {
    // A POST to one sobject reads records by their Ids.
    if (verb === 'POST' && sobject !== undefined) return { kind: 'none' };
    return { kind: ['POST', 'PATCH', 'DELETE'].includes(verb) ? 'several' : 'poll' };
  }
  const isKnown = ['', 'batch', 'graph', 'tree'].includes(kind);
  return { kind: isKnown && verb === 'POST' ? 'several' : 'poll' };
}

/** A client that cannot send PATCH or DELETE names the method in the query of a POST. */
export function verbOf({ method, query }: Pick<Call, 'method' | 'query'>): string {
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
  // After a record's Id, the second segment names a relationship, and a different record is written.
  const isExternalId = known === 'update' && value !== undefined && !looksLikeId(first);
  return isExternalId ? { verb: 'upsert', field: first, value } : null;
}

export const looksLikeId = (text: string) => /\d/.test(text) && toLongId(text) !== undefined;

/**
 * An Id as a caller may write it. One of 18 characters may come in any case: its last three say which letters are
 * upper case, each for five characters.
 */
export function toWrittenId(text: string): RecordId | undefined {
  if (!looksLikeId(text)) return undefined;
  if (text.length === 15) return toRecordId(text);
  const restored = Array.from(text.slice(0, 15), (character, index) => {
    const checksum = text.charAt(15 + Math.floor(index / 5)).toUpperCase();
    const bits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'.indexOf(checksum);
    return bits & (1 << (index % 5)) ? character.toUpperCase() : character.toLowerCase();
  });
  return toRecordId(restored.join(''));
}

/** What an answer proves to have been written. */
export interface Written {
  records: readonly WrittenRecord[];
  /** False if something was written that the answer does not name. */
  isComplete: boolean;
  /** Records to be read again: Salesforce no longer has them, or may have written them. */
  missing: readonly { sobject: string; id: RecordId }[];
}

export const noWrites: Written = { records: [], isComplete: true, missing: [] };
/** Something was written, and the answer does not say what. */
export const unknownWrites: Written = { ...noWrites, isComplete: false };

export const written = (record: WrittenRecord): Written => ({ ...noWrites, records: [record] });

/** What we understand of an answer, or of a subrequest's answer. */
export interface ParsedAnswer {
  status: number;
  /** Parsed JSON; undefined for anything else. */
  body: unknown;
  /** The Id from an XML body, if there is one. */
  id?: RecordId | undefined;
}

export const isSuccess = ({ status }: { status: number }) => status >= 200 && status <= 299;

/** Says nothing about what was done before the error: an answer of 500 may follow a commit. */
export const isServerError = ({ status }: { status: number }) => status >= 500;

/** Whether the request may have written something. */
export const mayHaveWritten = (answer: { status: number }) => isSuccess(answer) || isServerError(answer);

const creation = z.object({ id: z.string() });

/** The record that the answer to a write of one record proves to have been written. */
export function recordWritten({ sobject, change }: RecordWrite, answered: ParsedAnswer): Written {
  if (!isSuccess(answered)) {
    const isUnknown = isServerError(answered);
    const missing =
      'id' in change && (isUnknown || answered.status === 404) ? [{ sobject, id: change.id }] : [];
    return { records: [], isComplete: !isUnknown, missing };
  }
  if ('id' in change) return written({ sobject, id: change.id, deleted: change.verb === 'delete' });
  const read = creation.safeParse(answered.body);
  const id = answered.id ?? (read.success ? toRecordId(read.data.id) : undefined);
  if (id) return written({ sobject, id, deleted: false });
  if (change.verb === 'create' || answered.status === 201) return unknownWrites;
  const { field, value } = change;
  return written({ sobject, externalId: { field, value }, deleted: false });
}
