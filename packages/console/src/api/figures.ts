/** Figures about a sync and its objects that no event tells: they are read when a screen shows them, and then anew. */
import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from './client.ts';
import type { components } from './schema.d.ts';
import { noteServerTime } from './server-clock.ts';

type Schemas = components['schemas'];
export type Usage = Schemas['Usage'];
export type UsageHour = Schemas['UsageHour'];
export type Column = Schemas['Column'];
export type SetAside = Schemas['SetAside'];

const usageEveryMs = 10_000;
const hoursEveryMs = 60_000;
/** Each time costs requests of Salesforce. */
const countsEveryMs = 600_000;

export const usageQuery = (sync: string) =>
  queryOptions({
    queryKey: ['usage', sync],
    refetchInterval: usageEveryMs,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/usage', { signal, params: { path: { sync } } })),
  });

/** Of the last 24 hours. */
export const usageHoursQuery = (sync: string) =>
  queryOptions({
    queryKey: ['usage hours', sync],
    refetchInterval: hoursEveryMs,
    queryFn: async ({ signal }): Promise<UsageHour[]> => {
      const found: UsageHour[] = [];
      let after: string | null = null;
      do {
        const query: { limit: number; after?: string } = { limit: 5_000, ...(after !== null && { after }) };
        const params = { path: { sync }, query };
        const page = await bodyOf(api.GET('/api/v1/syncs/{sync}/usage/hours', { signal, params }));
        found.push(...page.items);
        after = page.next;
      } while (after !== null);
      return found;
    },
  });

export interface OrgCounts {
  /** By object. */
  records: ReadonlyMap<string, number>;
  /** In RFC 3339. */
  at: string;
}

/** How many records Salesforce estimates that the mirrored objects have: of the first 500 of them. */
export const orgCountsQuery = (sync: string) =>
  queryOptions({
    queryKey: ['org counts', sync],
    staleTime: countsEveryMs,
    refetchInterval: countsEveryMs,
    retry: false,
    queryFn: async ({ signal }): Promise<OrgCounts> => {
      const params = { path: { sync }, query: { only: 'chosen' as const, limit: 500 } };
      const page = await bodyOf(api.GET('/api/v1/syncs/{sync}/org-objects', { signal, params }));
      const records = new Map<string, number>();
      for (const one of page.items) if (one.records !== null) records.set(one.sobject, one.records);
      return { records, at: page.as_of };
    },
  });

export const columnsQuery = (sync: string, object: string) =>
  queryOptions({
    queryKey: ['columns', sync, object],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/v1/syncs/{sync}/objects/{object}/columns', {
          signal,
          params: { path: { sync, object } },
        }),
      ),
  });

/** The first 500 of them; all are counted. */
export const setAsideQuery = (sync: string, object: string) =>
  queryOptions({
    queryKey: ['set aside', sync, object],
    queryFn: async ({ signal }): Promise<SetAside> => {
      const params = { path: { sync }, query: { objects: object, limit: 500 } };
      const found = await bodyOf(api.GET('/api/v1/syncs/{sync}/set-aside', { signal, params }));
      noteServerTime(found.as_of);
      return found;
    },
  });

/** How far behind its table was in the last 24 hours. */
export const freshnessQuery = (sync: string, object: string) =>
  queryOptions({
    queryKey: ['freshness', sync, object],
    refetchInterval: hoursEveryMs,
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/v1/syncs/{sync}/freshness', { signal, params: { path: { sync }, query: { object } } }),
      ),
  });
