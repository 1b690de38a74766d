/** Cuts the page out of a list that a caller has asked for. */
import type { z } from 'zod';
import type { pageQuery } from '../contract/pages.ts';

/**
 * @param keyOf  by which the items are sorted here, each once
 * @param now    the database's time, in milliseconds since 1970
 */
export function pageFrom<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, after }: z.infer<typeof pageQuery>,
  now: number,
): { items: Item[]; next: string | null; as_of: string } {
  const sorted = items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const last = after === undefined ? undefined : Buffer.from(after, 'base64url').toString('utf8');
  const rest = last === undefined ? sorted : sorted.filter((item) => keyOf(item) > last);
  const page = rest.slice(0, limit);
  const lastShown = page.at(-1);
  const hasMore = rest.length > page.length && lastShown !== undefined;
  return {
    items: page,
    next: hasMore ? Buffer.from(keyOf(lastShown)).toString('base64url') : null,
    as_of: new Date(now).toISOString(),
  };
}
