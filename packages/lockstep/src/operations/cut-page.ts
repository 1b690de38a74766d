/**
 * The page of a list of which one entry more was read than a page shows, if there is one.
 *
 * @param tokenOf  what asks for the page after one that ends with this entry
 * @param now      the database's time, in milliseconds since 1970
 */
export function cutPage<Item>(
  read: readonly Item[],
  limit: number,
  tokenOf: (last: Item) => string,
  now: number,
): { items: Item[]; next: string | null; as_of: string } {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    next: read.length > limit && last !== undefined ? tokenOf(last) : null,
    as_of: new Date(now).toISOString(),
  };
}
