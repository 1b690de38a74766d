import type { Page } from '../../core/page.ts';

/**
 * How many rows a page of a query holds. Salesforce sends fewer than were asked for where rows are wide, and how many
 * it does not say: it is learnt from what came, for each stream and each list of columns. Pure.
 */
export interface PageSize {
  /** So many rows a page can be counted on to hold. */
  rows: number;
  /** Rows of the page that was cut last; null while none was. */
  cutAt: number | null;
}

/** By what a query selects: all columns, or those of a sweep. */
export interface PageSizes {
  full: PageSize;
  part: PageSize;
}

/** Where pages are cut at different places, by their bytes, so much of the shortest is counted on. */
const safeShare = 0.9;

export const uncut = (rows: number): PageSize => ({ rows, cutAt: null });

/** @param asked  rows that the query asked for at most */
export function learnt(size: PageSize, asked: number, { count, done }: Page): PageSize {
  if (done) return count > size.rows ? { ...size, rows: Math.min(count, asked) } : size;
  const isSteady = size.cutAt === null || size.cutAt === count;
  const rows = isSteady ? count : Math.floor(safeShare * Math.min(count, size.rows));
  return { rows: Math.max(1, rows), cutAt: count };
}

/**
 * After a cut answer to a question for Ids that did not tell of the first of them: it may be absent, and counts as such
 * in a whole answer alone. So half as many are asked for (a question asks for twice what a page holds), and half of that,
 * until all of them come.
 */
export const fewerIds = (sizes: PageSizes, asked: number): PageSizes => ({
  ...sizes,
  part: { ...sizes.part, rows: Math.max(1, Math.floor(asked / 4)) },
});
