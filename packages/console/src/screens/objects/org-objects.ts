/** What the org has that could be mirrored, and what adding some of it would make. */
import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';

type Schemas = components['schemas'];
export type OrgObject = Schemas['OrgObject'];
export type Kind = 'possible' | 'recommended' | 'standard' | 'custom' | 'not possible';

/** Each page costs a request of Salesforce or two, so it is not asked for at each key. */
export const orgObjectsQuery = (sync: string, search: string, only: Kind) =>
  infiniteQueryOptions({
    queryKey: ['org objects', sync, search, only],
    staleTime: 60_000,
    initialPageParam: '',
    placeholderData: keepPreviousData,
    queryFn: ({ signal, pageParam }) => {
      const query = {
        limit: 100,
        only,
        ...(search !== '' && { search }),
        ...(pageParam !== '' && { after: pageParam }),
      };
      return bodyOf(
        api.GET('/api/v1/syncs/{sync}/org-objects', { signal, params: { path: { sync }, query } }),
      );
    },
    getNextPageParam: ({ next }) => next,
  });

export const planObjects = (sync: string, objects: string[]) =>
  bodyOf(
    api.POST('/api/v1/syncs/{sync}/objects', {
      params: { path: { sync }, query: { dry_run: 'true' } },
      body: { objects },
    }),
  );

export const addObjects = (sync: string, objects: string[], key: string) =>
  bodyOf(
    api.POST('/api/v1/syncs/{sync}/objects', {
      params: { path: { sync }, header: { 'idempotency-key': key } },
      body: { objects },
    }),
  );

export const requestProgress = (key: string, signal: AbortSignal) =>
  bodyOf(api.GET('/api/v1/requests/{key}', { signal, params: { path: { key } } }));
