/** Lists come in pages: in the order of a key, from after the last one that the caller has seen. */
import { z } from 'zod';

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.string().min(1).max(400).optional().describe('`next` of the page before.'),
});

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('For the next page; null: this was the last one.'),
    as_of: asOf,
  });

/** Of every answer whose times people compare with now. */
export const asOf = z.iso.datetime().describe("The database's time of this answer.");
