/** Lists in pages: in the order of a key, from after the last one that the caller has seen. */
import { z } from 'zod';

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.string().min(1).max(400).optional().describe('`next` of the page before.'),
});

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('For the next page; null: this was the last one.'),
  });

/** @param keyOf  by which the items are sorted here, each once */
export function pageFrom<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, after }: z.infer<typeof pageQuery>,
): { items: Item[]; next: string | null } {
  const sorted = items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const last = after === undefined ? undefined : Buffer.from(after, 'base64url').toString('utf8');
  const rest = last === undefined ? sorted : sorted.filter((item) => keyOf(item) > last);
  const page = rest.slice(0, limit);
  const lastShown = page.at(-1);
  const hasMore = rest.length > page.length && lastShown !== undefined;
  return { items: page, next: hasMore ? Buffer.from(keyOf(lastShown)).toString('base64url') : null };
}
