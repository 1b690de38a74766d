import { ExactNumber, isObject, parseExact } from '@lockstep/foundation/exact-json';
import { type Answer, answer } from '../http/answer.ts';
import { refused } from '../http/errors.ts';

/**
 * `@{ref.id}`, `@{page.records[1999].Id}`: part of an earlier subrequest's answer, used in a later one's URL or body
 * in a composite. In a URL it is inserted after decoding, so that the `+` of a time is kept; whether Salesforce
 * decodes before or after is not documented. Headers cannot contain references.
 */
const reference = /@\{(\w+)((?:\.\w+|\[\d{1,6}\])*)\}/g;

export type Answers = ReadonlyMap<string, Answer>;

/** What a subrequest can refer to. */
export interface Known {
  answers: Answers;
  /** That of the request that carries the subrequests. */
  version: number;
}

/** Since this version a reference may be to a record's empty field; to one in a page of a query it never may. */
const nullsSince = 52;

/** @throws {@link OrgError} for a value that was not in an answer: only that subrequest fails */
export const resolveText = (text: string, known: Known): string =>
  text.replace(reference, (_all, refId: string, path: string) => valueAt(known, refId, path) ?? '');

/** The same for every text in a JSON body; a text that is only a reference to an empty field becomes null. */
export function resolveBody(body: unknown, known: Known): unknown {
  if (typeof body === 'string') return resolveValue(body, known);
  if (Array.isArray(body)) return body.map((inner) => resolveBody(inner, known));
  if (!isObject(body)) return body;
  return Object.fromEntries(Object.entries(body).map(([key, inner]) => [key, resolveBody(inner, known)]));
}

function resolveValue(text: string, known: Known): string | null {
  const [only, ...more] = text.matchAll(reference);
  if (!only || more.length > 0 || only[0].length < text.length) return resolveText(text, known);
  const [, refId = '', path = ''] = only;
  return valueAt(known, refId, path);
}

/** The reference ids in a text or a JSON body. */
export function referredTo(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(reference)].map(([, refId = '']) => refId);
  if (Array.isArray(value)) return value.flatMap(referredTo);
  return isObject(value) ? Object.values(value).flatMap(referredTo) : [];
}

export const referenceIdProblem = (id: string): string =>
  `Provided referenceId ('${id}') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').`;

function valueAt({ answers, version }: Known, refId: string, path: string): string | null {
  const steps = [...path.matchAll(/\.(\w+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index));
  const given = answers.get(refId);
  const value = given && given.status < 400 ? steps.reduce(step, start(given, steps)) : undefined;
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return value.source;
  if (typeof value === 'boolean') return String(value);
  if (value === null && !given?.records && version >= nullsSince) return null;
  const named = refId + path;
  throw refused(
    'PROCESSING_HALTED',
    `Invalid reference specified. No value for ${named} found in ${refId}. ${referenceIdProblem(named)}`,
  );
}

function step(value: unknown, key: string | number): unknown {
  if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Of a page of records only the requested one is parsed. */
function start({ body, records }: Answer, steps: readonly (string | number)[]): unknown {
  const [first, second] = steps;
  if (records && first === 'records') {
    const record = typeof second === 'number' ? records[second] : undefined;
    const list: unknown[] = [];
    if (record !== undefined && typeof second === 'number') list[second] = parseExact(record);
    return { records: list };
  }
  return body === null ? undefined : parseExact(body);
}

/** The answer of an all-or-none composite's subrequests that did not fail themselves. */
export const haltedAnswer = (): Answer =>
  answer(400, [
    {
      errorCode: 'PROCESSING_HALTED',
      message: 'The transaction was rolled back since another operation in the same transaction failed.',
    },
  ]);
