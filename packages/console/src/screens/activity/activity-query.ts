/** Pages of what has happened, and what has been added since the first of them was read. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { Activity } from '../../api/queries.ts';
import type { operations } from '../../api/schema.d.ts';

type Query = NonNullable<operations['listActivity']['parameters']['query']>;

export const filterNames = ['object', 'kind', 'code', 'since', 'until', 'only'] as const;
export type ActivityFilters = Record<(typeof filterNames)[number], string>;

/** As the address has them. The API refuses what it does not know. */
const asQuery = (filters: ActivityFilters): Query =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));

const pageRows = 50;
const newRowsMax = 500;

const readPage = (sync: string, query: Query, signal: AbortSignal) =>
  bodyOf(api.GET('/api/v1/syncs/{sync}/activity', { signal, params: { path: { sync }, query } }));
export type ActivityPage = Awaited<ReturnType<typeof readPage>>;

/** Never read again by itself: rows must not move while somebody looks at them. */
export const activityPagesQuery = (sync: string, filters: ActivityFilters) =>
  infiniteQueryOptions({
    queryKey: ['activity pages', sync, filters],
    staleTime: Infinity,
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      readPage(
        sync,
        { ...asQuery(filters), limit: pageRows, ...(pageParam !== '' && { after: pageParam }) },
        signal,
      ),
    getNextPageParam: (page) => page.next,
  });

/**
 * What matches and is newer than the newest that is shown; of an empty list, everything.
 *
 * @param occasion  read again when this changes
 */
export const newerActivityQuery = (
  sync: string,
  filters: ActivityFilters,
  newest: Activity | undefined,
  occasion: string,
) =>
  queryOptions({
    queryKey: ['newer activity', sync, JSON.stringify(filters), newest?.id ?? '', occasion],
    // So that the button stays where it is meanwhile.
    placeholderData: (page, before): ActivityPage | undefined =>
      before?.queryKey[2] === JSON.stringify(filters) ? page : undefined,
    queryFn: ({ signal }): Promise<ActivityPage> =>
      readPage(
        sync,
        { ...asQuery(filters), limit: newRowsMax, ...(newest && { newer_than: newest.id }) },
        signal,
      ),
  });
