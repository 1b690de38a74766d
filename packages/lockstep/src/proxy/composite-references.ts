/** References from one subrequest of a composite request to the answer of an earlier one: `@{name.records[0].Id}`. */
import type { Call } from './writes-of.ts';

export interface Reference {
  name: string;
  /** The body of that subrequest's answer, as parsed JSON. */
  body: unknown;
}

/** A path begins with a character that no name contains, so that matching an unclosed reference takes linear time. */
const form = /@\{([^.[\]{}]+)((?:[.[][^{}]*)?)\}/g;

/** The address with its references replaced; undefined if one of them refers to an unknown value. */
export function resolveReferences(
  { segments, query }: Pick<Call, 'segments' | 'query'>,
  known: readonly Reference[],
): Pick<Call, 'segments' | 'query'> | undefined {
  let isResolved = true;
  const resolve = (text: string) =>
    text.replace(form, (_, name: string, path: string) => {
      const value = valueAt(known.find((one) => one.name === name)?.body, path);
      isResolved &&= value !== undefined;
      return value ?? '';
    });
  const resolved = { segments: segments.map(resolve), query: resolve(query) };
  return isResolved ? resolved : undefined;
}

/** @param path  members and indexes, for example `.records[0].Id` */
function valueAt(body: unknown, path: string): string | undefined {
  let value = body;
  for (const [, member, index] of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    const key = member ?? Number(index);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
