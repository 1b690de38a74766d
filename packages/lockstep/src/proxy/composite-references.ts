/** References from one subrequest of a composite request to the answer of an earlier one: `@{name.records[0].Id}`. */
import type { Call } from './writes-of.ts';

export interface Reference {
  name: string;
  /** Of its answer, as parsed JSON. */
  body: unknown;
}

/** The path begins with what no name has, so that a text without an end is looked through once. */
const form = /@\{([^.[\]{}]+)((?:[.[][^{}]*)?)\}/g;

/** The address with what its references stand for; undefined where one of them names nothing that is known. */
export function resolveReferences(
  { segments, query }: Pick<Call, 'segments' | 'query'>,
  known: readonly Reference[],
): Pick<Call, 'segments' | 'query'> | undefined {
  let isWhole = true;
  const resolve = (text: string) =>
    text.replace(form, (_, name: string, path: string) => {
      const value = valueAt(known.find((one) => one.name === name)?.body, path);
      isWhole &&= value !== undefined;
      return value ?? '';
    });
  const resolved = { segments: segments.map(resolve), query: resolve(query) };
  return isWhole ? resolved : undefined;
}

/** @param path  members and places, for example `.records[0].Id` */
function valueAt(body: unknown, path: string): string | undefined {
  let value = body;
  for (const [, member, place] of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    const key = member ?? Number(place);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
