/**
 * The composite request of up to five queries and other resources, and its answer. The answer stays text: a scanner
 * cuts each query's records out of it, so that no number passes through a JavaScript double.
 */
import { assert } from '@lockstep/foundation/assert';
import { JsonScanner, type Span } from './scan.ts';

export interface Query {
  soql: string;
  /** True uses queryAll, which also returns deleted and archived records. */
  includeDeleted: boolean;
  /** The field that the records are ordered by before their Id; null if the page's position in time does not matter. */
  timeField: string | null;
  /** Queries of the same records for further fields; their answers are joined. Salesforce refuses all in one query. */
  parts?: readonly string[];
  /** An answer that is not done and does not say where its rest is gets refused. */
  needsRest?: boolean;
  /** The `next` of an earlier page: the rest of its answer is asked for, and the query is only for the record. */
  rest?: string;
}

/** A resource that is not a query; it does not count toward the five. */
export interface Resource {
  /** Below the data path. */
  path: string;
  /** An HTTP date: the answer is 304, without a body, if the resource has not changed since then. */
  unlessChangedSince?: string | undefined;
}

/** The answer for a resource. */
export interface ResourceAnswer {
  status: number;
  errorCode: string | null;
  /** Parsed; undefined if it is not JSON. */
  body: unknown;
  /** Its `Last-Modified`, an HTTP date; null: it has none. */
  changedAt: string | null;
}

/** The records of one query, cut out of the answer. */
export interface QueryBody {
  done: boolean;
  totalSize: number;
  /** The JSON array as it came. */
  records: string;
  count: number;
  /** Text of the last record; null if there is none. */
  last: string | null;
  /** The array contains an escape that PostgreSQL may refuse. */
  isSuspect: boolean;
  /** The address of the rest, as it came. */
  nextUrl?: string;
}

interface SubAnswer {
  query: QueryBody | null;
  status: number;
  /** Empty for a query that succeeded: its text is in `query`. */
  body: string;
  /** Its headers, a JSON object; empty if there are none. */
  headers: string;
}

/** Salesforce answers at most five queries in one composite request, and 25 subrequests in all. */
export const queriesMax = 5;
const subrequestsMax = 25;

/** A reference to an earlier query's answer, for example `@{q0.records[1999].Id}`. */
export const reference = /@\{q\d\.records\[\d+\]\.\w+\}/g;

const slotName = (index: number) => `q${index}`;
const resourceName = (index: number) => `r${index}`;

export function compositeOf(
  queries: readonly Query[],
  resources: readonly Resource[],
  dataPath: string,
): string {
  const count = queries.length + resources.length;
  assert(queries.length <= queriesMax, 'a composite request takes up to five queries');
  assert(count > 0 && count <= subrequestsMax, 'a composite request takes one to 25 subrequests');
  const compositeRequest = [
    ...queries.map(({ soql, includeDeleted, rest }, index) => ({
      method: 'GET',
      url: `${dataPath}/${rest ?? `${includeDeleted ? 'queryAll' : 'query'}?q=${encodeSoql(soql)}`}`,
      referenceId: slotName(index),
    })),
    ...resources.map(({ path, unlessChangedSince: since }, index) => ({
      method: 'GET',
      url: `${dataPath}/${path}`,
      ...(since !== undefined && { httpHeaders: { 'If-Modified-Since': since } }),
      referenceId: resourceName(index),
    })),
  ];
  return JSON.stringify({ allOrNone: false, collateSubrequests: false, compositeRequest });
}

/** Percent-encodes all but references, which Salesforce looks for in the text as it was sent. */
function encodeSoql(soql: string): string {
  let encoded = '';
  let from = 0;
  for (const found of soql.matchAll(reference)) {
    encoded += encodeURIComponent(soql.slice(from, found.index)) + found[0];
    from = found.index + found[0].length;
  }
  return encoded + encodeURIComponent(soql.slice(from));
}

/**
 * The sub-answers in the order of their queries and resources.
 *
 * @throws Fault `DATA-03`: not the JSON of a composite answer with exactly these sub-answers; none of it is used
 */
