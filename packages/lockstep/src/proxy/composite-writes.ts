/**
 * The composite family: which records a request with several writes names, and which of them its answer proves to have
 * been written. The subrequests of a composite request are treated like requests of their own.
 *
 * The answers say what was written. The request's body is used only for what they leave out: the sobject of an Id, and
 * what the address named.
 */
import { z } from 'zod';
import type { RecordId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import { type Reference, resolveReferences } from './composite-references.ts';
import {
  type Call,
  mayHaveWritten,
  noWrites,
  type ParsedAnswer,
  recordWritten,
  toWrittenId,
  unknownWrites,
  verbOf,
  type Written,
  writeOf,
  written,
} from './writes-of.ts';

/** A request or a subrequest, with its body as parsed JSON. */
export interface CallWithBody extends Call {
  body: unknown;
}

/** The sobject, in lower case, of an Id: empty if it is not mirrored, undefined if it is unknown. */
export type SObjectOf = (id: RecordId) => string | undefined;

/** The sobjects, in lower case, that a request may write; null if the request does not say. */
export function namedSobjects(
  call: CallWithBody,
  sobjectOf: SObjectOf,
  depth = 0,
): ReadonlySet<string> | null {
  const write = writeOf(call);
  if (write.kind === 'none') return new Set();
  if (write.kind === 'record') return isReference(write.sobject) ? null : new Set([write.sobject]);
  if (write.kind !== 'several' || depth > depthMax) return null;
  const groups = subrequestsOf(call);
  const named = groups
    ? groups.flatMap((group) => group.calls).map((sub) => namedSobjects(sub.call, sobjectOf, depth + 1))
    : [namedInRows(call, sobjectOf)];
  const all = new Set<string>();
  for (const one of named) {
    if (!one) return null;
    for (const sobject of one) all.add(sobject);
  }
  return all;
}

/** Salesforce allows one level of nested composite requests. */
const depthMax = 1;

/** A name that refers to an earlier answer can become any sobject. */
const isReference = (name: string) => name.includes('@{');

/** The records that an answer proves to have been written; for one that was written twice, its last state. */
export function provenWrites(call: CallWithBody, answered: ParsedAnswer, sobjectOf: SObjectOf): Written {
  const all = allWritten(call, answered, sobjectOf);
  return { ...all, records: [...new Map(all.records.map((record) => [nameOf(record), record])).values()] };
}

const nameOf = (record: WrittenRecord): string =>
  'id' in record
    ? `${record.sobject} ${record.id}`
    : `${record.sobject} ${record.externalId.field} ${record.externalId.value}`;

function allWritten(call: CallWithBody, answered: ParsedAnswer, sobjectOf: SObjectOf): Written {
  const write = writeOf(call);
  if (write.kind === 'record') return recordWritten(write, answered);
  if (write.kind === 'none' || !mayHaveWritten(answered)) return noWrites;
  if (write.kind !== 'several') return unknownWrites;
  const groups = subrequestsOf(call);
  if (!groups) return writtenRows(call, answered, sobjectOf);
  const parts = groups.map((group) => writtenInGroup(group, answered, sobjectOf));
  return combine(parts);
}

const combine = (parts: readonly Written[]): Written => ({
  records: parts.flatMap(({ records }) => records),
  isComplete: parts.every(({ isComplete }) => isComplete),
  missing: parts.flatMap(({ missing }) => missing),
});

/** Subrequests, with a way to find their answers. */
interface Group {
  calls: readonly { call: CallWithBody; reference: string | null }[];
  /** In the order of the calls; undefined if the answer has an unexpected form. */
  answersIn(body: unknown): readonly ParsedAnswer[] | undefined;
}

function writtenInGroup(group: Group, answered: ParsedAnswer, sobjectOf: SObjectOf): Written {
  const answers = group.answersIn(answered.body);
  if (answers?.length !== group.calls.length) return unknownWrites;
  const known: Reference[] = [];
  const parts = group.calls.map(({ call, reference }, index) => {
    const answer = answers[index] as ParsedAnswer;
    if (reference !== null) known.push({ name: reference, body: answer.body });
    const resolved = resolveReferences(call, known);
    if (resolved) return allWritten({ ...call, ...resolved }, answer, sobjectOf);
    return mayHaveWritten(answer) ? unknownWrites : noWrites;
  });
  return combine(parts);
}

const subrequest = z.object({
  method: z.string(),
  url: z.string(),
  referenceId: z.string(),
  body: z.unknown().optional(),
});
const batched = z.object({ method: z.string(), url: z.string(), richInput: z.unknown().optional() });

/** A list with more than Salesforce accepts is refused before any of it is looked at. */
const list = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(z.unknown()).max(max).pipe(z.array(item));

// REST API developer guide: 25 subrequests, in a graph 500, in 75 graphs at most; 200 records.
const recordsMax = 200;
const compositeBody = z.object({ compositeRequest: list(subrequest, 25) });
const graph = z.object({ graphId: z.string(), compositeRequest: list(subrequest, 500) });
const graphBody = z.object({ graphs: list(graph, 75) });
const batchBody = z.object({ batchRequests: list(batched, 25) });

const compositeAnswer = z.object({
  compositeResponse: z.array(
    z.object({ httpStatusCode: z.int(), referenceId: z.string(), body: z.unknown() }),
  ),
});
const graphAnswer = z.object({
  graphs: z.array(z.object({ graphId: z.string(), graphResponse: compositeAnswer })),
});
const batchAnswer = z.object({
  results: z.array(z.object({ statusCode: z.int(), result: z.unknown() })),
});

/** Undefined for requests that carry rows, and for malformed bodies, which Salesforce refuses. */
export function subrequestsOf(call: CallWithBody): Group[] | undefined {
  const kind = call.segments[4]?.toLowerCase();
  if (kind === undefined) {
    const { data } = compositeBody.safeParse(call.body);
    return data && [compositeGroup(data, (body) => body)];
  }
  if (kind === 'graph') {
    const { data } = graphBody.safeParse(call.body);
    return data?.graphs.map((graph) =>
      compositeGroup(graph, (body) => {
        const read = graphAnswer.safeParse(body);
        return read.data?.graphs.find(({ graphId }) => graphId === graph.graphId)?.graphResponse;
      }),
    );
  }
  if (kind === 'batch') {
    const { data } = batchBody.safeParse(call.body);
    return data && [batchGroup(data)];
  }
  return undefined;
}

function compositeGroup(
  { compositeRequest }: z.infer<typeof compositeBody>,
  partOf: (body: unknown) => unknown,
): Group {
  return {
    calls: compositeRequest.map(({ method, url, referenceId, body }) => ({
      call: callOf(method, url, body),
      reference: referenceId,
    })),
    answersIn(body) {
      const { data } = compositeAnswer.safeParse(partOf(body));
      const byReference = new Map(data?.compositeResponse.map((answer) => [answer.referenceId, answer]));
      const answers = compositeRequest.flatMap(({ referenceId }) => byReference.get(referenceId) ?? []);
      return answers.map((answer) => ({ status: answer.httpStatusCode, body: answer.body }));
    },
  };
}

const batchGroup = ({ batchRequests }: z.infer<typeof batchBody>): Group => ({
  calls: batchRequests.map(({ method, url, richInput }) => ({
    call: callOf(method, /^\/?v\d/.test(url) ? `/services/data/${url.replace(/^\//, '')}` : url, richInput),
    reference: null,
  })),
  answersIn: (body) =>
    batchAnswer.safeParse(body).data?.results.map(({ statusCode, result }) => ({
      status: statusCode,
      body: result,
    })),
});

function callOf(method: string, url: string, body: unknown): CallWithBody {
  const [path = '', ...query] = url.split('?');
  const segments = path.split('/').filter((segment) => segment !== '');
  return { method: method.toUpperCase(), segments: segments.map(decoded), query: query.join('?'), body };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const attributes = z.object({ type: z.string(), referenceId: z.string().optional() });
const row = z.object({ attributes: attributes.optional() });
const rowsBody = z.object({ records: list(row, recordsMax) });
const rowAnswers = z.array(z.object({ id: z.string().nullish(), success: z.boolean() }));
const treeAnswer = z.object({ results: z.array(z.object({ referenceId: z.string(), id: z.string() })) });

/** The sobjects named by the rows of a collection or a tree. */
function namedInRows(call: CallWithBody, sobjectOf: SObjectOf): ReadonlySet<string> | null {
  const [, , , , kind, sobject] = call.segments.map((segment) => segment.toLowerCase());
  if (kind === 'tree') {
    const inTree = treeTypes(call.body);
    return sobject === undefined || inTree.size === 0 ? null : new Set(inTree.values());
  }
  if (kind !== 'sobjects') return null;
  if (sobject !== undefined) return new Set([sobject]);
  const types = verbOf(call) === 'DELETE' ? deletedIds(call).map(sobjectOf) : typesOfRows(call.body);
  const isNamed = (type: string | undefined): type is string => type !== undefined && !isReference(type);
  return types.length > 0 && types.every(isNamed) ? new Set(types) : null;
}

function writtenRows(call: CallWithBody, answered: ParsedAnswer, sobjectOf: SObjectOf): Written {
  const [, , , , kind, sobject] = call.segments.map((segment) => segment.toLowerCase());
  if (kind === 'tree') return writtenTree(call, answered, sobjectOf);
  const rows = kind === 'sobjects' ? rowAnswers.safeParse(answered.body) : undefined;
  if (!rows?.success) return unknownWrites;
  const types = typesOfRows(call.body);
  const deleted = verbOf(call) === 'DELETE';
  const parts = rows.data.map(({ id, success }, index): Written => {
    if (!success) return noWrites;
    return writtenRow(id, sobject ?? types[index], deleted, sobjectOf);
  });
  return combine(parts);
}

function writtenTree(call: CallWithBody, answered: ParsedAnswer, sobjectOf: SObjectOf): Written {
  const read = treeAnswer.safeParse(answered.body);
  if (!read.success) return unknownWrites;
  const types = treeTypes(call.body);
  return combine(
    read.data.results.map(({ id, referenceId }) => writtenRow(id, types.get(referenceId), false, sobjectOf)),
  );
}

/** @param named  the sobject as the request names it */
function writtenRow(
  id: string | null | undefined,
  named: string | undefined,
  deleted: boolean,
  sobjectOf: SObjectOf,
): Written {
  const recordId = toWrittenId(id ?? '');
  const sobject = recordId && (named ?? sobjectOf(recordId));
  return sobject === undefined || recordId === undefined
    ? unknownWrites
    : written({ sobject, id: recordId, deleted });
}

/** The sobject of each row, where it gives one; empty for malformed bodies. */
const typesOfRows = (body: unknown): (string | undefined)[] =>
  rowsBody.safeParse(body).data?.records.map((one) => one.attributes?.type.toLowerCase()) ?? [];

const deletedIds = ({ query }: Call): RecordId[] =>
  (new URLSearchParams(query).get('ids') ?? '').split(',').flatMap((id) => toWrittenId(id.trim()) ?? []);

/** The sobjects of a tree by the reference ids of its records, nested ones included; empty if there are too many. */
function treeTypes(body: unknown): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  const nodes: unknown[] = [body];
  let records = 0;
  for (const node of nodes) {
    for (const record of recordsIn(node)) {
      if (++records > recordsMax) return new Map();
      const named = attributes.safeParse(record.attributes);
      if (named.data?.referenceId !== undefined)
        types.set(named.data.referenceId, named.data.type.toLowerCase());
      for (const value of Object.values(record)) if (isObject(value)) nodes.push(value);
    }
  }
  return types;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const recordsIn = (node: unknown): Record<string, unknown>[] =>
  isObject(node) && Array.isArray(node.records) ? node.records.filter(isObject) : [];
