import type { Page } from '../../core/page.ts';

/**
 * How many rows fit on a page of a query. Salesforce sends fewer than requested if rows are wide, and does not say how
 * many: it is learnt from the pages that came, for each stream and each list of columns. Pure.
 */
export interface PageSize {
  /** How many rows a page can be expected to have. */
  rows: number;
  /** Rows of the last page that was cut; null if none was. */
  cutAt: number | null;
}

/** By the columns of a query: all of them, or those of a sweep. */
export interface PageSizes {
  full: PageSize;
  part: PageSize;
}

/** If a page is cut at another place than the one before, by its bytes, no more than this share of it is counted on. */
const safeShare = 0.9;

export const fullPageSize = (rows: number): PageSize => ({ rows, cutAt: null });

/** @param asked  the limit of the query */
export function learnPageSize(size: PageSize, asked: number, { count, done }: Page): PageSize {
  if (done) return count > size.rows ? { ...size, rows: Math.min(count, asked) } : size;
  const isSteady = size.cutAt === null || size.cutAt === count;
  const rows = isSteady ? count : Math.min(size.rows, Math.floor(safeShare * count));
  return { rows: Math.max(1, rows), cutAt: count };
}

/**
 * After a query for Ids whose answer was cut short and lacked the first Id. That record may be absent, which only a
 * complete answer proves. So half as many Ids are asked for (a query asks for twice what a page holds), then half of
 * that, until an answer is complete.
 */
export const fewerIds = (sizes: PageSizes, asked: number): PageSizes => ({
  ...sizes,
  part: { ...sizes.part, rows: Math.max(1, Math.floor(asked / 4)) },
});