export function readComposite(
  text: string,
  queryCount: number,
  resourceCount: number,
): { queries: readonly SubAnswer[]; resources: readonly SubAnswer[] } {
  const scanner = new JsonScanner(text);
  const bySlot = new Map<string, SubAnswer>();
  scanner.object((key) => {
    if (key === 'compositeResponse') scanner.array(() => readSubAnswer(scanner, bySlot));
    else scanner.value();
  });
  scanner.finish();
  if (bySlot.size !== queryCount + resourceCount) scanner.fail();
  const named = (count: number, name: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => bySlot.get(name(index)) ?? scanner.fail());
  return { queries: named(queryCount, slotName), resources: named(resourceCount, resourceName) };
}

function readSubAnswer(scanner: JsonScanner, bySlot: Map<string, SubAnswer>): void {
  let status: number | undefined;
  let slot: string | undefined;
  let body: { span: Span; query: QueryBody | null } | undefined;
  let headers: Span | undefined;
  scanner.object((key) => {
    if (key === 'httpStatusCode') status = once(scanner, status, wholeNumber);
    else if (key === 'referenceId') slot = once(scanner, slot, () => scanner.string());
    else if (key === 'body') body = once(scanner, body, readBody);
    else if (key === 'httpHeaders') headers = once(scanner, headers, () => scanner.value());
    else scanner.value();
  });
  if (status === undefined || slot === undefined || body === undefined || bySlot.has(slot))
    return scanner.fail();
  const isQuery = status === 200 && body.query !== null;
  bySlot.set(slot, {
    query: isQuery ? body.query : null,
    status,
    body: isQuery ? '' : scanner.slice(body.span),
    headers: headers ? scanner.slice(headers) : '',
  });
}

/** The status may come after the body, so the body is read as a query's answer whenever it has that form. */
function readBody(scanner: JsonScanner): { span: Span; query: QueryBody | null } {
  if (scanner.next() !== '{') return { span: scanner.value(), query: null };
  const start = scanner.at;
  let done: boolean | undefined;
  let totalSize: number | undefined;
  let nextUrl: string | undefined;
  let records: Omit<QueryBody, 'done' | 'totalSize' | 'nextUrl'> | undefined;
  scanner.object((key) => {
    if (key === 'nextRecordsUrl') nextUrl = once(scanner, nextUrl, textOrNothing);
    else if (key === 'done') done = once(scanner, done, truth);
    else if (key === 'totalSize') totalSize = once(scanner, totalSize, wholeNumber);
    else if (key === 'records') records = once(scanner, records, readRecords);
    else scanner.value();
  });
  const span = { start, end: scanner.at };
  if (done === undefined || totalSize === undefined || records === undefined) return { span, query: null };
  return { span, query: { done, totalSize, ...records, ...(nextUrl && { nextUrl }) } };
}

/** Reads a member's value; fails on a second member of the same name, because it is not clear which one counts. */
function once<T>(scanner: JsonScanner, before: T | undefined, read: (scanner: JsonScanner) => T): T {
  return before === undefined ? read(scanner) : scanner.fail();
}

function readRecords(scanner: JsonScanner): Omit<QueryBody, 'done' | 'totalSize' | 'nextUrl'> {
  let count = 0;
  let last: Span | undefined;
  scanner.metSuspectEscape = false;
  if (scanner.next() !== '[') scanner.fail();
  const start = scanner.at;
  scanner.array(() => {
    if (scanner.next() !== '{') scanner.fail();
    last = scanner.value();
    count++;
  });
  return {
    records: scanner.slice({ start, end: scanner.at }),
    count,
    last: last === undefined ? null : scanner.slice(last),
    isSuspect: scanner.metSuspectEscape,
  };
}

function wholeNumber(scanner: JsonScanner): number {
  const text = scanner.slice(scanner.value());
  return /^\d{1,15}$/.test(text) ? Number(text) : scanner.fail();
}

/** Anything but a text is nothing. */
function textOrNothing(scanner: JsonScanner): string {
  if (scanner.next() === '"') return scanner.string();
  scanner.value();
  return '';
}

function truth(scanner: JsonScanner): boolean {
  const text = scanner.slice(scanner.value());
  return text === 'true' || (text === 'false' ? false : scanner.fail());
}
