/**
 * What a request may write, told from its address, and what a write of one record has written, told from Salesforce's
 * answer: Salesforce trims, cuts and rejects, so nothing is taken from the request's body. Writes of several records:
 * composite-writes.ts.
 */
import { z } from 'zod';
import { type RecordId, toLongId, toRecordId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
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

/** As much of a request as tells what it may write. */
export type Call = Pick<Target, 'method' | 'segments' | 'query'>;

export type Write =
  | RecordWrite
  /** Which records are written stands in the request's body: the composite family. */
  | { kind: 'several' }
  /** A bulk job is made or handed over: Salesforce writes its records later. */
  | { kind: 'ingest' }
  /** Records may be written, and the address does not tell which: all tables are polled. */
  | { kind: 'poll' }
  | { kind: 'none' };

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Under /services/data/{version}/, asked by POST, and yet only read. */
const readingResources = new Set(['parameterizedsearch', 'jobs/query']);

export function writeOf(target: Call): Write {
  const names = target.segments.map((segment) => segment.toLowerCase());
  const [, api, , resource = '', second = ''] = names;
  if (readingMethods.has(target.method)) {
    // These run code.
    const runsCode = api === 'apexrest' || (resource === 'tooling' && second === 'executeanonymous');
    return { kind: runsCode && target.method === 'GET' ? 'poll' : 'none' };
  }
  if (api === 'oauth2') return { kind: 'none' };
  if (api !== 'data') return { kind: 'poll' };
  if (readingResources.has(resource) || readingResources.has(`${resource}/${second}`))
    return { kind: 'none' };
  // Data that is only put down is written when its job is closed.
  const isOfJob = target.segments.length <= 6 && (verbOf(target) === 'POST' || verbOf(target) === 'PATCH');
  if (resource === 'jobs' && second === 'ingest' && isOfJob) return { kind: 'ingest' };
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
    // A POST to one sobject asks for records by their Ids.
    if (verb === 'POST' && sobject !== undefined) return { kind: 'none' };
    return { kind: ['POST', 'PATCH', 'DELETE'].includes(verb) ? 'several' : 'poll' };
  }
  const isKnown = ['', 'batch', 'graph', 'tree'].includes(kind);
  return { kind: isKnown && verb === 'POST' ? 'several' : 'poll' };
}

/** A client that cannot send PATCH says so in the query of a POST. */
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
  // With a record's Id in front, the second part names a relationship, and another record is written.
  const isExternalId = known === 'update' && value !== undefined && !looksLikeId(first);
  return isExternalId ? { verb: 'upsert', field: first, value } : null;
}

const looksLikeId = (text: string) => /\d/.test(text) && toLongId(text) !== undefined;

/**
 * An Id as a caller may write it. One of 18 characters is understood in any case: its last three tell which letters
 * are upper-case, five characters each.
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

/** What an answer proves to be written. */
export interface Written {
  records: readonly WrittenRecord[];
  /** False where something was written that the answer does not name. */
  isWhole: boolean;
  /** Records that Salesforce does not have any more. They may still stand in the mirror. */
  missing: readonly { sobject: string; id: RecordId }[];
}

export const nothing: Written = { records: [], isWhole: true, missing: [] };
/** Something was written, and the answer does not say what. */
export const unnamed: Written = { ...nothing, isWhole: false };

export const written = (record: WrittenRecord): Written => ({ ...nothing, records: [record] });

/** An answer, or one inside of a composite answer, as far as it is understood. */
export interface Answered {
  status: number;
  /** Parsed JSON; undefined for anything else. */
  body: unknown;
  /** The Id in a body of another form, or in none. */
  id?: RecordId | undefined;
}

export const isSuccess = ({ status }: { status: number }) => status >= 200 && status <= 299;

const creation = z.object({ id: z.string() });

/** The record that an answer to a write of one proves to be written. */
export function recordWritten({ sobject, change }: RecordWrite, answered: Answered): Written {
  if (!isSuccess(answered)) {
    const isMissing = answered.status === 404 && 'id' in change;
    return isMissing ? { ...nothing, missing: [{ sobject, id: change.id }] } : nothing;
  }
  if ('id' in change) return written({ sobject, id: change.id, deleted: change.verb === 'delete' });
  const read = creation.safeParse(answered.body);
  const id = answered.id ?? (read.success ? toRecordId(read.data.id) : undefined);
  if (id) return written({ sobject, id, deleted: false });
  if (change.verb === 'create' || answered.status === 201) return unnamed;
  const { field, value } = change;
  return written({ sobject, externalId: { field, value }, deleted: false });
}
