/** Which members of a request are wrong: a refusal names each, with the reason and the next step. */
import { Fault } from './faults.ts';
import { errorKindOf, isInterruption, RequestError } from './request-error.ts';

/** Null: the error is about none of them. */
type MemberOf = (error: Fault | RequestError) => string | null;

/**
 * The error as a refusal that is about the member. What it says already of parts of the member stays about them.
 *
 * @param member  as a path: `login_url`, `objects.3`; empty for the request as a whole
 */
export function refusalOf(member: string, error: Fault | RequestError): RequestError {
  const isFault = error instanceof Fault;
  const { message, next } = error;
  const code = isFault ? error.code : error.label;
  const inner = isFault ? [] : error.errors;
  const own = { field: member, reason: message, code, next };
  const below = inner.map((one) => ({ ...one, field: [member, one.field].filter(Boolean).join('.') }));
  return new RequestError(message, {
    kind: isFault ? errorKindOf(code) : error.kind,
    next,
    label: code,
    details: isFault ? [] : error.details,
    errors: below.length > 0 ? below : [own],
  });
}

/**
 * @param member  that any failure of the work is about, or that of each failure, unless the failure says so itself
 * @throws RequestError as {@link refusalOf} for what the work refuses; anything else unchanged
 */
export async function about<Result>(
  member: string | MemberOf,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (typeof member === 'string') throw refusalOf(member, error);
    const named = error instanceof RequestError && error.errors.length > 0 ? null : member(error);
    throw named === null ? error : refusalOf(named, error);
  }
}

/**
 * All of them as one: it reads as the first, and its `errors` name everything that is wrong.
 *
 * @param refusals  those without a member are about the request as a whole
 */
export function together(
  refusals: readonly [Fault | RequestError, ...(Fault | RequestError)[]],
): RequestError {
  const all = refusals.map((error) => refusalOf('', error));
  const [first = refusalOf('', refusals[0])] = all;
  const { message, kind, next, label } = first;
  const details = all.flatMap((one) => one.details);
  return new RequestError(message, {
    kind,
    next,
    label,
    details,
    errors: all.flatMap(({ errors }) => errors),
  });
}

/**
 * Tries steps that do not need each other, one after the other, and tells everything that is wrong at once.
 *
 * @returns what each step returns
 * @throws RequestError as {@link together}; at once what is no refusal
 */
export async function tryAll<Results extends readonly unknown[]>(
  steps: {
    [Nth in keyof Results]: () => Results[Nth] | Promise<Results[Nth]>;
  },
): Promise<Results> {
  const results: unknown[] = [];
  const refusals: (Fault | RequestError)[] = [];
  for (const step of steps) {
    try {
      results.push(await step());
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusals.push(error);
    }
  }
  const [first, ...others] = refusals;
  if (first) throw together([first, ...others]);
  return results as unknown as Results;
}

const isRefusal = (error: unknown): error is Fault | RequestError =>
  error instanceof Fault || (error instanceof RequestError && !isInterruption(error));
