import { type Answer, answer } from './answer.ts';
import { refused } from './errors.ts';
import { ExactNumber, isObject, parseExact } from './exact-json.ts';

/**
 * `@{ref.id}`, `@{page.records[1999].Id}`: what an earlier subrequest of a composite answered, in a later one's URL
 * or body. In a URL it is put in after decoding, so that the `+` of a time stays one; whether Salesforce decodes
 * before or after is not documented.
 */
const reference = /@\{(\w+)((?:\.\w+|\[\d{1,6}\])*)\}/g;

export type Answers = ReadonlyMap<string, Answer>;

/** @throws {@link OrgError} for what was not answered: that subrequest fails, alone */
export const resolveText = (text: string, answers: Answers): string =>
  text.replace(reference, (_all, refId: string, path: string) => valueAt(answers, refId, path));

/** The same in every text of a JSON body. */
export function resolveBody(body: unknown, answers: Answers): unknown {
  if (typeof body === 'string') return resolveText(body, answers);
  if (Array.isArray(body)) return body.map((inner) => resolveBody(inner, answers));
  if (!isObject(body)) return body;
  return Object.fromEntries(Object.entries(body).map(([key, inner]) => [key, resolveBody(inner, answers)]));
}

function valueAt(answers: Answers, refId: string, path: string): string {
  const steps = [...path.matchAll(/\.(\w+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index));
  const given = answers.get(refId);
  const value = given && given.status < 400 ? steps.reduce(step, start(given, steps)) : undefined;
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return value.source;
  if (typeof value === 'boolean') return String(value);
  const named = steps.map((one) => (typeof one === 'number' ? `[${one}]` : one)).join('.');
  throw refused(
    'PROCESSING_HALTED',
    `Invalid reference specified. No value for ${refId}.${named} found in ${refId}`,
  );
}

function step(value: unknown, key: string | number): unknown {
  if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Of a page of records only the one that is asked for is read. */
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

/** What an all-or-none composite tells the subrequests that did not fail themselves. */
export const haltedAnswer = (): Answer =>
  answer(400, [
    {
      errorCode: 'PROCESSING_HALTED',
      message: 'The transaction was rolled back since another operation in the same transaction failed.',
    },
  ]);
