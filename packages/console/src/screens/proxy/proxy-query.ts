/** What has come through the proxy: single requests in pages, and counts by hour. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { components, operations } from '../../api/schema.d.ts';

export type ProxyRequest = components['schemas']['ProxyRequest'];
type Query = NonNullable<operations['listProxyRequests']['parameters']['query']>;

export const filterNames = ['outcome', 'object', 'since'] as const;
export type ProxyFilters = Record<(typeof filterNames)[number], string>;

const pageRows = 50;

/** As the address has them. The API refuses what it does not know. */
const asQuery = (filters: ProxyFilters): Query =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));

export const proxyPagesQuery = (sync: string, filters: ProxyFilters) =>
  infiniteQueryOptions({
    queryKey: ['proxy requests', sync, filters],
    // Rows must not move while somebody looks at them.
    refetchOnWindowFocus: false,
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      bodyOf(
        api.GET('/api/v1/syncs/{sync}/proxy-requests', {
          signal,
          params: {
            path: { sync },
            query: { ...asQuery(filters), limit: pageRows, ...(pageParam !== '' && { after: pageParam }) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });

export type Range = 'day' | 'week' | 'month';
export const days: Record<Range, number> = { day: 1, week: 7, month: 30 };

export const proxyHoursQuery = (sync: string, range: Range) =>
  queryOptions({
    queryKey: ['proxy hours', sync, range],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - days[range] * 86_400_000).toISOString();
      const query = range === 'day' ? {} : { since };
      return bodyOf(
        api.GET('/api/v1/syncs/{sync}/proxy-requests/hours', { signal, params: { path: { sync }, query } }),
      );
    },
  });
